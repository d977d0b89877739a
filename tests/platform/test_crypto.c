// SPDX-License-Identifier: MIT
/*
 * Known answers, and the properties the module relies on: a hash context that can be copied, GCM in
 * pieces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "platform/crypto.h"

/* SHA-384 of "abc", FIPS 180-4. */
static const uint8_t abc[SHA384_SIZE] = {
	0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b, 0xb5, 0xa0, 0x3d, 0x69,
	0x9a, 0xc6, 0x50, 0x07, 0x27, 0x2c, 0x32, 0xab, 0x0e, 0xde, 0xd1, 0x63,
	0x1a, 0x8b, 0x60, 0x5a, 0x43, 0xff, 0x5b, 0xed, 0x80, 0x86, 0x07, 0x2b,
	0xa1, 0xe7, 0xcc, 0x23, 0x58, 0xba, 0xec, 0xa1, 0x34, 0xc8, 0x25, 0xa7,
};

static void sha384_known(void **state)
{
	uint8_t digest[SHA384_SIZE];

	(void)state;
	assert_true(sha384_of("abc", 3, digest));
	assert_memory_equal(digest, abc, sizeof(abc));
}

static void sha384_context_is_plain_bytes(void **state)
{
	struct sha384 ctx, moved;
	uint8_t digest[SHA384_SIZE];

	(void)state;
	assert_true(sha384_start(&ctx));
	assert_true(sha384_add(&ctx, "a", 1));
	assert_true(sha384_value(&ctx, digest));
	memcpy(&moved, &ctx, sizeof(ctx));
	memset(&ctx, 0xff, sizeof(ctx));
	assert_true(sha384_add(&moved, "bc", 2));
	assert_true(sha384_value(&moved, digest));
	assert_memory_equal(digest, abc, sizeof(abc));
}

/* RFC 4231, test case 2. */
static void hmac_known(void **state)
{
	static const uint8_t expected[HMAC256_SIZE] = {
		0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
		0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
		0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
	};
	const char *data = "what do ya want for nothing?";
	uint8_t mac[HMAC256_SIZE];

	(void)state;
	assert_true(hmac_sha256("Jefe", 4, data, strlen(data), mac));
	assert_true(crypto_equal(mac, expected, sizeof(mac)));
	mac[31] ^= 1;
	assert_false(crypto_equal(mac, expected, sizeof(mac)));
}

/* AES-256-GCM of 16 zero bytes under a zero key and IV (the GCM specification's test case 14). */
static void gcm_known(void **state)
{
	static const uint8_t expected[16] = { 0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e,
					      0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d, 0x18 };
	static const uint8_t expected_tag[16] = { 0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0,
						  0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19 };
	uint8_t key[32] = { 0 }, iv[12] = { 0 }, text[16] = { 0 }, tag[16];
	struct gcm g = { 0 };

	(void)state;
	assert_true(gcm_start(&g, false, key, iv));
	assert_true(gcm_text(&g, text, text, 16));
	assert_true(gcm_tag(&g, tag));
	assert_memory_equal(text, expected, 16);
	assert_memory_equal(tag, expected_tag, 16);
	gcm_end(&g);
}

static void seal(struct gcm *g, const uint8_t *key, uint8_t *text, uint8_t *tag)
{
	uint8_t iv[12] = { 7 };

	assert_true(gcm_start(g, false, key, iv));
	assert_true(gcm_aad(g, "head", 4));
	assert_true(gcm_text(g, text, text, 5));
	assert_true(gcm_text(g, text + 5, text + 5, 27));
	assert_true(gcm_tag(g, tag));
}

static bool open_sealed(struct gcm *g, const uint8_t *key, uint8_t *text, uint8_t *tag)
{
	uint8_t iv[12] = { 7 };

	assert_true(gcm_start(g, true, key, iv));
	assert_true(gcm_aad(g, "he", 2));
	assert_true(gcm_aad(g, "ad", 2));
	assert_true(gcm_text(g, text, text, 32));
	return gcm_tag(g, tag);
}

static void gcm_pieces_and_bad_tag(void **state)
{
	uint8_t key[32] = { 1 }, text[32], copy[32], tag[16];
	struct gcm g = { 0 };

	(void)state;
	memset(text, 0x5a, sizeof(text));
	seal(&g, key, text, tag);
	memcpy(copy, text, sizeof(text));
	assert_true(open_sealed(&g, key, copy, tag));
	for (unsigned i = 0; i < sizeof(copy); i++)
		assert_int_equal(copy[i], 0x5a);
	memcpy(copy, text, sizeof(text));
	copy[31] ^= 0x80;
	assert_false(open_sealed(&g, key, copy, tag));
	gcm_end(&g);
}

static void gcm_with_another_key(void **state)
{
	uint8_t key[2][32] = { { 1 }, { 2 } }, text[32] = { 0 }, again[32] = { 0 }, tag[2][16];
	struct gcm g = { 0 };

	(void)state;
	seal(&g, key[0], text, tag[0]);
	seal(&g, key[1], again, tag[1]);
	assert_memory_not_equal(text, again, sizeof(text));
	assert_false(open_sealed(&g, key[0], again, tag[1]));
	assert_true(open_sealed(&g, key[0], text, tag[0]));
	gcm_end(&g);
}

/* The form that rests between calls agrees with libcrypto, however the text is cut. */
static void saved_gcm_agrees(void **state)
{
	uint8_t key[32], iv[12], text[12288], one[12288], two[12288], tag_one[16], tag_two[16];
	static const size_t cuts[] = { 16, 4096, 4080, 4096 };
	struct gcm g = { 0 };
	struct gcm_saved s, rest;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + (i >> 8));
	memset(key, 0xa7, sizeof(key));
	memset(iv, 0x31, sizeof(iv));
	assert_true(gcm_start(&g, false, key, iv) && gcm_aad(&g, "thirty-two bytes of a header ...", 32));
	assert_true(gcm_text(&g, text, one, sizeof(text)) && gcm_tag(&g, tag_one));
	gcm_end(&g);
	assert_true(gcm_saved_start(&s, key, iv, "thirty-two bytes of a header ...", 32));
	for (unsigned i = 0; i < 4; i++) {
		rest = s; /* it may be copied */
		assert_true(gcm_saved_text(&rest, false, text + at, two + at, cuts[i]));
		at += cuts[i];
		s = rest;
	}
	assert_int_equal(at, sizeof(text));
	assert_true(gcm_saved_tag(&s, tag_two));
	assert_memory_equal(one, two, sizeof(one));
	assert_memory_equal(tag_one, tag_two, 16);
	assert_true(gcm_saved_start(&s, key, iv, "thirty-two bytes of a header ...", 32));
	assert_true(gcm_saved_text(&s, true, two, two, sizeof(two)) && gcm_saved_tag(&s, tag_two));
	assert_memory_equal(two, text, sizeof(text));
	assert_memory_equal(tag_one, tag_two, 16);
}

static void saved_gcm_without_text(void **state)
{
	uint8_t key[32] = { 3 }, iv[12] = { 4 }, tag_one[16], tag_two[16];
	struct gcm g = { 0 };
	struct gcm_saved s;

	(void)state;
	assert_true(gcm_start(&g, false, key, iv) && gcm_aad(&g, "odd length", 10) && gcm_tag(&g, tag_one));
	gcm_end(&g);
	assert_true(gcm_saved_start(&s, key, iv, "odd length", 10) && gcm_saved_tag(&s, tag_two));
	assert_memory_equal(tag_one, tag_two, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha384_known),
		cmocka_unit_test(sha384_context_is_plain_bytes),
		cmocka_unit_test(hmac_known),
		cmocka_unit_test(gcm_known),
		cmocka_unit_test(gcm_pieces_and_bad_tag),
		cmocka_unit_test(gcm_with_another_key),
		cmocka_unit_test(saved_gcm_agrees),
		cmocka_unit_test(saved_gcm_without_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
