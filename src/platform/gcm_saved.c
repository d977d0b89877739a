// SPDX-License-Identifier: MIT
/*
 * AES-256-GCM whose state is plain bytes (NIST SP 800-38D): libcrypto's counter mode and a hash of our own, since
 * libcrypto does not let the hash out half way.
 */
#include <endian.h>
#include <openssl/evp.h>
#include <string.h>
#include "platform/crypto.h"

#define BLOCK 16u
#define REDUCTION 0xe100000000000000ull /* x^128 + x^7 + x^2 + x + 1, bits reversed */
#define FIRST_COUNTER 2u                /* counter 1 masks the tag */

/* A 128-bit field element: the first bit on the wire is the top bit of hi. */
struct element {
	uint64_t hi, lo;
};

static struct element load(const uint8_t bytes[BLOCK])
{
	struct element e;

	memcpy(&e, bytes, BLOCK);
	return (struct element){ be64toh(e.hi), be64toh(e.lo) };
}

static struct element times(struct element x, struct element h)
{
	struct element z = { 0, 0 };

	for (unsigned i = 0; i < 128; i++) {
		uint64_t bit = i < 64 ? x.hi >> (63 - i) : x.lo >> (127 - i);
		uint64_t take = -(bit & 1), carry = -(h.lo & 1);

		z.hi ^= h.hi & take;
		z.lo ^= h.lo & take;
		h.lo = h.lo >> 1 | h.hi << 63;
		h.hi = h.hi >> 1 ^ (REDUCTION & carry);
	}
	return z;
}

static bool counter_mode(const uint8_t key[GCM_KEY_SIZE], const uint8_t counter[BLOCK], const void *in, void *out,
			 size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int done;
	bool ok = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, key, counter) == 1 &&
		  EVP_EncryptUpdate(ctx, out, &done, in, (int)len) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static void counter_block(const struct gcm_saved *g, uint32_t n, uint8_t out[BLOCK])
{
	n = htobe32(n);
	memcpy(out, g->iv, GCM_IV_SIZE);
	memcpy(out + GCM_IV_SIZE, &n, sizeof(n));
}

/* The hash key: the block of zeros, encrypted. */
static bool hash_key(const struct gcm_saved *g, struct element *h)
{
	uint8_t zero[BLOCK] = { 0 }, out[BLOCK];
	bool ok = counter_mode(g->key, zero, zero, out, BLOCK);

	*h = load(out);
	return ok;
}

static void absorb(struct gcm_saved *g, struct element h, const uint8_t *data, size_t len)
{
	struct element y = { g->hash[0], g->hash[1] };

	while (len) {
		size_t n = len < BLOCK ? len : BLOCK;
		uint8_t block[BLOCK] = { 0 };
		struct element x;

		memcpy(block, data, n);
		x = load(block);
		y = times((struct element){ y.hi ^ x.hi, y.lo ^ x.lo }, h);
		data += n;
		len -= n;
	}
	g->hash[0] = y.hi;
	g->hash[1] = y.lo;
}

bool gcm_saved_start(struct gcm_saved *g, const uint8_t key[GCM_KEY_SIZE], const uint8_t iv[GCM_IV_SIZE],
		     const void *aad, size_t aad_len)
{
	struct element h;

	memset(g, 0, sizeof(*g));
	memcpy(g->key, key, GCM_KEY_SIZE);
	memcpy(g->iv, iv, GCM_IV_SIZE);
	g->aad_len = aad_len;
	if (!hash_key(g, &h))
		return false;
	absorb(g, h, aad, aad_len);
	return true;
}

bool gcm_saved_text(struct gcm_saved *g, bool decrypt, const void *in, void *out, size_t len)
{
	uint8_t counter[BLOCK];
	struct element h;

	if (!hash_key(g, &h))
		return false;
	if (decrypt)
		absorb(g, h, in, len);
	counter_block(g, FIRST_COUNTER + g->blocks, counter);
	if (!counter_mode(g->key, counter, in, out, len))
		return false;
	if (!decrypt)
		absorb(g, h, out, len);
	g->blocks += (uint32_t)(len / BLOCK);
	return true;
}

bool gcm_saved_tag(const struct gcm_saved *g, uint8_t tag[GCM_TAG_SIZE])
{
	struct gcm_saved end = *g;
	uint64_t bits[2] = { htobe64(g->aad_len * 8), htobe64((uint64_t)g->blocks * BLOCK * 8) };
	uint8_t counter[BLOCK];
	struct element h;

	if (!hash_key(g, &h))
		return false;
	absorb(&end, h, (const uint8_t *)bits, sizeof(bits));
	bits[0] = htobe64(end.hash[0]);
	bits[1] = htobe64(end.hash[1]);
	counter_block(g, 1, counter);
	return counter_mode(g->key, counter, bits, tag, GCM_TAG_SIZE);
}
