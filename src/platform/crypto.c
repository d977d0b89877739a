// SPDX-License-Identifier: MIT
/*
 * SHA-384, HMAC-SHA256 and AES-256-GCM on libcrypto. The hash uses the low-level context, the only
 * one that is plain bytes; it is deprecated upstream but not about to go away.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "platform/crypto.h"

_Static_assert(sizeof(SHA512_CTX) == sizeof(struct sha384), "SHA-384 context");
_Static_assert(_Alignof(SHA512_CTX) <= _Alignof(struct sha384), "SHA-384 context");

bool sha384_start(struct sha384 *ctx)
{
	return SHA384_Init((SHA512_CTX *)ctx) == 1;
}

/* A context that lies in memory which others can write may hold anything: libcrypto would index by these. */
static bool sound(const struct sha384 *ctx)
{
	const SHA512_CTX *c = (const SHA512_CTX *)ctx;

	return c->num < SHA512_CBLOCK && c->md_len == SHA384_DIGEST_LENGTH;
}

bool sha384_add(struct sha384 *ctx, const void *data, size_t len)
{
	return sound(ctx) && SHA384_Update((SHA512_CTX *)ctx, data, len) == 1;
}

bool sha384_value(const struct sha384 *ctx, uint8_t digest[SHA384_SIZE])
{
	struct sha384 copy = *ctx;

	return sound(ctx) && SHA384_Final(digest, (SHA512_CTX *)&copy) == 1;
}

bool sha384_of(const void *data, size_t len, uint8_t digest[SHA384_SIZE])
{
	return SHA384(data, len, digest) != NULL;
}

bool hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
		 uint8_t mac[HMAC256_SIZE])
{
	if (key_len > INT_MAX)
		return false;
	return HMAC(EVP_sha256(), key, (int)key_len, data, len, mac, NULL) != NULL;
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

static bool gcm_begin(struct gcm *g)
{
	if (g->cipher)
		return true;
	g->cipher = EVP_CIPHER_CTX_new();
	g->keyed = false;
	/* A context keeps its cipher: the look-up costs more than a page. */
	return g->cipher && EVP_CipherInit_ex(g->cipher, EVP_aes_256_gcm(), NULL, NULL, NULL, 1) == 1;
}

bool gcm_start(struct gcm *g, bool decrypt, const uint8_t key[GCM_KEY_SIZE],
	       const uint8_t iv[GCM_IV_SIZE])
{
	bool same_key;

	if (!gcm_begin(g))
		return false;
	g->decrypt = decrypt;
	same_key = g->keyed && !memcmp(g->key, key, GCM_KEY_SIZE);
	memcpy(g->key, key, GCM_KEY_SIZE);
	g->keyed = EVP_CipherInit_ex(g->cipher, NULL, NULL, same_key ? NULL : key, iv, !decrypt) == 1;
	return g->keyed;
}

static bool gcm_pieces(struct gcm *g, const uint8_t *in, uint8_t *out, size_t len)
{
	while (len > 0) {
		int piece = len > (1u << 30) ? 1 << 30 : (int)len, done;

		if (EVP_CipherUpdate(g->cipher, out, &done, in, piece) != 1)
			return false;
		in += piece;
		out = out ? out + piece : NULL;
		len -= (size_t)piece;
	}
	return true;
}

bool gcm_aad(struct gcm *g, const void *data, size_t len)
{
	return gcm_pieces(g, data, NULL, len);
}

bool gcm_text(struct gcm *g, const void *in, void *out, size_t len)
{
	return gcm_pieces(g, in, out, len);
}

bool gcm_tag(struct gcm *g, uint8_t tag[GCM_TAG_SIZE])
{
	uint8_t rest[16];
	int done;

	if (g->decrypt &&
	    EVP_CIPHER_CTX_ctrl(g->cipher, EVP_CTRL_GCM_SET_TAG, GCM_TAG_SIZE, tag) != 1)
		return false;
	if (EVP_CipherFinal_ex(g->cipher, rest, &done) != 1)
		return false;
	return g->decrypt ||
	       EVP_CIPHER_CTX_ctrl(g->cipher, EVP_CTRL_GCM_GET_TAG, GCM_TAG_SIZE, tag) == 1;
}

void gcm_end(struct gcm *g)
{
	EVP_CIPHER_CTX_free(g->cipher);
	OPENSSL_cleanse(g->key, GCM_KEY_SIZE);
	g->cipher = NULL;
}
