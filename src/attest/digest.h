/* SPDX-License-Identifier: MIT */
/*
 * Hashes and signatures as attestation formats carry them, over libcrypto. Every function returns
 * false when libcrypto fails, also for lack of memory: a verification then does not hold.
 */
#ifndef ATTEST_DIGEST_H
#define ATTEST_DIGEST_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool digest_sha384(const void *data, size_t size, uint8_t out[48]);
bool digest_sha256(const void *data, size_t size, uint8_t out[32]);
bool digest_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
			uint8_t out[32]);

/* SHA-384(a | b), how a measurement register is extended; `out` may be `a`. */
bool digest_extend(const uint8_t a[48], const uint8_t b[48], uint8_t out[48]);

/* A P-256 public key from x | y, 32 bytes each, big-endian. NULL: no point of the curve. */
EVP_PKEY *p256_key(const uint8_t xy[64]);

/* The reverse. */
bool p256_key_bytes(EVP_PKEY *key, uint8_t xy[64]);

/* ECDSA with SHA-256; the signature is r | s, 32 bytes each, big-endian. */
bool p256_verify(EVP_PKEY *key, const uint8_t rs[64], const void *data, size_t size);
bool p256_sign(EVP_PKEY *key, const void *data, size_t size, uint8_t rs[64]);

/* Lower-case hex, with its NUL: 2 * size + 1 bytes. Returns `text`. */
char *hex_of(const void *bytes, size_t size, char *text);

/* Exactly 2 * size hex digits, either case, to bytes. */
bool hex_to(const char *text, uint8_t *bytes, size_t size);

#endif
