// SPDX-License-Identifier: MIT
/*
 * The ELF parser, on an executable built here field by field.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/bytes.h"
#include "formats/elf.h"

#define PHDR(n)	  (64u + 56u * (n))
#define FILE_SIZE 0x3000u

static uint8_t file[FILE_SIZE];
static struct elf elf;
static struct format_error err;

static void put_segment(uint32_t n, uint32_t flags, uint64_t offset, uint64_t addr, uint64_t filesz,
			uint64_t memsz)
{
	uint8_t *p = file + PHDR(n);

	put_le32(p, 1);
	put_le32(p + 4, flags);
	put_le64(p + 8, offset);
	put_le64(p + 16, addr + 0x100000000);
	put_le64(p + 24, addr);
	put_le64(p + 32, filesz);
	put_le64(p + 40, memsz);
}

/* Two segments, given in descending order; linked 4 GiB above where they are loaded. */
static int build(void **state)
{
	(void)state;
	memset(file, 0, sizeof(file));
	memcpy(file, "\177ELF\2\1\1", 7);
	put_le16(file + 16, 2);
	put_le16(file + 18, 62);
	put_le64(file + 24, 0x100200010);
	put_le64(file + 32, 64);
	put_le16(file + 54, 56);
	put_le16(file + 56, 2);
	put_segment(0, ELF_SEGMENT_R | ELF_SEGMENT_W, 0x2000, 0x300000, 0x1000, 0x5000);
	put_segment(1, ELF_SEGMENT_R | ELF_SEGMENT_X, 0x1000, 0x200000, 0x1000, 0x1000);
	return 0;
}

static void refused(const char *words)
{
	err.text[0] = 0;
	assert_int_equal(elf_parse(&elf, file, sizeof(file), &err), -1);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void segments_ascend(void **state)
{
	(void)state;
	assert_int_equal(elf_parse(&elf, file, sizeof(file), &err), 0);
	assert_int_equal(elf.count, 2);
	assert_int_equal(elf.segment[0].gpa, 0x200000);
	assert_int_equal(elf.segment[0].flags, ELF_SEGMENT_R | ELF_SEGMENT_X);
	assert_int_equal(elf.segment[1].offset, 0x2000);
	assert_int_equal(elf.segment[1].mem_size, 0x5000);
	assert_int_equal(elf.entry, 0x200010);
	assert_int_equal(elf_start(&elf), 0x200000);
	assert_int_equal(elf_end(&elf), 0x305000);
}

/* As Linux has it. */
static void physical_entry(void **state)
{
	(void)state;
	put_le64(file + 24, 0x200020);
	assert_int_equal(elf_parse(&elf, file, sizeof(file), &err), 0);
	assert_int_equal(elf.entry, 0x200020);
	put_le64(file + 24, 0x201000);
	refused("in no executable");
}

static void broken_fields(void **state)
{
	static const struct {
		uint32_t at, value;
		const char *words;
	} broken[] = {
		{ 0, 0x464c4500, "not an ELF file" },
		{ 4, 0x010101, "EI_CLASS is 0x1" },
		{ 4, 0x010202, "EI_DATA is 0x2" },
		{ 4, 0x020102, "EI_VERSION is 0x2" },
		{ 16, 0xb70002, "executable for another machine" },
		{ 16, 0x3e0003, "e_type is 0x3" },
		{ 16, 0x3e0001, "e_type is 0x1" },
		{ 32, 0xfffffff0, "run outside the file" },
		{ 36, 0xffffffff, "run outside the file" },
		{ 54, 0x20020, "e_phentsize is 0x20" },
		{ 54, 0x38, "e_phnum is 0x0" },
		{ 54, 0xffff0038, "run outside the file" },
		{ 24, 0x00201000, "e_entry is 0x100201000: in no executable" },
		{ 24, 0x00300000, "in no executable" },
		{ PHDR(0), 3, "dynamically linked" },
		{ PHDR(0), 2, "dynamically linked" },
		{ PHDR(0) + 8, 0x2001, "p_offset is 0x2001" },
		{ PHDR(0) + 12, 0xffffffff, "ends outside the file" },
		{ PHDR(0) + 24, 0x200fff,
		  "p_paddr is 0x200000: overlaps another PT_LOAD segment at 0x200fff" },
		{ PHDR(0) + 24, 0x1fc001, "overlaps another PT_LOAD segment" },
		{ PHDR(0) + 28, 0xffffffff, "ends beyond 2^47" },
		{ PHDR(0) + 28, 1, "PT_LOAD span" },
		{ PHDR(0) + 32, 0x5001, "more than p_memsz, 0x5000" },
		{ PHDR(0) + 44, 0x80000000, "ends beyond 2^47" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		build(NULL);
		put_le32(file + broken[i].at, broken[i].value);
		refused(broken[i].words);
	}
}

static void nothing_to_load(void **state)
{
	(void)state;
	put_le32(file + PHDR(0), 4);
	put_le32(file + PHDR(1), 4);
	refused("nothing to load");
}

static void too_many_segments(void **state)
{
	(void)state;
	put_le16(file + 56, ELF_MAX_SEGMENTS + 1);
	for (uint32_t i = 0; i <= ELF_MAX_SEGMENTS; i++)
		put_segment(i, ELF_SEGMENT_X, 0, 0x200000 + i * 0x1000, 0, 0x1000);
	refused("more than 32 PT_LOAD segments");
}

static void truncated(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(file); n += 13) {
		uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, file, n);
		assert_int_equal(elf_parse(&elf, cut, n, &err), -1);
		free(cut);
	}
}

#define CASE(f) cmocka_unit_test_setup(f, build)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(segments_ascend), CASE(physical_entry),	CASE(broken_fields),
		CASE(nothing_to_load), CASE(too_many_segments), CASE(truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
