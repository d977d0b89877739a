// SPDX-License-Identifier: MIT
/*
 * The TDVF parser: images with known sections, and images broken in every way the checks name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "formats/bytes.h"
#include "formats/tdvf.h"
#include "../test_file.h"

#define SECTION(n)  (0x10u + 32u * (n))
#define DATA_OFFSET 0u
#define RAW_SIZE    4u
#define GPA	    8u
#define MEM_SIZE    16u
#define TYPE	    24u
#define ATTRIBUTES  28u

/* synth_full.fd: BFV, CFV, TempMem, TempMem, TD_HOB; a fresh copy for each test to break. */
static uint8_t *full;
static size_t full_size, full_descriptor;
static struct tdvf tdvf;
static struct format_error err;

static int load(void **state)
{
	(void)state;
	full = read_in(TEST_IMAGES, "synth_full.fd", &full_size);
	if (!full || tdvf_parse(&tdvf, full, full_size, &err))
		return -1;
	full_descriptor = tdvf.descriptor;
	return 0;
}

static int unload(void **state)
{
	(void)state;
	free(full);
	return 0;
}

static uint8_t *field(uint32_t section, uint32_t at)
{
	return full + full_descriptor + SECTION(section) + at;
}

static void refused(const char *words)
{
	err.text[0] = 0;
	assert_int_equal(tdvf_parse(&tdvf, full, full_size, &err), -1);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void sections_as_known(void **state)
{
	static const struct tdvf_section want[] = {
		{ 0x2000, 0x4000, 0xffffc000, 0x4000, TDVF_BFV, TDVF_ATTR_MR_EXTEND },
		{ 0, 0x2000, 0xffffa000, 0x2000, TDVF_CFV, 0 },
		{ 0, 0, 0x810000, 0x3000, TDVF_TEMP_MEM, 0 },
		{ 0, 0, 0x80b000, 0x2000, TDVF_TEMP_MEM, 0 },
		{ 0, 0, 0x809000, 0x2000, TDVF_TD_HOB, 0 },
	};

	(void)state;
	assert_int_equal(tdvf_parse(&tdvf, full, full_size, &err), 0);
	assert_true(tdvf.by_guid);
	assert_int_equal(tdvf.count, 5);
	assert_memory_equal(tdvf.section, want, sizeof(want));
	assert_true(tdvf_is_extended(&tdvf.section[0]));
	assert_true(tdvf_is_added(&tdvf.section[4]));
	assert_false(tdvf_is_extended(&tdvf.section[4]));
	assert_ptr_equal(tdvf_find(&tdvf, TDVF_TD_HOB), &tdvf.section[4]);
	assert_null(tdvf_find(&tdvf, TDVF_PAYLOAD));
}

static void all_images_parse(void **state)
{
	static const char *const names[] = { "synth_bfv1.fd", "synth_bfv4.fd", "synth_bfv_cfv.fd",
					     "synth_two_ext.fd" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t size;
		uint8_t *image = read_in(TEST_IMAGES, names[i], &size);

		assert_non_null(image);
		assert_int_equal(tdvf_parse(&tdvf, image, size, &err), 0);
		free(image);
	}
}

static void page_contents(void **state)
{
	uint8_t room[TDVF_PAGE_SIZE], zero[TDVF_PAGE_SIZE] = { 0 };
	const uint8_t *page;

	(void)state;
	put_le32(field(1, RAW_SIZE), 0x1800);
	assert_int_equal(tdvf_parse(&tdvf, full, full_size, &err), 0);
	assert_ptr_equal(tdvf_page(&tdvf, &tdvf.section[1], 0, room), full);
	page = tdvf_page(&tdvf, &tdvf.section[1], 0x1000, room);
	assert_memory_equal(page, full + 0x1000, 0x800);
	assert_memory_equal(page + 0x800, zero, 0x800);
	page = tdvf_page(&tdvf, &tdvf.section[2], 0x2000, room);
	assert_memory_equal(page, zero, sizeof(zero));
}

static void legacy_pointer(void **state)
{
	(void)state;
	full[full_size - 0x30] ^= 1;
	refused("not a TDVF image");
	put_le32(full + full_size - 0x20, (uint32_t)full_descriptor);
	assert_int_equal(tdvf_parse(&tdvf, full, full_size, &err), 0);
	assert_false(tdvf.by_guid);
	assert_int_equal(tdvf.count, 5);
}

static void pointer_outside(void **state)
{
	uint8_t *offset = full + full_size - 0x30 - 2 - 18 - 4;

	(void)state;
	put_le32(offset, (uint32_t)full_size + 1);
	refused("points before the start of the file");
	put_le32(offset, 0xffffffff);
	refused("points before the start of the file");
	put_le32(offset, 8);
	refused("points outside the file");
	put_le32(offset, 0x20);
	refused("expected 0x46564454");
}

static void table_malformed(void **state)
{
	uint8_t *length = full + full_size - 0x30 - 2;

	(void)state;
	put_le16(length, 17);
	refused("GUIDed table length is 0x11");
	put_le16(length, 0xffff);
	refused("GUIDed table length is 0xffff");
	put_le16(length, 40);
	put_le16(length - 18, 17);
	refused("entry length is 0x11");
	put_le16(length - 18, 18);
	refused("entry length is 0x12: expected 0x16 or more");
	put_le16(length - 18, 0x100);
	refused("entry length is 0x100");
}

static void descriptor_malformed(void **state)
{
	uint8_t *d = full + full_descriptor;

	(void)state;
	put_le32(d + 12, 0);
	refused("NumberOfSectionEntry is 0x0");
	put_le32(d + 12, 65);
	refused("NumberOfSectionEntry is 0x41");
	put_le32(d + 12, 4);
	refused("Length is 0xb0: expected 0x90 for 4 sections");
	put_le32(d + 12, 5);
	put_le32(d + 8, 2);
	refused("Version is 0x2");
}

static void descriptor_runs_out(void **state)
{
	uint8_t *offset = full + full_size - 0x30 - 2 - 18 - 4, *d = full + full_size - 0x90;

	(void)state;
	put_le32(offset, 0x90);
	memcpy(d, full + full_descriptor, 16);
	refused("run past the end of the file");
}

static void section_malformed(void **state)
{
	static const struct {
		uint32_t section, at, value;
		const char *words;
	} broken[] = {
		{ 0, TYPE, 9, "section 0 (unknown) Type is 0x9" },
		{ 0, TYPE, TDVF_CFV, "no BFV among them" },
		{ 2, TYPE, TDVF_TD_HOB, "section 4 (TD_HOB) Type is 0x2: a second section" },
		{ 0, ATTRIBUTES, 4, "section 0 (BFV) Attributes is 0x4" },
		{ 0, ATTRIBUTES, 3, "section 0 (BFV) Attributes is 0x3" },
		{ 4, ATTRIBUTES, 1, "section 4 (TD_HOB) Attributes is 0x1" },
		{ 0, RAW_SIZE, 0, "section 0 (BFV) RawDataSize is 0x0" },
		{ 2, RAW_SIZE, 0x1000, "section 2 (TempMem) RawDataSize is 0x1000" },
		{ 0, RAW_SIZE, 0x4001, "ends outside the file" },
		{ 0, DATA_OFFSET, 0xfffff000, "ends outside the file" },
		{ 0, DATA_OFFSET, 0x7000, "ends outside the file" },
		{ 0, GPA, 0xffffc800, "expected 4 KiB alignment" },
		{ 0, GPA + 4, 0xfffff, "ends beyond 2^51" },
		{ 0, MEM_SIZE, 0x3000, "less than RawDataSize" },
		{ 0, MEM_SIZE, 0x4800, "expected a multiple of 4 KiB" },
		{ 2, MEM_SIZE + 4, 1, "overlaps section 0 (BFV)" },
		{ 3, MEM_SIZE, 0x6000,
		  "section 3 (TempMem) MemoryAddress is 0x80b000: overlaps section 2" },
		{ 4, GPA, 0x80a000,
		  "section 4 (TD_HOB) MemoryAddress is 0x80a000: overlaps section 3" },
		{ 1, TYPE, TDVF_TD_INFO, "section 1 (TdInfo) memory is 0x2000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		uint8_t *p = field(broken[i].section, broken[i].at), old[4];

		memcpy(old, p, 4);
		put_le32(p, broken[i].value);
		refused(broken[i].words);
		memcpy(p, old, 4);
	}
}

static void too_much_memory(void **state)
{
	(void)state;
	put_le64(field(2, GPA), 1ull << 40);
	put_le64(field(2, MEM_SIZE), 1ull << 40);
	refused("expected 4 GiB or less");
	put_le64(field(2, MEM_SIZE), 1ull << 30);
	assert_int_equal(tdvf_parse(&tdvf, full, full_size, &err), 0);
	put_le32(field(2, ATTRIBUTES), TDVF_ATTR_MR_EXTEND);
	refused("expected 512 MiB or less");
	put_le64(field(2, MEM_SIZE), 1ull << 40);
	put_le32(field(2, TYPE), TDVF_PERM_MEM);
	put_le32(field(2, ATTRIBUTES), TDVF_ATTR_PAGE_AUG);
	assert_int_equal(tdvf_parse(&tdvf, full, full_size, &err), 0);
	assert_false(tdvf_is_added(&tdvf.section[2]));
}

/* Of any type: what its attributes say is done with it. */
static void attributes_decide(void **state)
{
	(void)state;
	put_le32(field(1, ATTRIBUTES), TDVF_ATTR_PAGE_AUG);
	put_le32(field(2, ATTRIBUTES), TDVF_ATTR_MR_EXTEND);
	put_le32(field(4, ATTRIBUTES), TDVF_ATTR_PAGE_AUG);
	put_le64(field(4, GPA), 0x810000);
	assert_int_equal(tdvf_parse(&tdvf, full, full_size, &err), 0);
	assert_false(tdvf_is_added(&tdvf.section[1]));
	assert_true(tdvf_is_extended(&tdvf.section[2]));
	assert_false(tdvf_is_added(&tdvf.section[4]));
}

static void code_only_is_explained(void **state)
{
	(void)state;
	memmove(full, full + 0x2000, full_size - 0x2000);
	full_size -= 0x2000;
	refused("This is the CODE half");
	full_size += 0x2000;
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t n = 0; n < full_size; n += n < full_size - 0x500 ? 97 : 1) {
		/* Its own allocation, so that a sanitizer sees a read beyond it. */
		uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, full, n);
		assert_int_equal(tdvf_parse(&tdvf, cut, n, &err), -1);
		free(cut);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, load, unload)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(sections_as_known),
		CASE(all_images_parse),
		CASE(page_contents),
		CASE(legacy_pointer),
		CASE(pointer_outside),
		CASE(table_malformed),
		CASE(descriptor_malformed),
		CASE(descriptor_runs_out),
		CASE(section_malformed),
		CASE(too_much_memory),
		CASE(attributes_decide),
		CASE(code_only_is_explained),
		CASE(every_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
