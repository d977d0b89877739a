// SPDX-License-Identifier: MIT
/*
 * Where a kernel goes in guest memory, the zero page, and the event log of a measured boot, which
 * the log's own reader reads back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "formats/boot_log.h"
#include "formats/bytes.h"
#include "formats/eventlog.h"
#include "formats/linux.h"

#define MIB (1ull << 20)

static struct linux_kernel kernel;
static struct shim_info info;
static struct linux_layout layout;
static struct linux_staging at;
static struct format_error err;

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.bz = (struct bzimage){ .header_size = 0x7b,
				      .kernel = 0x5000,
				      .pref_address = 16 * MIB,
				      .alignment = 2 * MIB,
				      .init_size = 0x37dc000,
				      .cmdline_size = 2047,
				      .relocatable = true };
	info = (struct shim_info){ .magic = SHIM_INFO_MAGIC,
				   .ram = { { 0, 512 * MIB }, { SHIM_HIGH_RAM, 64 * MIB } },
				   .kernel = { 0x1000, 0xb1d601 },
				   .initrd = { 0xb1f000, 0x123456 },
				   .acpi = { 0xd00000, 0x400 } };
	return 0;
}

static void staged_at_the_top(void **state)
{
	(void)state;
	assert_int_equal(linux_stage(&at, &info, &err), 0);
	assert_int_equal(at.initrd, 512 * MIB - 0x124000);
	assert_int_equal(at.file, at.initrd - 0xb1e000);
	info.initrd.size = 0;
	assert_int_equal(linux_stage(&at, &info, &err), 0);
	assert_int_equal(at.initrd, 512 * MIB);
}

static void refused(uint64_t *field, uint64_t value, const char *words)
{
	uint64_t before = *field;

	*field = value;
	assert_int_equal(linux_place(&layout, &kernel, &info, &err), -1);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	*field = before;
}

static void what_does_not_fit(void **state)
{
	(void)state;
	refused(&info.initrd.size, 511 * MIB, "initrd size is 0x1ff00000: does not fit");
	refused(&info.initrd.size, UINT64_MAX, "initrd size is 0xffffffffffffffff: does not fit");
	refused(&info.kernel.size, 510 * MIB, "kernel file size is 0x1fe00000: does not fit");
	refused(&info.ram[0].size, 0, "does not fit");
	refused(&info.ram[0].size, 64 * MIB, "init_size is 0x37dc000: the kernel at 0x200000");
	refused(&info.cmdline.size, 2048, "command line length is 0x800: the kernel takes 0x7ff");
	assert_int_equal(linux_place(&layout, &kernel, &info, &err), 0);
}

static void placed(void **state)
{
	(void)state;
	assert_int_equal(linux_place(&layout, &kernel, &info, &err), 0);
	assert_int_equal(layout.load, 16 * MIB);
	assert_int_equal(layout.entry, 16 * MIB + 0x200);
	info.ram[0].size = 72 * MIB; /* the preferred place is too high now */
	assert_int_equal(linux_place(&layout, &kernel, &info, &err), 0);
	assert_int_equal(layout.load, SHIM_END);
	kernel.bz.relocatable = false;
	assert_int_equal(linux_place(&layout, &kernel, &info, &err), -1);
}

static void elf_stays_where_it_is(void **state)
{
	(void)state;
	kernel.is_elf = true;
	kernel.elf = (struct elf){ .entry = 0x1000b53,
				   .count = 1,
				   .segment = { { .gpa = 16 * MIB, .mem_size = 32 * MIB } } };
	assert_int_equal(linux_place(&layout, &kernel, &info, &err), 0);
	assert_int_equal(layout.entry, 0x1000b53);
	kernel.elf.segment[0].gpa = SHIM_BASE; /* on the shim */
	assert_int_equal(linux_place(&layout, &kernel, &info, &err), -1);
	kernel.elf.segment[0].gpa = 490 * MIB; /* on the staged file */
	assert_int_equal(linux_place(&layout, &kernel, &info, &err), -1);
}

static void zero_page(void **state)
{
	static const uint64_t e820[][3] = {
		{ 0, 0xa0000, 1 },	   { 0xa0000, 0x60000, 2 },
		{ 0x100000, 0x80000, 4 },  { 0x180000, 0x20000, 3 },
		{ 0x1a0000, 0x60000, 4 },  { 0x200000, 510 * MIB, 1 },
		{ 0xffffc000, 0x4000, 2 }, { SHIM_HIGH_RAM, 64 * MIB, 1 },
	};
	static uint8_t file[0x400], page[LINUX_ZERO_PAGE_SIZE];

	(void)state;
	memset(file, 0x77, sizeof(file));
	linux_zero_page(page, &kernel, file, &info, 0x112340);
	assert_int_equal(page[0x1f0], 0);
	assert_int_equal(page[0x1f1], 0x77);
	assert_int_equal(page[0x26b], 0x77);
	assert_int_equal(page[0x26c], 0);
	assert_int_equal(page[0x210], 0xff);
	assert_int_equal(get_le64(page + 0x70), SHIM_ACPI);
	assert_int_equal(get_le32(page + 0x218), 512 * MIB - 0x124000);
	assert_int_equal(get_le32(page + 0x21c), 0x123456);
	assert_int_equal(get_le32(page + 0x228), 0x112340);
	assert_int_equal(page[0x1e8], 8);
	for (size_t i = 0; i < 8; i++) {
		const uint8_t *entry = page + 0x2d0 + 20 * i;

		assert_int_equal(get_le64(entry), e820[i][0]);
		assert_int_equal(get_le64(entry + 8), e820[i][1]);
		assert_int_equal(get_le32(entry + 16), e820[i][2]);
	}
}

static void zero_page_of_elf(void **state)
{
	static uint8_t page[LINUX_ZERO_PAGE_SIZE];

	(void)state;
	kernel.is_elf = true;
	info.ram[1].size = 0;
	info.initrd.size = 0;
	linux_zero_page(page, &kernel, NULL, &info, 0x112340);
	assert_memory_equal(page + 0x202, "HdrS\x0f\x02", 6);
	assert_int_equal(get_le32(page + 0x21c), 0);
	assert_int_equal(page[0x1e8], 7);
}

static void log_reads_back(void **state)
{
	static uint8_t bytes[1024], digest[BOOT_DIGEST_SIZE];
	struct eventlog_event event;
	struct boot_log log;
	struct eventlog read;

	(void)state;
	assert_int_equal(boot_log_begin(&log, bytes, sizeof(bytes)), 0);
	for (unsigned i = 0; i < BOOT_ITEMS; i++) {
		memset(digest, (int)(0x40 + i), sizeof(digest));
		assert_int_equal(boot_log_add(&log, i, digest), 0);
	}
	assert_int_equal(eventlog_open(&read, bytes, sizeof(bytes), &err), 0);
	for (unsigned i = 0; i < BOOT_ITEMS; i++) {
		const struct boot_event *wanted = boot_event(i);

		assert_int_equal(eventlog_next(&read, &event, &err), 1);
		assert_int_equal(event.mr, EVENTLOG_MR_RTMR0 + wanted->rtmr);
		assert_int_equal(event.type, wanted->type);
		assert_int_equal(event.sha384[47], 0x40 + i);
		assert_int_equal(event.data_size, strlen(wanted->text));
		assert_memory_equal(event.data, wanted->text, event.data_size);
	}
	assert_int_equal(eventlog_next(&read, &event, &err), 0);
	assert_int_equal(read.pos, log.used);
}

static void log_is_full(void **state)
{
	static const uint8_t digest[BOOT_DIGEST_SIZE];
	uint8_t bytes[100];
	struct boot_log log;

	(void)state;
	assert_int_equal(boot_log_begin(&log, bytes, 64), -1);
	assert_int_equal(boot_log_begin(&log, bytes, sizeof(bytes)), 0);
	assert_int_equal(boot_log_add(&log, BOOT_KERNEL, digest), -1);
}

#define CASE(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(staged_at_the_top), CASE(what_does_not_fit),     CASE(placed),
		CASE(zero_page),	 CASE(elf_stays_where_it_is), CASE(zero_page_of_elf),
		CASE(log_reads_back),	 CASE(log_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
