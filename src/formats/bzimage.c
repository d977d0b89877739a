// SPDX-License-Identifier: MIT
/*
 * Reads the header of a Linux x86 kernel image.
 */
#include <string.h>

#include "formats/bytes.h"
#include "formats/bzimage.h"

enum {
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4,
	BOOT_FLAG = 0x1fe,
	JUMP_OFFSET = 0x201,
	MAGIC = 0x202,
	VERSION = 0x206,
	LOADFLAGS = 0x211,
	INITRD_MAX = 0x22c,
	ALIGNMENT = 0x230,
	RELOCATABLE = 0x234,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	HEADER_MIN = 0x268
};

#define XLF_KERNEL_64	    0x1u
#define XLF_CAN_BE_ABOVE_4G 0x2u
#define LOADED_HIGH	    0x1u
#define MIN_VERSION	    0x20cu /* the first with xloadflags */

static int check_magic(const uint8_t *f, size_t size, struct format_error *err)
{
	if (size < HEADER_MIN)
		return format_fail(err, 0, "file size", size, "too small for a kernel image");
	if (get_le16(f + BOOT_FLAG) != 0xaa55)
		return format_fail(err, BOOT_FLAG, "boot_flag", get_le16(f + BOOT_FLAG),
				   "expected 0xaa55: not a kernel image");
	if (memcmp(f + MAGIC, "HdrS", 4))
		return format_fail(err, MAGIC, "header", get_le32(f + MAGIC),
				   "expected \"HdrS\": not a bzImage");
	if (get_le16(f + VERSION) < MIN_VERSION)
		return format_fail(err, VERSION, "version", get_le16(f + VERSION),
				   "expected boot protocol 0x20c or newer");
	return 0;
}

static int check_flags(const uint8_t *f, struct format_error *err)
{
	if (!(f[LOADFLAGS] & LOADED_HIGH))
		return format_fail(err, LOADFLAGS, "loadflags", f[LOADFLAGS],
				   "LOADED_HIGH is clear: a zImage");
	if (!(get_le16(f + XLOADFLAGS) & XLF_KERNEL_64))
		return format_fail(err, XLOADFLAGS, "xloadflags", get_le16(f + XLOADFLAGS),
				   "XLF_KERNEL_64 is clear: no 64-bit entry");
	return 0;
}

static int check_sizes(struct bzimage *bz, const uint8_t *f, size_t size, struct format_error *err)
{
	uint32_t sects = f[SETUP_SECTS] ? f[SETUP_SECTS] : 4;

	bz->kernel = (sects + 1) * 512u;
	if (bz->kernel >= size || size - bz->kernel <= BZIMAGE_ENTRY_64)
		return format_fail(err, SETUP_SECTS, "setup_sects", f[SETUP_SECTS],
				   "the kernel would start at 0x%zx, the file has 0x%zx bytes",
				   bz->kernel, size);
	bz->kernel_size = size - bz->kernel;
	if (get_le32(f + SYSSIZE) * 16ull > bz->kernel_size)
		return format_fail(
			err, SYSSIZE, "syssize", get_le32(f + SYSSIZE),
			"16 bytes each: the file has 0x%zx bytes of that: cut off?",
			bz->kernel_size);
	if (bz->init_size < bz->kernel_size)
		return format_fail(err, INIT_SIZE, "init_size", bz->init_size,
				   "less than the kernel's 0x%zx bytes in the file",
				   bz->kernel_size);
	if (!bz->alignment || bz->alignment & (bz->alignment - 1))
		return format_fail(err, ALIGNMENT, "kernel_alignment", bz->alignment,
				   "expected a power of two");
	bz->header_size = (uint32_t)f[JUMP_OFFSET] + MAGIC - BZIMAGE_HEADER;
	if (bz->header_size < HEADER_MIN - 4 - BZIMAGE_HEADER)
		return format_fail(err, JUMP_OFFSET, "jump", f[JUMP_OFFSET],
				   "the header ends before init_size");
	if (!bytes_fit(size, BZIMAGE_HEADER, bz->header_size))
		return format_fail(err, JUMP_OFFSET, "jump", f[JUMP_OFFSET],
				   "the header runs past the end of the file");
	return 0;
}

int bzimage_parse(struct bzimage *bz, const void *file, size_t size, struct format_error *err)
{
	const uint8_t *f = file;

	memset(bz, 0, sizeof(*bz));
	if (check_magic(f, size, err) || check_flags(f, err))
		return -1;
	bz->version = get_le16(f + VERSION);
	bz->pref_address = get_le64(f + PREF_ADDRESS);
	bz->alignment = get_le32(f + ALIGNMENT);
	bz->init_size = get_le32(f + INIT_SIZE);
	bz->initrd_max = get_le32(f + INITRD_MAX);
	bz->cmdline_size = get_le32(f + CMDLINE_SIZE);
	bz->relocatable = f[RELOCATABLE] != 0;
	bz->above_4g = get_le16(f + XLOADFLAGS) & XLF_CAN_BE_ABOVE_4G;
	return check_sizes(bz, f, size, err);
}
