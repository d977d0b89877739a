// SPDX-License-Identifier: MIT
/*
 * Reads a static ELF64 x86-64 executable: file header, program headers, PT_LOAD segments.
 */
#include <stdbool.h>
#include <string.h>

#include "formats/bytes.h"
#include "formats/elf.h"

#define EHDR_SIZE 64u
#define PHDR_SIZE 56u

enum {
	EI_CLASS = 4,
	EI_DATA = 5,
	EI_VERSION = 6,
	E_TYPE = 16,
	E_MACHINE = 18,
	E_ENTRY = 24,
	E_PHOFF = 32,
	E_PHENTSIZE = 54,
	E_PHNUM = 56
};
enum {
	P_TYPE = 0,
	P_FLAGS = 4,
	P_OFFSET = 8,
	P_VADDR = 16,
	P_PADDR = 24,
	P_FILESZ = 32,
	P_MEMSZ = 40
};
enum { CLASS_64 = 2, DATA_LSB = 1, ET_EXEC = 2, EM_X86_64 = 62 };
enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3 };

static int check_ident(const uint8_t *f, size_t size, struct format_error *err)
{
	if (size < EHDR_SIZE)
		return format_fail(err, 0, "file size", size,
				   "too small for an ELF header of 64 bytes");
	if (memcmp(f, "\177ELF", 4))
		return format_fail(err, 0, "EI_MAG", get_le32(f),
				   "expected 0x464c457f: not an ELF file");
	if (f[EI_CLASS] != CLASS_64)
		return format_fail(err, EI_CLASS, "EI_CLASS", f[EI_CLASS], "expected 2, ELF64");
	if (f[EI_DATA] != DATA_LSB)
		return format_fail(err, EI_DATA, "EI_DATA", f[EI_DATA],
				   "expected 1, little endian");
	if (f[EI_VERSION] != 1)
		return format_fail(err, EI_VERSION, "EI_VERSION", f[EI_VERSION], "expected 1");
	return 0;
}

static int check_header(const uint8_t *f, size_t size, struct format_error *err)
{
	uint16_t type = get_le16(f + E_TYPE), machine = get_le16(f + E_MACHINE);
	uint16_t entsize = get_le16(f + E_PHENTSIZE), phnum = get_le16(f + E_PHNUM);
	uint64_t phoff = get_le64(f + E_PHOFF);

	if (machine != EM_X86_64)
		return format_fail(err, E_MACHINE, "e_machine", machine,
				   "expected 0x3e, x86-64: an executable for another machine");
	if (type != ET_EXEC)
		return format_fail(err, E_TYPE, "e_type", type, "expected 2, a static executable");
	if (entsize != PHDR_SIZE)
		return format_fail(err, E_PHENTSIZE, "e_phentsize", entsize, "expected 0x38");
	if (!phnum)
		return format_fail(err, E_PHNUM, "e_phnum", phnum, "expected program headers");
	if (!bytes_fit(size, phoff, (uint64_t)phnum * PHDR_SIZE))
		return format_fail(err, E_PHOFF, "e_phoff", phoff,
				   "%u program headers there run outside the file of 0x%zx bytes",
				   phnum, size);
	return 0;
}

static int read_segment(const struct elf *elf, struct elf_segment *s, uint64_t at,
			struct format_error *err)
{
	const uint8_t *p = elf->file + at;

	s->flags = get_le32(p + P_FLAGS) & 7;
	s->offset = get_le64(p + P_OFFSET);
	s->gpa = get_le64(p + P_PADDR);
	s->file_size = get_le64(p + P_FILESZ);
	s->mem_size = get_le64(p + P_MEMSZ);
	if (s->file_size > s->mem_size)
		return format_fail(err, at + P_FILESZ, "p_filesz", s->file_size,
				   "more than p_memsz, 0x%llx", (unsigned long long)s->mem_size);
	if (!bytes_fit(elf->file_size, s->offset, s->file_size))
		return format_fail(err, at + P_OFFSET, "p_offset", s->offset,
				   "with p_filesz 0x%llx it ends outside the file of 0x%zx bytes",
				   (unsigned long long)s->file_size, elf->file_size);
	if (!bytes_fit(1ull << 47, s->gpa, s->mem_size))
		return format_fail(err, at + P_PADDR, "p_paddr", s->gpa,
				   "with p_memsz 0x%llx it ends beyond 2^47",
				   (unsigned long long)s->mem_size);
	return 0;
}

/* Keeps the segments ascending; an equal or overlapping neighbour is refused. */
static int insert_segment(struct elf *elf, const struct elf_segment *s, uint64_t at,
			  struct format_error *err)
{
	uint32_t i = elf->count;

	if (elf->count == ELF_MAX_SEGMENTS)
		return format_fail(err, at, "p_type", PT_LOAD, "more than %u PT_LOAD segments",
				   ELF_MAX_SEGMENTS);
	while (i > 0 && elf->segment[i - 1].gpa > s->gpa) {
		elf->segment[i] = elf->segment[i - 1];
		i--;
	}
	elf->segment[i] = *s;
	elf->count++;
	for (uint32_t k = i ? i - 1 : 0; k < i + 1 && k + 1 < elf->count; k++) {
		const struct elf_segment *a = &elf->segment[k], *b = a + 1;

		if (ranges_overlap(a->gpa, a->mem_size, b->gpa, b->mem_size))
			return format_fail(
				err, at + P_PADDR, "p_paddr", s->gpa,
				"overlaps another PT_LOAD segment at 0x%llx",
				(unsigned long long)(b->gpa == s->gpa ? a->gpa : b->gpa));
	}
	return 0;
}

static int read_program_header(struct elf *elf, uint64_t at, struct format_error *err)
{
	uint32_t type = get_le32(elf->file + at + P_TYPE);
	struct elf_segment s;

	if (type == PT_INTERP || type == PT_DYNAMIC)
		return format_fail(err, at + P_TYPE, "p_type", type,
				   "a dynamically linked executable, expected a static one");
	if (type != PT_LOAD || !get_le64(elf->file + at + P_MEMSZ))
		return 0;
	if (read_segment(elf, &s, at, err))
		return -1;
	return insert_segment(elf, &s, at, err);
}

/* The segment whose range holds e_entry; the range begins at its address in `field`. */
static bool entry_in(struct elf *elf, unsigned field)
{
	const uint8_t *f = elf->file;
	uint64_t entry = get_le64(f + E_ENTRY), at = get_le64(f + E_PHOFF);

	for (uint16_t n = get_le16(f + E_PHNUM); n; n--, at += PHDR_SIZE) {
		uint64_t base = get_le64(f + at + field);

		if (get_le32(f + at + P_TYPE) != PT_LOAD ||
		    !(get_le32(f + at + P_FLAGS) & ELF_SEGMENT_X) || entry < base ||
		    entry - base >= get_le64(f + at + P_MEMSZ))
			continue;
		elf->entry = get_le64(f + at + P_PADDR) + (entry - base);
		return true;
	}
	return false;
}

/* e_entry is a virtual address, by the standard; Linux has the physical one there. */
static int find_entry(struct elf *elf, struct format_error *err)
{
	if (entry_in(elf, P_VADDR) || entry_in(elf, P_PADDR))
		return 0;
	return format_fail(err, E_ENTRY, "e_entry", get_le64(elf->file + E_ENTRY),
			   "in no executable PT_LOAD segment");
}

int elf_parse(struct elf *elf, const void *file, size_t size, struct format_error *err)
{
	const uint8_t *f = file;
	uint64_t at;

	memset(elf, 0, sizeof(*elf));
	elf->file = f;
	elf->file_size = size;
	if (check_ident(f, size, err) || check_header(f, size, err))
		return -1;
	at = get_le64(f + E_PHOFF);
	for (uint16_t n = get_le16(f + E_PHNUM); n; n--, at += PHDR_SIZE) {
		if (read_program_header(elf, at, err))
			return -1;
	}
	if (!elf->count)
		return format_fail(err, E_PHNUM, "e_phnum", get_le16(f + E_PHNUM),
				   "no PT_LOAD segment among them: nothing to load");
	if (elf_end(elf) - elf_start(elf) > ELF_MAX_SPAN)
		return format_fail(err, get_le64(f + E_PHOFF), "PT_LOAD span",
				   elf_end(elf) - elf_start(elf), "expected 1 GiB or less");
	return find_entry(elf, err);
}

uint64_t elf_start(const struct elf *elf)
{
	return elf->segment[0].gpa;
}

uint64_t elf_end(const struct elf *elf)
{
	const struct elf_segment *last = &elf->segment[elf->count - 1];

	return last->gpa + last->mem_size;
}
