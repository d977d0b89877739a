// SPDX-License-Identifier: MIT
/*
 * What firmware reads from the fw_cfg device: the kernel, its command line and initial RAM disk,
 * the number of processors, and ACPI tables with a script that puts their addresses in.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/acpi.h"
#include "formats/bytes.h"
#include "formats/bzimage.h"
#include "vmm/board.h"
#include "vmm/fw_cfg.h"

/* Items by number. */
enum {
	KEY_SIGNATURE = 0x00,
	KEY_FEATURES = 0x01,
	KEY_CPUS = 0x05,
	KEY_KERNEL_SIZE = 0x08,
	KEY_INITRD_SIZE = 0x0b,
	KEY_KERNEL = 0x11,
	KEY_INITRD = 0x12,
	KEY_CMDLINE_SIZE = 0x14,
	KEY_CMDLINE = 0x15,
	KEY_DIRECTORY = 0x19,
};

#define FEATURE_PORTS 1u
#define FEATURE_DMA   2u

/* Items with a name, of which the directory tells. */
enum { FIRST_FILE = 0x20, ENTRY_KEY = 4, ENTRY_NAME = 8, ENTRY_SIZE = 64, FILES = 2 };

/* Commands of the script: a kind, names of files of 56 bytes, numbers. */
enum { ALLOCATE = 1, ADD_POINTER = 2, ADD_CHECKSUM = 3, NAME_SIZE = 56, COMMAND_SIZE = 128 };
enum { ALLOCATE_ALIGNMENT = 60, ALLOCATE_ZONE = 64, ZONE_HIGH = 1 };
enum { POINTER_TO = 60, POINTER_AT = 116, POINTER_SIZE = 120 };
enum { CHECKSUM_AT = 60, CHECKSUM_FROM = 64, CHECKSUM_LENGTH = 68 };

#define TABLES	    "etc/acpi/tables"
#define SCRIPT	    "etc/table-loader"
#define TABLES_SIZE 8192u
#define POINTERS    3u /* to DSDT, FADT, MADT */

struct firmware_boot {
	uint8_t features[4], cpus[2], kernel_size[4], initrd_size[4], cmdline_size[4];
	uint8_t directory[4 + FILES * ENTRY_SIZE];
	uint8_t tables[TABLES_SIZE];
	uint8_t script[(2 + POINTERS) * COMMAND_SIZE];
	size_t script_size;
};

static void add(struct vmm_image *image, uint16_t key, const void *bytes, size_t size)
{
	image->item[image->items++] = (struct image_item){ key, bytes, size };
}

/* One whose size has a number of its own. */
static void add_sized(struct vmm_image *image, uint16_t key, const void *bytes, size_t size,
		      uint16_t size_key, uint8_t size_bytes[4])
{
	put_le32(size_bytes, (uint32_t)size);
	add(image, size_key, size_bytes, 4);
	add(image, key, bytes, size);
}

static void add_kernel(struct vmm_image *image, struct firmware_boot *boot,
		       const struct linux_files *files)
{
	add_sized(image, KEY_KERNEL, files->kernel, files->kernel_size, KEY_KERNEL_SIZE,
		  boot->kernel_size);
	add_sized(image, KEY_INITRD, files->initrd, files->initrd_size, KEY_INITRD_SIZE,
		  boot->initrd_size);
	add_sized(image, KEY_CMDLINE, files->cmdline, strlen(files->cmdline) + 1, KEY_CMDLINE_SIZE,
		  boot->cmdline_size);
}

static void add_file(struct vmm_image *image, struct firmware_boot *boot, const char *name,
		     const void *bytes, size_t size)
{
	unsigned files = get_be32(boot->directory);
	uint8_t *entry = boot->directory + 4 + files * ENTRY_SIZE;
	uint16_t key = (uint16_t)(FIRST_FILE + files);

	put_be32(boot->directory, files + 1);
	put_be32(entry, (uint32_t)size);
	put_be32(entry + ENTRY_KEY, (uint32_t)key << 16);
	memcpy(entry + ENTRY_NAME, name, strlen(name));
	add(image, key, bytes, size);
}

/* ---- ACPI ---- */

static uint8_t *command(struct firmware_boot *boot, uint32_t kind)
{
	uint8_t *c = boot->script + boot->script_size;

	boot->script_size += COMMAND_SIZE;
	put_le32(c, kind);
	memcpy(c + 4, TABLES, strlen(TABLES));
	return c;
}

/* The firmware installs each table that a pointer leads to, if its checksum is right by then. */
static void write_script(struct firmware_boot *boot)
{
	const struct acpi_fadt fadt = acpi_fadt(boot->tables);
	uint8_t *c = command(boot, ALLOCATE);
	uint32_t at;

	put_le32(c + ALLOCATE_ALIGNMENT, 64);
	c[ALLOCATE_ZONE] = ZONE_HIGH;
	for (unsigned i = 0; i < POINTERS && (at = acpi_pointer(boot->tables, i)); i++) {
		c = command(boot, ADD_POINTER);
		memcpy(c + POINTER_TO, TABLES, strlen(TABLES));
		put_le32(c + POINTER_AT, at);
		c[POINTER_SIZE] = 8;
	}
	boot->tables[fadt.checksum] = 0;
	c = command(boot, ADD_CHECKSUM);
	put_le32(c + CHECKSUM_AT, fadt.checksum);
	put_le32(c + CHECKSUM_FROM, fadt.at);
	put_le32(c + CHECKSUM_LENGTH, fadt.length);
}

/* The firmware adds to them how the other processors are woken. */
static void add_acpi(struct vmm_image *image, struct firmware_boot *boot, unsigned vcpus)
{
	size_t size = board_acpi(&(struct acpi_config){ .cpus = vcpus }, boot->tables, TABLES_SIZE);

	write_script(boot);
	add_file(image, boot, TABLES, boot->tables, size);
	add_file(image, boot, SCRIPT, boot->script, boot->script_size);
}

int image_add_fw_cfg(struct vmm_image *image, const struct linux_files *files,
		     struct vmm_error *err)
{
	struct firmware_boot *boot = calloc(1, sizeof(*boot));
	struct format_error bad;
	struct bzimage bz;

	if (!boot)
		return vmm_fail(err, "out of memory");
	image->firmware = boot;
	if (files->kernel && bzimage_parse(&bz, files->kernel, files->kernel_size, &bad))
		return vmm_fail(err, "not a kernel that firmware can boot: %s", bad.text);
	put_le32(boot->features, FEATURE_PORTS | FEATURE_DMA);
	put_le16(boot->cpus, (uint16_t)files->vcpus);
	add(image, KEY_SIGNATURE, "QEMU", 4);
	add(image, KEY_FEATURES, boot->features, sizeof(boot->features));
	add(image, KEY_CPUS, boot->cpus, sizeof(boot->cpus));
	add(image, KEY_DIRECTORY, boot->directory, sizeof(boot->directory));
	add_acpi(image, boot, files->vcpus);
	if (files->kernel)
		add_kernel(image, boot, files);
	return 0;
}
