// SPDX-License-Identifier: MIT
/*
 * Writes ACPI Machine Language.
 */
#include <string.h>

#include "formats/aml.h"
#include "formats/bytes.h"
#include "formats/encoding.h"

enum {
	NAME_OP = 0x08,
	BYTE_PREFIX = 0x0a,
	WORD_PREFIX = 0x0b,
	DWORD_PREFIX = 0x0c,
	QWORD_PREFIX = 0x0e,
	SCOPE_OP = 0x10,
	BUFFER_OP = 0x11,
	PACKAGE_OP = 0x12,
	EXT_OP = 0x5b,
	DEVICE_OP = 0x82
};

/* Resource descriptors. */
enum { IO = 0x47, END_TAG = 0x79, DWORD_SPACE = 0x87, WORD_SPACE = 0x88, INTERRUPT = 0x89 };
enum { SPACE_MEMORY = 0, SPACE_IO = 1, SPACE_BUS = 2 };

#define DECODE_16	     1u
#define MIN_AND_MAX_FIXED    0x0cu
#define MEMORY_READ_WRITE    0x01u
#define IO_ENTIRE_RANGE	     0x03u
#define PACKAGE_LENGTH_BYTES 2u
#define CONSUMER	     0x01u
#define EDGE_TRIGGERED	     0x02u

bool aml_overflow(const struct aml *aml)
{
	return aml->used > aml->room;
}

static void put(struct aml *aml, uint8_t byte)
{
	if (aml->used < aml->room)
		aml->bytes[aml->used] = byte;
	aml->used++;
}

static void put_le(struct aml *aml, uint64_t value, unsigned bytes)
{
	for (; bytes; bytes--, value >>= 8)
		put(aml, (uint8_t)value);
}

static void put_text(struct aml *aml, const char *text)
{
	while (*text)
		put(aml, (uint8_t)*text++);
}

void aml_integer(struct aml *aml, uint64_t value)
{
	static const struct {
		uint64_t max;
		uint8_t prefix;
		unsigned bytes;
	} forms[] = {
		{ UINT8_MAX, BYTE_PREFIX, 1 },
		{ UINT16_MAX, WORD_PREFIX, 2 },
		{ UINT32_MAX, DWORD_PREFIX, 4 },
		{ UINT64_MAX, QWORD_PREFIX, 8 },
	};
	size_t i = 0;

	if (value <= 1) { /* ZeroOp, OneOp */
		put(aml, (uint8_t)value);
		return;
	}
	while (value > forms[i].max)
		i++;
	put(aml, forms[i].prefix);
	put_le(aml, value, forms[i].bytes);
}

void aml_name(struct aml *aml, const char *name)
{
	put(aml, NAME_OP);
	put_text(aml, name);
}

void aml_name_integer(struct aml *aml, const char *name, uint64_t value)
{
	aml_name(aml, name);
	aml_integer(aml, value);
}

/* Three letters of five bits, four hexadecimal digits, the most significant byte first. */
void aml_name_eisa_id(struct aml *aml, const char *name, const char *id)
{
	uint32_t value = 0;

	for (int i = 0; i < 3; i++)
		value = value << 5 | (uint32_t)(id[i] - '@');
	for (int i = 3; i < 7; i++)
		value = value << 4 | (uint32_t)hex_digit(id[i]);
	aml_name(aml, name);
	put(aml, DWORD_PREFIX);
	for (int shift = 24; shift >= 0; shift -= 8)
		put(aml, (uint8_t)(value >> shift));
}

/* The length in its two-byte form: it counts itself; four bits, then eight. */
static size_t begin(struct aml *aml)
{
	size_t at = aml->used;

	put_le(aml, 0, PACKAGE_LENGTH_BYTES);
	return at;
}

void aml_end(struct aml *aml, size_t begun)
{
	size_t length = aml->used - begun;

	if (aml_overflow(aml))
		return;
	aml->bytes[begun] = (uint8_t)(1u << 6 | (length & 0x0f));
	aml->bytes[begun + 1] = (uint8_t)(length >> 4);
}

size_t aml_begin_scope(struct aml *aml, const char *path)
{
	size_t begun;

	put(aml, SCOPE_OP);
	begun = begin(aml);
	put_text(aml, path);
	return begun;
}

size_t aml_begin_device(struct aml *aml, const char *name)
{
	size_t begun;

	put(aml, EXT_OP);
	put(aml, DEVICE_OP);
	begun = begin(aml);
	put_text(aml, name);
	return begun;
}

size_t aml_begin_package(struct aml *aml, uint8_t elements)
{
	size_t begun;

	put(aml, PACKAGE_OP);
	begun = begin(aml);
	put(aml, elements);
	return begun;
}

struct aml_resources aml_begin_resources(struct aml *aml)
{
	struct aml_resources begun;

	aml_name(aml, "_CRS");
	put(aml, BUFFER_OP);
	begun.package = begin(aml);
	put(aml, WORD_PREFIX);
	begun.size = aml->used;
	put_le(aml, 0, 2);
	return begun;
}

void aml_end_resources(struct aml *aml, struct aml_resources begun)
{
	put(aml, END_TAG);
	put(aml, 0); /* checksum: none */
	if (!aml_overflow(aml))
		put_le16(aml->bytes + begun.size, (uint16_t)(aml->used - begun.size - 2));
	aml_end(aml, begun.package);
}

void aml_io(struct aml *aml, uint16_t port, uint8_t count)
{
	put(aml, IO);
	put(aml, DECODE_16);
	put_le(aml, port, 2);
	put_le(aml, port, 2);
	put(aml, 1); /* alignment */
	put(aml, count);
}

void aml_interrupt(struct aml *aml, uint32_t gsi)
{
	put(aml, INTERRUPT);
	put_le(aml, 6, 2);
	put(aml, CONSUMER | EDGE_TRIGGERED);
	put(aml, 1); /* of them */
	put_le(aml, gsi, 4);
}

/* An address space descriptor whose numbers have `bytes` bytes each. */
static void window(struct aml *aml, uint8_t type, uint8_t flags, uint32_t first, uint32_t last,
		   unsigned bytes)
{
	put(aml, bytes == 2 ? WORD_SPACE : DWORD_SPACE);
	put_le(aml, 3 + 5 * bytes, 2);
	put(aml, type);
	put(aml, MIN_AND_MAX_FIXED);
	put(aml, flags);
	put_le(aml, 0, bytes); /* granularity */
	put_le(aml, first, bytes);
	put_le(aml, last, bytes);
	put_le(aml, 0, bytes); /* translation */
	put_le(aml, (uint64_t)last - first + 1, bytes);
}

void aml_bus_window(struct aml *aml, uint8_t first, uint8_t last)
{
	window(aml, SPACE_BUS, 0, first, last, 2);
}

void aml_io_window(struct aml *aml, uint16_t first, uint16_t last)
{
	window(aml, SPACE_IO, IO_ENTIRE_RANGE, first, last, 2);
}

void aml_memory_window(struct aml *aml, uint32_t base, uint32_t size)
{
	window(aml, SPACE_MEMORY, MEMORY_READ_WRITE, base, base + size - 1, 4);
}
