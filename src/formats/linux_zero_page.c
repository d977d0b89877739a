// SPDX-License-Identifier: MIT
/*
 * The zero page: what a boot loader tells Linux.
 */
#include <string.h>

#include "formats/bytes.h"
#include "formats/linux.h"

enum {
	ACPI_RSDP = 0x070,
	E820_COUNT = 0x1e8,
	BOOT_FLAG = 0x1fe,
	MAGIC = 0x202,
	VERSION = 0x206,
	LOADER = 0x210,
	LOADFLAGS = 0x211,
	RAMDISK = 0x218,
	RAMDISK_SIZE = 0x21c,
	CMDLINE = 0x228,
	E820 = 0x2d0
};

#define LOADED_HIGH	0x1u
#define UNKNOWN_LOADER	0xffu
#define PROTOCOL	0x20fu
#define E820_RAM	1u
#define E820_RESERVED	2u
#define E820_ACPI	3u /* tables: kept, and mapped as private memory */
#define E820_NVS	4u /* firmware's own: the same, never reclaimed */
#define E820_ENTRY	20u
#define LEGACY_HOLE	0xa0000ull
#define BOOT_PAGES	0xffffc000ull /* page tables and reset page, which parked vCPUs run on */
#define BOOT_PAGES_SIZE 0x4000ull

static void add_e820(uint8_t *page, uint64_t base, uint64_t end, uint32_t type)
{
	uint8_t *entry = page + E820 + page[E820_COUNT] * E820_ENTRY;

	if (end <= base)
		return;
	put_le64(entry, base);
	put_le64(entry + 8, end - base);
	put_le32(entry + 16, type);
	page[E820_COUNT]++;
}

static void fill_e820(uint8_t *page, const struct shim_info *info)
{
	const struct shim_range *low = &info->ram[0], *high = &info->ram[1];

	add_e820(page, 0, LEGACY_HOLE, E820_RAM);
	add_e820(page, LEGACY_HOLE, SHIM_BASE, E820_RESERVED);
	add_e820(page, SHIM_BASE, SHIM_ACPI, E820_NVS);
	add_e820(page, SHIM_ACPI, SHIM_ACPI + SHIM_ACPI_SIZE, E820_ACPI);
	add_e820(page, SHIM_ACPI + SHIM_ACPI_SIZE, SHIM_END, E820_NVS);
	add_e820(page, SHIM_END, low->size, E820_RAM);
	add_e820(page, BOOT_PAGES, BOOT_PAGES + BOOT_PAGES_SIZE, E820_RESERVED);
	add_e820(page, high->base, high->base + high->size, E820_RAM);
}

/* An ELF kernel brings no header; what the kernel itself looks at is the version and the magic. */
static void fill_header(uint8_t *page, const struct linux_kernel *kernel, const uint8_t *file)
{
	if (!kernel->is_elf) {
		memcpy(page + BZIMAGE_HEADER, file + BZIMAGE_HEADER, kernel->bz.header_size);
		return;
	}
	put_le16(page + BOOT_FLAG, 0xaa55);
	memcpy(page + MAGIC, "HdrS", 4);
	put_le16(page + VERSION, PROTOCOL);
	page[LOADFLAGS] = LOADED_HIGH;
}

void linux_zero_page(uint8_t page[LINUX_ZERO_PAGE_SIZE], const struct linux_kernel *kernel,
		     const uint8_t *file, const struct shim_info *info, uint64_t cmdline)
{
	struct linux_staging at;

	memset(page, 0, LINUX_ZERO_PAGE_SIZE);
	fill_header(page, kernel, file);
	page[LOADER] = UNKNOWN_LOADER;
	put_le64(page + ACPI_RSDP, info->acpi.size ? SHIM_ACPI : 0);
	put_le32(page + CMDLINE, (uint32_t)cmdline);
	if (info->initrd.size && !linux_stage(&at, info, NULL)) {
		put_le32(page + RAMDISK, (uint32_t)at.initrd);
		put_le32(page + RAMDISK_SIZE, (uint32_t)info->initrd.size);
	}
	fill_e820(page, info);
}
