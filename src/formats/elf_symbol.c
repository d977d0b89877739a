// SPDX-License-Identifier: MIT
/*
 * The symbol table of an ELF64 file: which function an address lies in.
 */
#include <stdio.h>
#include <string.h>

#include "formats/bytes.h"
#include "formats/elf.h"

#define EHDR_SIZE   64u
#define SHDR_SIZE   64u
#define SYMBOL_SIZE 24u

enum { E_SHOFF = 40, E_SHENTSIZE = 58, E_SHNUM = 60 };
enum { SH_TYPE = 4, SH_OFFSET = 24, SH_SIZE = 32, SH_LINK = 40 };
enum { ST_NAME = 0, ST_INFO = 4, ST_VALUE = 8, ST_SIZE = 16 };
enum { SHT_SYMTAB = 2, STT_NOTYPE = 0, STT_FUNC = 2 };

/* Part of a file; what the headers say of it need not be so. */
struct part {
	const uint8_t *at;
	size_t size;
};

static bool part_of(const struct part *file, uint64_t offset, uint64_t size, struct part *out)
{
	if (offset > file->size || size > file->size - offset)
		return false;
	*out = (struct part){ file->at + offset, (size_t)size };
	return true;
}

static bool section(const struct part *headers, const struct part *file, uint64_t index,
		    struct part *out)
{
	const uint8_t *h = headers->at + index * SHDR_SIZE;

	return index < headers->size / SHDR_SIZE &&
	       part_of(file, get_le64(h + SH_OFFSET), get_le64(h + SH_SIZE), out);
}

/* The symbol table and its strings. */
static bool find_tables(const struct part *file, struct part *symbols, struct part *strings)
{
	struct part headers;

	if (file->size < EHDR_SIZE || memcmp(file->at, "\177ELF\002\001", 6) != 0 ||
	    get_le16(file->at + E_SHENTSIZE) != SHDR_SIZE ||
	    !part_of(file, get_le64(file->at + E_SHOFF),
		     (uint64_t)get_le16(file->at + E_SHNUM) * SHDR_SIZE, &headers))
		return false;
	for (size_t i = 0; i < headers.size / SHDR_SIZE; i++) {
		const uint8_t *h = headers.at + i * SHDR_SIZE;

		if (get_le32(h + SH_TYPE) == SHT_SYMTAB)
			return section(&headers, file, i, symbols) &&
			       section(&headers, file, get_le32(h + SH_LINK), strings);
	}
	return false;
}

static bool covers(const uint8_t *symbol, uint64_t address)
{
	unsigned type = symbol[ST_INFO] & 15;
	uint64_t offset = address - get_le64(symbol + ST_VALUE);

	return (type == STT_FUNC || type == STT_NOTYPE) && offset < get_le64(symbol + ST_SIZE);
}

static bool has_name(const struct part *strings, uint32_t name)
{
	return name < strings->size && strings->at[name] &&
	       memchr(strings->at + name, 0, strings->size - name);
}

bool elf_symbol_at(const void *file, size_t size, uint64_t address, char *text, size_t room)
{
	const struct part whole = { file, size };
	struct part symbols, strings;

	if (!find_tables(&whole, &symbols, &strings))
		return false;
	for (size_t at = 0; at + SYMBOL_SIZE <= symbols.size; at += SYMBOL_SIZE) {
		const uint8_t *symbol = symbols.at + at;

		if (!covers(symbol, address) || !has_name(&strings, get_le32(symbol + ST_NAME)))
			continue;
		snprintf(text, room, "%s+0x%llx", strings.at + get_le32(symbol + ST_NAME),
			 (unsigned long long)(address - get_le64(symbol + ST_VALUE)));
		return true;
	}
	return false;
}
