/* SPDX-License-Identifier: MIT */
/*
 * The one door to libcrypto for the platform and the module. Functions return false when libcrypto
 * refuses (out of memory), and then the output is unspecified.
 */
#ifndef PLATFORM_CRYPTO_H
#define PLATFORM_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA384_SIZE  48
#define HMAC256_SIZE 32
#define GCM_KEY_SIZE 32
#define GCM_IV_SIZE  12
#define GCM_TAG_SIZE 16

/*
 * A SHA-384 in progress. Plain bytes without pointers: it may be copied, moved, lie in a TD's
 * control pages and be part of a snapshot (docs/decisions/0007-sha384-context.md). It must be
 * started before use; bytes that are no such thing are refused (false).
 */
struct sha384 {
	uint64_t state[27];
};

bool sha384_start(struct sha384 *ctx);
bool sha384_add(struct sha384 *ctx, const void *data, size_t len);
/* The digest of everything added so far; the context itself is left as it was and can go on. */
bool sha384_value(const struct sha384 *ctx, uint8_t digest[SHA384_SIZE]);
bool sha384_of(const void *data, size_t len, uint8_t digest[SHA384_SIZE]);

bool hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
		 uint8_t mac[HMAC256_SIZE]);
/* Compares in constant time. */
bool crypto_equal(const void *a, const void *b, size_t len);

/*
 * AES-256-GCM with a 96-bit IV. Zero the struct before its first start; it may be started again for
 * the next message, at little cost under the same key, and is given up with gcm_end(). Additional data, then text, may be
 * added in pieces of any size; `out` may be `in`.
 */
struct gcm {
	void *cipher;
	bool decrypt, keyed;
	uint8_t key[GCM_KEY_SIZE]; /* that cipher was last started with, if keyed */
};

bool gcm_start(struct gcm *g, bool decrypt, const uint8_t key[GCM_KEY_SIZE],
	       const uint8_t iv[GCM_IV_SIZE]);
bool gcm_aad(struct gcm *g, const void *data, size_t len);
bool gcm_text(struct gcm *g, const void *in, void *out, size_t len);
/* Encrypting: writes the tag. Decrypting: compares with it; false is a tag that does not fit. */
bool gcm_tag(struct gcm *g, uint8_t tag[GCM_TAG_SIZE]);
void gcm_end(struct gcm *g);

/*
 * The same computation as plain bytes without pointers: it can rest in a TD's control pages between two calls. Slower,
 * for the few pages of a migrated state. Additional data comes at once, text in multiples of 16 bytes.
 */
struct gcm_saved {
	uint8_t key[GCM_KEY_SIZE];
	uint8_t iv[GCM_IV_SIZE];
	uint32_t blocks; /* of text so far */
	uint64_t aad_len;
	uint64_t hash[2];
};

bool gcm_saved_start(struct gcm_saved *g, const uint8_t key[GCM_KEY_SIZE], const uint8_t iv[GCM_IV_SIZE],
		     const void *aad, size_t aad_len);
bool gcm_saved_text(struct gcm_saved *g, bool decrypt, const void *in, void *out, size_t len);
bool gcm_saved_tag(const struct gcm_saved *g, uint8_t tag[GCM_TAG_SIZE]);

#endif
