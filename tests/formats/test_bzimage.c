// SPDX-License-Identifier: MIT
/*
 * The kernel image header, with the values of a stock distribution kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "formats/bytes.h"
#include "formats/bzimage.h"

static uint8_t file[0x6000];
static struct bzimage bz;
static struct format_error err;

static int build(void **state)
{
	(void)state;
	memset(file, 0, sizeof(file));
	file[0x1f1] = 0x27;
	put_le32(file + 0x1f4, 0x100);
	put_le16(file + 0x1fe, 0xaa55);
	file[0x201] = 0x6a;
	memcpy(file + 0x202, "HdrS", 4);
	put_le16(file + 0x206, 0x20f);
	file[0x211] = 1;
	put_le32(file + 0x22c, 0x7fffffff);
	put_le32(file + 0x230, 0x200000);
	file[0x234] = 1;
	put_le16(file + 0x236, 0x7f);
	put_le32(file + 0x238, 2047);
	put_le64(file + 0x258, 0x1000000);
	put_le32(file + 0x260, 0x37dc000);
	return 0;
}

static void stock_header(void **state)
{
	(void)state;
	assert_int_equal(bzimage_parse(&bz, file, sizeof(file), &err), 0);
	assert_int_equal(bz.kernel, 0x5000);
	assert_int_equal(bz.kernel_size, 0x1000);
	assert_int_equal(bz.header_size, 0x26c - BZIMAGE_HEADER);
	assert_int_equal(bz.init_size, 0x37dc000);
	assert_int_equal(bz.pref_address, 0x1000000);
	assert_int_equal(bz.cmdline_size, 2047);
	assert_true(bz.relocatable && bz.above_4g);
	file[0x1f1] = 0;
	assert_int_equal(bzimage_parse(&bz, file, sizeof(file), &err), 0);
	assert_int_equal(bz.kernel, 5 * 512);
}

static void broken(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *words;
	} cases[] = {
		{ 0x1fe, 0, "not a kernel image" },
		{ 0x202, 'h', "not a bzImage" },
		{ 0x206, 0x0b, "version is 0x20b" },
		{ 0x211, 0, "LOADED_HIGH" },
		{ 0x236, 0x7e, "no 64-bit entry" },
		{ 0x1f1, 0xff, "setup_sects is 0xff" },
		{ 0x1f1, 0x2f, "setup_sects is 0x2f" },
		{ 0x230, 1, "power of two" },
		{ 0x201, 0x10, "jump is 0x10" },
		{ 0x1f4, 0x01, "the file has 0x1000 bytes of that: cut off?" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build(NULL);
		file[cases[i].at] = cases[i].value;
		assert_int_equal(bzimage_parse(&bz, file, sizeof(file), &err), -1);
		if (!strstr(err.text, cases[i].words))
			fail_msg("case %zu: '%s' does not say '%s'", i, err.text, cases[i].words);
	}
	build(NULL);
	put_le32(file + 0x260, 0xfff);
	assert_int_equal(bzimage_parse(&bz, file, sizeof(file), &err), -1);
	assert_non_null(strstr(err.text, "init_size is 0xfff"));
	assert_int_equal(bzimage_parse(&bz, file, 0x267, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(stock_header, build),
		cmocka_unit_test_setup(broken, build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
