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

/* The hash key times each polynomial of four terms, and what the terms that x^4 pushes out at the end come to. */
struct multiples {
	struct element of[16];
	uint64_t carried[16];
};

static struct element times_x(struct element e)
{
	uint64_t carry = -(e.lo & 1);

	return (struct element){ e.hi >> 1 ^ (REDUCTION & carry), e.lo >> 1 | e.hi << 63 };
}

static struct element plus(struct element a, struct element b)
{
	return (struct element){ a.hi ^ b.hi, a.lo ^ b.lo };
}

static void make_multiples(struct multiples *m, struct element h)
{
	m->of[0] = (struct element){ 0, 0 };
	for (unsigned bit = 8; bit; bit >>= 1, h = times_x(h)) {
		for (unsigned i = 0; i < 16; i += 2 * bit)
			m->of[i + bit] = plus(m->of[i], h);
	}
	for (unsigned i = 0; i < 16; i++)
		m->carried[i] = times_x(times_x(times_x(times_x((struct element){ 0, i })))).hi;
}

static struct element times(struct element x, const struct multiples *m)
{
	struct element z = { 0, 0 };

	for (unsigned i = 0; i < 32; i++) {
		unsigned terms = (unsigned)(i < 16 ? x.lo >> 4 * i : x.hi >> 4 * (i - 16)) & 15;
		uint64_t carried = m->carried[z.lo & 15];

		z = (struct element){ z.hi >> 4 ^ carried, z.lo >> 4 | z.hi << 60 };
		z = plus(z, m->of[terms]);
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

/* The hash key is the block of zeros, encrypted. */
static bool hash_key(const struct gcm_saved *g, struct multiples *m)
{
	uint8_t zero[BLOCK] = { 0 }, out[BLOCK];
	bool ok = counter_mode(g->key, zero, zero, out, BLOCK);

	make_multiples(m, load(out));
	return ok;
}

static void absorb(struct gcm_saved *g, const struct multiples *h, const uint8_t *data, size_t len)
{
	struct element y = { g->hash[0], g->hash[1] };

	while (len) {
		size_t n = len < BLOCK ? len : BLOCK;
		uint8_t block[BLOCK] = { 0 };

		memcpy(block, data, n);
		y = times(plus(y, load(block)), h);
		data += n;
		len -= n;
	}
	g->hash[0] = y.hi;
	g->hash[1] = y.lo;
}

bool gcm_saved_start(struct gcm_saved *g, const uint8_t key[GCM_KEY_SIZE], const uint8_t iv[GCM_IV_SIZE],
		     const void *aad, size_t aad_len)
{
	struct multiples h;

	memset(g, 0, sizeof(*g));
	memcpy(g->key, key, GCM_KEY_SIZE);
	memcpy(g->iv, iv, GCM_IV_SIZE);
	g->aad_len = aad_len;
	if (!hash_key(g, &h))
		return false;
	absorb(g, &h, aad, aad_len);
	return true;
}

bool gcm_saved_text(struct gcm_saved *g, bool decrypt, const void *in, void *out, size_t len)
{
	uint8_t counter[BLOCK];
	struct multiples h;

	if (!hash_key(g, &h))
		return false;
	if (decrypt)
		absorb(g, &h, in, len);
	counter_block(g, FIRST_COUNTER + g->blocks, counter);
	if (!counter_mode(g->key, counter, in, out, len))
		return false;
	if (!decrypt)
		absorb(g, &h, out, len);
	g->blocks += (uint32_t)(len / BLOCK);
	return true;
}

bool gcm_saved_tag(const struct gcm_saved *g, uint8_t tag[GCM_TAG_SIZE])
{
	struct gcm_saved end = *g;
	uint64_t bits[2] = { htobe64(g->aad_len * 8), htobe64((uint64_t)g->blocks * BLOCK * 8) };
	uint8_t counter[BLOCK];
	struct multiples h;

	if (!hash_key(g, &h))
		return false;
	absorb(&end, &h, (const uint8_t *)bits, sizeof(bits));
	bits[0] = htobe64(end.hash[0]);
	bits[1] = htobe64(end.hash[1]);
	counter_block(g, 1, counter);
	return counter_mode(g->key, counter, bits, tag, GCM_TAG_SIZE);
}
