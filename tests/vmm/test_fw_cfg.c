// SPDX-License-Identifier: MIT
/*
 * The fw_cfg device by its ports and by DMA, and what an image gives it: a driver written from
 * QEMU's specification.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "formats/bytes.h"
#include "vmm/fw_cfg.h"

#define DESCRIPTOR 0x100u
#define BUFFER	   0x1000u

static uint8_t memory[0x8000];

static int read_memory(void *opaque, uint64_t gpa, void *buffer, size_t size)
{
	(void)opaque;
	if (gpa > sizeof(memory) || size > sizeof(memory) - gpa)
		return -1;
	memcpy(buffer, memory + gpa, size);
	return 0;
}

static int write_memory(void *opaque, uint64_t gpa, const void *buffer, size_t size)
{
	(void)opaque;
	if (gpa > sizeof(memory) || size > sizeof(memory) - gpa)
		return -1;
	memcpy(memory + gpa, buffer, size);
	return 0;
}

static struct fw_cfg device;
static struct port_bus bus;
static uint8_t big[10000];

static void attach(const struct image_item *item, size_t items)
{
	static const struct virtio_memory access = { read_memory, write_memory, NULL };
	struct port_device ports = fw_cfg_device(&device);

	memset(memory, 0xee, sizeof(memory));
	memset(&bus, 0, sizeof(bus));
	fw_cfg_init(&device, item, items, &access);
	assert_int_equal(bus_add(&bus, &ports), 0);
}

static int setup(void **state)
{
	static const struct image_item items[] = { { 0, "QEMU", 4 }, { 0x11, big, sizeof(big) } };

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 + i / 256);
	attach(items, 2);
	return 0;
}

static void choose(uint16_t key)
{
	bus_out(&bus, 0x510, 2, key);
}

static uint8_t next(void)
{
	return (uint8_t)bus_in(&bus, 0x511, 1);
}

/* What the device leaves in the control word. */
static uint32_t dma(uint32_t control, uint32_t length, uint64_t address)
{
	uint8_t *d = memory + DESCRIPTOR;

	put_be32(d, control);
	put_be32(d + 4, length);
	put_be32(d + 8, (uint32_t)(address >> 32));
	put_be32(d + 12, (uint32_t)address);
	bus_out(&bus, 0x514, 4, 0);
	bus_out(&bus, 0x518, 4, __builtin_bswap32(DESCRIPTOR));
	return get_be32(d);
}

static void by_ports(void **state)
{
	(void)state;
	choose(0);
	for (const char *c = "QEMU"; *c; c++)
		assert_int_equal(next(), *c);
	assert_int_equal(next(), 0); /* beyond the end */
	choose(0);
	assert_int_equal(next(), 'Q');
	choose(0x77);
	assert_int_equal(next(), 0);
	assert_int_equal(bus_in(&bus, 0x514, 4), 0x554d4551);
	assert_int_equal(bus_in(&bus, 0x518, 4), 0x47464320);
	bus_out(&bus, 0x511, 1, 'x'); /* nothing is writable */
	choose(0);
	assert_int_equal(next(), 'Q');
}

static void by_dma(void **state)
{
	(void)state;
	assert_int_equal(dma(0x11u << 16 | 8 | 2, 5000, BUFFER), 0);
	assert_memory_equal(memory + BUFFER, big, 5000);
	assert_int_equal(memory[BUFFER + 5000], 0xee);
	assert_int_equal(dma(4, 100, 0), 0);
	assert_int_equal(dma(2, 16, BUFFER), 0);
	assert_memory_equal(memory + BUFFER, big + 5100, 16);
	assert_int_equal(next(), big[5116]); /* ports and DMA read the same item */
	assert_int_equal(dma(4, UINT32_MAX, 0), 0);
	assert_int_equal(dma(2, 16, BUFFER), 0);
	assert_int_equal(memory[BUFFER] | memory[BUFFER + 15], 0);
	assert_int_equal(dma(8, 0, 0), 0);
	assert_int_equal(next(), 'Q');
}

static void errors(void **state)
{
	(void)state;
	assert_int_equal(dma(0x11u << 16 | 8 | 2, sizeof(memory), BUFFER), 1);
	assert_int_equal(dma(2, 4, UINT64_MAX - 1), 1);
	assert_int_equal(dma(16, 4, BUFFER), 1);
	bus_out(&bus, 0x514, 4,
		0x01000000); /* a descriptor that is not in memory: nothing to tell */
	bus_out(&bus, 0x518, 4, 0);
	choose(0);
	assert_int_equal(next(), 'Q');
}

/* ---- an image's items ---- */

static uint32_t number(uint16_t key)
{
	uint8_t b[4];

	choose(key);
	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = next();
	return get_le32(b);
}

/* The file's number and size in the directory. */
static uint16_t find_file(const char *name, uint32_t *size)
{
	static uint8_t directory[4 + 64 * 8];

	assert_int_equal(dma(0x19u << 16 | 8 | 2, sizeof(directory), BUFFER), 0);
	memcpy(directory, memory + BUFFER, sizeof(directory));
	for (uint32_t i = 0; i < get_be32(directory); i++) {
		const uint8_t *entry = directory + 4 + 64 * i;

		*size = get_be32(entry);
		if (!strcmp((const char *)entry + 8, name))
			return (uint16_t)(get_be32(entry + 4) >> 16);
	}
	fail_msg("no %s", name);
	return 0;
}

static const uint8_t *file(const char *name, uint32_t *size, uint32_t at)
{
	uint16_t key = find_file(name, size);

	assert_true(*size && at + *size < sizeof(memory));
	assert_int_equal(dma((uint32_t)key << 16 | 8 | 2, *size, at), 0);
	return memory + at;
}

static uint8_t sum(const uint8_t *p, uint32_t size)
{
	uint8_t total = 0;

	while (size--)
		total = (uint8_t)(total + *p++);
	return total;
}

/* As firmware does it: pointers are moved to where the tables are, then checksums are made. */
static void run_script(const uint8_t *script, uint32_t size, uint8_t *tables, uint64_t base)
{
	assert_int_equal(size % 128, 0);
	for (const uint8_t *c = script; c < script + size; c += 128) {
		assert_string_equal((const char *)c + 4, "etc/acpi/tables");
		if (get_le32(c) == 2) {
			uint8_t *at = tables + get_le32(c + 116);

			assert_string_equal((const char *)c + 60, "etc/acpi/tables");
			assert_int_equal(c[120], 8);
			put_le64(at, get_le64(at) + base);
		} else if (get_le32(c) == 3) {
			tables[get_le32(c + 60)] =
				(uint8_t)-sum(tables + get_le32(c + 64), get_le32(c + 68));
		} else {
			assert_int_equal(get_le32(c), 1);
		}
	}
}

static const uint8_t *check_table(const uint8_t *tables, uint64_t base, uint64_t address,
				  const char *signature)
{
	const uint8_t *p = tables + (address - base);

	assert_memory_equal(p, signature, 4);
	assert_int_equal(sum(p, get_le32(p + 4)), 0);
	return p;
}

static void an_image_tells_firmware(void **state)
{
	const struct linux_files files = { .cmdline = "", .vcpus = 3 };
	const uint64_t base = 0x7f001000;
	struct vmm_image image = { 0 };
	const uint8_t *script, *fadt, *madt;
	struct vmm_error err;
	uint8_t *tables;
	uint32_t size, pointer[3], n = 0;

	(void)state;
	assert_int_equal(image_add_fw_cfg(&image, &files, &err), 0);
	attach(image.item, image.items);
	assert_int_equal(number(1), 3);
	assert_int_equal(number(5), 3);
	assert_int_equal(number(8), 0); /* no kernel */
	tables = memory + 0x2000;
	file("etc/acpi/tables", &size, 0x2000);
	script = file("etc/table-loader", &size, 0x6000);
	for (const uint8_t *c = script; c < script + size; c += 128) {
		if (get_le32(c) == 2 && n < 3)
			pointer[n++] = get_le32(c + 116);
	}
	assert_int_equal(n, 3);
	run_script(script, size, tables, base);
	check_table(tables, base, get_le64(tables + pointer[0]), "DSDT");
	fadt = check_table(tables, base, get_le64(tables + pointer[1]), "FACP");
	assert_ptr_equal(fadt + 140, tables + pointer[0]);
	madt = check_table(tables, base, get_le64(tables + pointer[2]), "APIC");
	assert_int_equal(get_le32(madt + 4), 44 + 3 * 8 + 12); /* the firmware adds the wake-up */
	image_free(&image);
}

static void only_a_bzimage(void **state)
{
	const struct linux_files files = {
		.kernel = "nothing", .kernel_size = 7, .cmdline = "", .vcpus = 1
	};
	struct vmm_image image = { 0 };
	struct vmm_error err;

	(void)state;
	assert_int_equal(image_add_fw_cfg(&image, &files, &err), -1);
	assert_non_null(strstr(err.text, "not a kernel that firmware can boot: "));
	image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(by_ports, setup), cmocka_unit_test_setup(by_dma, setup),
		cmocka_unit_test_setup(errors, setup),	 cmocka_unit_test(an_image_tells_firmware),
		cmocka_unit_test(only_a_bzimage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
