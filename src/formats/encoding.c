// SPDX-License-Identifier: MIT
/*
 * Finds out whether bytes are hex or base64, and decodes them.
 */
#include <stdbool.h>
#include <string.h>

#include "formats/encoding.h"

#define MIN_DIGITS 64u

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

struct alphabet {
	int (*digit)(char c);
	unsigned bits;	/* of a digit */
	uint8_t filler; /* at the end, any number; 0: none */
};

static const struct alphabet hex = { hex_digit, 4, 0 };
static const struct alphabet base64 = { base64_digit, 6, '=' };

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* How many digits there are; 0: too few, or there is something else. */
static size_t count_digits(const struct alphabet *a, const uint8_t *text, size_t size)
{
	size_t digits = 0;
	bool filled = false;

	for (size_t i = 0; i < size; i++) {
		if (is_space(text[i]))
			continue;
		if (a->filler && text[i] == a->filler)
			filled = true;
		else if (filled || a->digit((char)text[i]) < 0)
			return 0;
		else
			digits++;
	}
	return digits < MIN_DIGITS ? 0 : digits;
}

/* Bits that are left over at the end are padding. */
static size_t decode(const struct alphabet *a, const uint8_t *text, size_t size, uint8_t *out)
{
	uint32_t kept = 0;
	unsigned bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		int digit = a->digit((char)text[i]);

		if (digit < 0)
			continue;
		kept = kept << a->bits | (uint32_t)digit;
		bits += a->bits;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(kept >> bits);
		}
	}
	return n;
}

/* A dash is a digit of base64's second alphabet. */
static bool is_pem(const uint8_t *text, size_t size)
{
	static const char start[] = "-----";

	return size >= sizeof(start) - 1 && !memcmp(text, start, sizeof(start) - 1);
}

static size_t skip_hex_prefix(const uint8_t *text, size_t size)
{
	size_t at = 0;

	while (at < size && is_space(text[at]))
		at++;
	return size - at > 2 && text[at] == '0' && (text[at + 1] | 0x20) == 'x' ? at + 2 : at;
}

enum encoding encoding_decode(uint8_t *bytes, size_t *size)
{
	size_t at = skip_hex_prefix(bytes, *size);

	if (count_digits(&hex, bytes + at, *size - at)) {
		*size = decode(&hex, bytes + at, *size - at, bytes);
		return ENCODING_HEX;
	}
	if (!is_pem(bytes, *size) && count_digits(&base64, bytes, *size)) {
		*size = decode(&base64, bytes, *size, bytes);
		return ENCODING_BASE64;
	}
	return ENCODING_NONE;
}

const char *encoding_name(enum encoding encoding)
{
	static const char *const names[] = { NULL, "hex", "base64" };

	return names[encoding];
}
