// SPDX-License-Identifier: MIT
/*
 * Hashes and P-256 signatures over libcrypto.
 */
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <string.h>

#include "attest/digest.h"
#include "formats/encoding.h"

/* DER of {r, s}: at most 2 + 2 * (2 + 33) bytes. */
#define DER_MAX 72

bool digest_sha384(const void *data, size_t size, uint8_t out[48])
{
	return EVP_Digest(data, size, out, NULL, EVP_sha384(), NULL) == 1;
}

bool digest_sha256(const void *data, size_t size, uint8_t out[32])
{
	return EVP_Digest(data, size, out, NULL, EVP_sha256(), NULL) == 1;
}

bool digest_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
			uint8_t out[32])
{
	return HMAC(EVP_sha256(), key, (int)key_size, data, size, out, NULL) != NULL;
}

bool digest_extend(const uint8_t a[48], const uint8_t b[48], uint8_t out[48])
{
	uint8_t both[96];

	memcpy(both, a, 48);
	memcpy(both + 48, b, 48);
	return digest_sha384(both, sizeof(both), out);
}

EVP_PKEY *p256_key(const uint8_t xy[64])
{
	uint8_t point[65] = { 4 };
	char group[] = "prime256v1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	memcpy(point + 1, xy, 64);
	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

bool p256_key_bytes(EVP_PKEY *key, uint8_t xy[64])
{
	uint8_t point[65];
	size_t size = 0;

	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
					    &size) != 1 ||
	    size != 65 || point[0] != 4)
		return false;
	memcpy(xy, point + 1, 64);
	return true;
}

/* r | s to the DER form that EVP takes. Returns its size, 0 on failure. */
static size_t signature_to_der(const uint8_t rs[64], uint8_t der[DER_MAX])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(rs, 32, NULL), *s = BN_bin2bn(rs + 32, 32, NULL);
	int size = 0;

	if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
		size = i2d_ECDSA_SIG(sig, &der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(sig);
	return size > 0 ? (size_t)size : 0;
}

bool p256_verify(EVP_PKEY *key, const uint8_t rs[64], const void *data, size_t size)
{
	uint8_t der[DER_MAX];
	size_t der_size = signature_to_der(rs, der);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = key && ctx && der_size &&
		    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestVerify(ctx, der, der_size, data, size) == 1;

	EVP_MD_CTX_free(ctx);
	return good;
}

static bool signature_from_der(const uint8_t *der, size_t size, uint8_t rs[64])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)size);
	bool good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32) == 32 &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32) == 32;

	ECDSA_SIG_free(sig);
	return good;
}

bool p256_sign(EVP_PKEY *key, const void *data, size_t size, uint8_t rs[64])
{
	uint8_t der[DER_MAX];
	size_t der_size = sizeof(der);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestSign(ctx, der, &der_size, data, size) == 1 &&
		    signature_from_der(der, der_size, rs);

	EVP_MD_CTX_free(ctx);
	return good;
}

char *hex_of(const void *bytes, size_t size, char *text)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;

	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[p[i] >> 4];
		text[2 * i + 1] = digits[p[i] & 15];
	}
	text[2 * size] = 0;
	return text;
}

bool hex_to(const char *text, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit(text[2 * i]), low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return !text[2 * size];
}
