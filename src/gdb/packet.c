// SPDX-License-Identifier: MIT
/*
 * Framing, checksums, escapes and hex of the remote serial protocol.
 */
#include "gdb/packet.h"

#include <string.h>

#define ESCAPE	   '}'
#define ESCAPE_XOR 0x20

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* ---- in ---- */

static enum gdb_input between(struct gdb_in *in, uint8_t byte)
{
	switch (byte) {
	case '$':
		in->state = GDB_IN_DATA;
		in->size = 0;
		in->sum = in->sum_digits = 0;
		return GDB_INPUT_MORE;
	case 3: return GDB_INPUT_INTERRUPT;
	case '-': return GDB_INPUT_REPEAT;
	default: return GDB_INPUT_MORE;
	}
}

static enum gdb_input data(struct gdb_in *in, uint8_t byte)
{
	if (byte == '#' && in->state == GDB_IN_DATA) {
		in->state = GDB_IN_SUM;
		return GDB_INPUT_MORE;
	}
	in->sum = (uint8_t)(in->sum + byte);
	if (byte == ESCAPE && in->state == GDB_IN_DATA) {
		in->state = GDB_IN_ESCAPE;
		return GDB_INPUT_MORE;
	}
	if (in->size == GDB_PACKET_MAX)
		return GDB_INPUT_TOO_LONG;
	in->data[in->size++] = (char)(in->state == GDB_IN_ESCAPE ? byte ^ ESCAPE_XOR : byte);
	in->state = GDB_IN_DATA;
	return GDB_INPUT_MORE;
}

static enum gdb_input checksum(struct gdb_in *in, uint8_t byte)
{
	int high, low;

	in->digits[in->sum_digits++] = (char)byte;
	if (in->sum_digits < 2)
		return GDB_INPUT_MORE;
	in->state = GDB_IN_BETWEEN;
	in->data[in->size] = 0;
	high = hex_value(in->digits[0]);
	low = hex_value(in->digits[1]);
	return in->ignore_sum || (high >= 0 && low >= 0 && high * 16 + low == in->sum)
		       ? GDB_INPUT_PACKET
		       : GDB_INPUT_DAMAGED;
}

enum gdb_input gdb_in_take(struct gdb_in *in, uint8_t byte)
{
	switch (in->state) {
	case GDB_IN_BETWEEN: return between(in, byte);
	case GDB_IN_SUM: return checksum(in, byte);
	default: return data(in, byte);
	}
}

/* ---- text ---- */

bool gdb_text_empty(const struct gdb_text *t)
{
	return t->at == t->end;
}

bool gdb_take(struct gdb_text *t, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0)
		return false;
	t->at += n;
	return true;
}

bool gdb_take_number(struct gdb_text *t, uint64_t *number)
{
	const char *at = t->at;
	uint64_t value = 0;

	while (at < t->end && hex_value(*at) >= 0) {
		if (value >> 60)
			return false;
		value = value << 4 | (uint64_t)hex_value(*at++);
	}
	if (at == t->at)
		return false;
	t->at = at;
	*number = value;
	return true;
}

bool gdb_take_bytes(struct gdb_text *t, uint8_t *bytes, size_t n)
{
	if ((size_t)(t->end - t->at) / 2 < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(t->at[2 * i]), low = hex_value(t->at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	t->at += 2 * n;
	return true;
}

/* ---- out ---- */

static void put(struct gdb_out *out, char c)
{
	if (out->size < sizeof(out->data) - 3) /* the checksum always fits */
		out->data[out->size++] = c;
}

static void put_hex_byte(struct gdb_out *out, uint8_t byte)
{
	static const char digits[] = "0123456789abcdef";

	put(out, digits[byte >> 4]);
	put(out, digits[byte & 15]);
}

void gdb_out_begin(struct gdb_out *out)
{
	out->size = 0;
	put(out, '$');
}

void gdb_out_text(struct gdb_out *out, const char *text)
{
	gdb_out_binary(out, text, strlen(text));
}

void gdb_out_number(struct gdb_out *out, uint64_t number)
{
	unsigned shift = 56;

	while (shift && !(number >> shift))
		shift -= 8;
	for (;; shift -= 8) {
		put_hex_byte(out, (uint8_t)(number >> shift));
		if (!shift)
			return;
	}
}

void gdb_out_hex(struct gdb_out *out, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_hex_byte(out, ((const uint8_t *)bytes)[i]);
}

void gdb_out_binary(struct gdb_out *out, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = ((const char *)bytes)[i];

		if (c == '#' || c == '$' || c == '*' || c == ESCAPE) {
			put(out, ESCAPE);
			c ^= ESCAPE_XOR;
		}
		put(out, c);
	}
}

void gdb_out_end(struct gdb_out *out)
{
	uint8_t sum = 0;

	for (size_t i = 1; i < out->size; i++)
		sum = (uint8_t)(sum + (uint8_t)out->data[i]);
	out->data[out->size++] = '#';
	out->size += 2;
	out->data[out->size - 2] = "0123456789abcdef"[sum >> 4];
	out->data[out->size - 1] = "0123456789abcdef"[sum & 15];
}
