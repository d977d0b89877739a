// SPDX-License-Identifier: MIT
/*
 * Text that stands for bytes: what is decoded, and what is left alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "formats/encoding.h"

/* In base64 both of its alphabets show in them. */
static const uint8_t bytes[49] = { 0xfb, 0xff, 0xbf, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x3e, 0x3f };

static void decodes(const char *text, enum encoding encoding, size_t size)
{
	char copy[256];
	size_t length = strlen(text);

	memcpy(copy, text, length + 1);
	assert_int_equal(encoding_decode((uint8_t *)copy, &length), encoding);
	assert_int_equal(length, size);
	assert_memory_equal(copy, bytes, size);
}

static void hex_in_any_dress(void **state)
{
	char lower[128] = "", upper[128] = "", lines[256] = " 0x";

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		sprintf(lower + 2 * i, "%02x", bytes[i]);
		sprintf(upper + 2 * i, "%02X", bytes[i]);
		sprintf(lines + strlen(lines), "%02x%s", bytes[i], i % 16 == 15 ? "\r\n" : "");
	}
	decodes(lower, ENCODING_HEX, sizeof(bytes));
	decodes(upper, ENCODING_HEX, sizeof(bytes));
	decodes(lines, ENCODING_HEX, sizeof(bytes));
}

static void base64_in_both_alphabets(void **state)
{
	(void)state;
	decodes("+/+/AQIDBAUGBwgJPj8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ENCODING_BASE64,
		48);
	decodes("+_+_AQIDBAUGBwgJPj8AAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n",
		ENCODING_BASE64, 49);
	decodes("-/-/AQIDBAUGBwgJPj8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		ENCODING_BASE64, 49);
}

static void stays(const char *text)
{
	char copy[256];
	size_t length = strlen(text), size = length;

	memcpy(copy, text, length + 1);
	assert_int_equal(encoding_decode((uint8_t *)copy, &size), ENCODING_NONE);
	assert_int_equal(size, length);
	assert_memory_equal(copy, text, length);
}

static void what_is_no_such_text(void **state)
{
	(void)state;
	stays("");
	stays("0x");
	stays("abcd");
	stays("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde");
	stays("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\x81");
	stays("0123456789abcdef0123456789abcdef=0123456789abcdef0123456789abcdef");
	stays("-----BEGIN CERTIFICATE-----\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	      "-----END CERTIFICATE-----\n");
	stays("{\"signature\": \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_in_any_dress),
		cmocka_unit_test(base64_in_both_alphabets),
		cmocka_unit_test(what_is_no_such_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
