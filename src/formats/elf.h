/* SPDX-License-Identifier: MIT */
/*
 * Static ELF64 x86-64 executables (System V gABI, AMD64 supplement): the bare guests that a VMM
 * loads without firmware. Physical addresses (p_paddr) are guest physical addresses.
 */
#ifndef FORMATS_ELF_H
#define FORMATS_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

#define ELF_MAX_SEGMENTS 32u

/* All loadable segments together, from the lowest address to the highest. */
#define ELF_MAX_SPAN (1ull << 30)

#define ELF_SEGMENT_X 0x1u
#define ELF_SEGMENT_W 0x2u
#define ELF_SEGMENT_R 0x4u

/* A PT_LOAD segment. */
struct elf_segment {
	uint64_t offset;    /* of its contents in the file */
	uint64_t file_size; /* bytes of contents; the rest up to mem_size is zero */
	uint64_t gpa;	    /* p_paddr */
	uint64_t mem_size;  /* at least file_size, never 0 */
	uint32_t flags;	    /* ELF_SEGMENT_* */
};

struct elf {
	const uint8_t *file; /* the caller's; must outlive this structure */
	size_t file_size;
	uint64_t entry; /* physical address of the entry point (e_entry is virtual or physical); inside an executable segment */
	uint32_t count;
	struct elf_segment segment[ELF_MAX_SEGMENTS]; /* ascending by address, no overlap */
};

/* Reads and validates an executable. After success every segment is safe to copy from the file. */
int elf_parse(struct elf *elf, const void *file, size_t size, struct format_error *err);

/* Lowest address of any segment, and the address after the highest. */
uint64_t elf_start(const struct elf *elf);
uint64_t elf_end(const struct elf *elf);

/*
 * The function of the file's symbol table that holds a linear address, as "name+0x12" (may be cut).
 * False: none does, or this is no ELF file with such a table. Any bytes will do.
 */
bool elf_symbol_at(const void *file, size_t size, uint64_t address, char *text, size_t room);

#endif
