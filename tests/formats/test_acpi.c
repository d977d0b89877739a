// SPDX-License-Identifier: MIT
/*
 * ACPI tables: found from the RSDP on, their checksums, what the MADT and the FADT say. With a
 * folder as argument, writes the tables there, one file each, for a disassembler to read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/acpi.h"
#include "formats/bytes.h"
#include "formats/eventlog.h"

#define BASE 0x180000ull
#define ROOM 0x2000u

static uint8_t tables[ROOM];
static const struct acpi_config config = {
	.base = BASE,
	.cpus = 3,
	.mailbox = 0x17f000,
	.log_base = 0x1a0000,
	.log_size = 0x10000,
	.sleep_control = 0x60c,
	.sleep_status = 0x60d,
	.reset = 0xcf9,
	.reset_value = 6,
	.ioapic = 0xfec00000,
	.serial = 0x3f8,
	.serial_gsi = 4,
	.rtc = 0x70,
	.pci_config = 0xcf8,
	.pci_base = 0xc0000000,
	.pci_size = 0x20000000,
};

static uint8_t sum(const uint8_t *p, size_t size)
{
	uint8_t total = 0;

	while (size--)
		total = (uint8_t)(total + *p++);
	return total;
}

static const uint8_t *at(uint64_t gpa)
{
	assert_in_range(gpa, BASE, BASE + ROOM - 36);
	return tables + (gpa - BASE);
}

static const uint8_t *checked(uint64_t gpa)
{
	const uint8_t *p = at(gpa);

	assert_in_range(get_le32(p + 4), 36, (uint64_t)(tables + ROOM - p));
	assert_int_equal(sum(p, get_le32(p + 4)), 0);
	return p;
}

/* The table with this signature; the DSDT is the FADT's. */
static const uint8_t *find(const char *signature)
{
	const uint8_t *xsdt = checked(get_le64(tables + 24));

	if (!memcmp(signature, "DSDT", 4))
		return checked(get_le64(find("FACP") + 140));
	for (size_t i = 36; i < get_le32(xsdt + 4); i += 8) {
		const uint8_t *p = checked(get_le64(xsdt + i));

		if (!memcmp(p, signature, 4))
			return p;
	}
	fail_msg("no table %s", signature);
	return NULL;
}

static int build(void **state)
{
	(void)state;
	assert_in_range(acpi_build(&config, tables, ROOM), 500, ROOM);
	return 0;
}

static void root(void **state)
{
	(void)state;
	assert_memory_equal(tables, "RSD PTR ", 8);
	assert_int_equal(sum(tables, 20), 0);
	assert_int_equal(sum(tables, 36), 0);
	assert_memory_equal(find("DSDT"), "DSDT", 4);
}

static void processors(void **state)
{
	static const uint8_t ioapic[12] = { 1, 12, 0, 0, 0, 0, 0xc0, 0xfe };
	const uint8_t *p = find("APIC"), *wake_up = p + get_le32(p + 4) - 16;

	(void)state;
	assert_int_equal(get_le32(p + 40), 0); /* no 8259 */
	for (uint8_t i = 0; i < 3; i++) {
		const uint8_t entry[8] = { 0, 8, i, i, 1 };

		assert_memory_equal(p + 44 + 8 * i, entry, 8);
	}
	assert_memory_equal(p + 44 + 3 * 8, ioapic, sizeof(ioapic));
	assert_ptr_equal(wake_up, p + 44 + 3 * 8 + sizeof(ioapic));
	assert_int_equal(get_le16(wake_up), 16 | 16 << 8);
	assert_int_equal(get_le64(wake_up + 8), 0x17f000);
}

static void power(void **state)
{
	static const uint8_t sleep_control[12] = { 1, 8, 0, 1, 0x0c, 0x06 };
	const uint8_t *p = find("FACP");

	(void)state;
	assert_true(get_le32(p + 112) & 1u << 20); /* HW_REDUCED_ACPI */
	assert_true(get_le32(p + 112) & 1u << 10); /* RESET_REG_SUP */
	assert_int_equal(get_le64(p + 116 + 4), 0xcf9);
	assert_int_equal(p[128], 6);
	assert_memory_equal(p + 244, sleep_control, 12);
	assert_int_equal(get_le64(p + 256 + 4), 0x60d);
}

static void event_log(void **state)
{
	struct format_error err;
	struct ccel ccel;

	(void)state;
	assert_int_equal(ccel_parse(&ccel, find("CCEL"), CCEL_SIZE, &err), 0);
	assert_int_equal(ccel.log_gpa, 0x1a0000);
	assert_int_equal(ccel.log_size, 0x10000);
}

/* In every room that is too small, nothing beyond it is written (a sanitizer sees it). */
static void small_rooms(void **state)
{
	size_t size = acpi_build(&config, tables, ROOM);
	struct acpi_config many = config;

	(void)state;
	for (size_t room = 0; room < size; room++) {
		uint8_t *small = malloc(room + 1);

		memset(small, 0x5a, room + 1);
		assert_int_equal(acpi_build(&config, small, room), 0);
		assert_int_equal(small[room], 0x5a);
		free(small);
	}
	many.cpus = 256;
	assert_int_equal(acpi_build(&many, tables, ROOM), 0);
	many.cpus = 255;
	assert_in_range(acpi_build(&many, tables, ROOM), size, ROOM);
}

static int write_tables(const char *folder)
{
	static const char *const names[] = { "DSDT", "FACP", "APIC", "CCEL" };

	build(NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const uint8_t *p = find(names[i]);
		char path[512];
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s.aml", folder, names[i]);
		f = fopen(path, "wb");
		if (!f || fwrite(p, 1, get_le32(p + 4), f) != get_le32(p + 4) || fclose(f))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(root, build),
		cmocka_unit_test_setup(processors, build),
		cmocka_unit_test_setup(power, build),
		cmocka_unit_test_setup(event_log, build),
		cmocka_unit_test_setup(small_rooms, build),
	};

	return argc > 1 ? write_tables(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
