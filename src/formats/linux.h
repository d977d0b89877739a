/* SPDX-License-Identifier: MIT */
/*
 * Linux kernel files (bzImage, ELF vmlinux) and the 64-bit boot protocol
 * (Documentation/arch/x86/boot.rst, zero-page.rst): where kernel and initial RAM disk go, and the
 * zero page. Used by the boot shim inside the TD, and by the VMM to refuse early what can't work.
 */
#ifndef FORMATS_LINUX_H
#define FORMATS_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/bzimage.h"
#include "formats/elf.h"
#include "formats/error.h"
#include "formats/shim_info.h"

#define LINUX_ZERO_PAGE_SIZE 4096u
#define LINUX_MAX_CMDLINE    2047u /* when the kernel does not say, without its NUL */

struct linux_kernel {
	bool is_elf;
	struct bzimage bz; /* valid when not is_elf */
	struct elf elf;	   /* valid when is_elf */
};

/* Reads and validates either kind of file. `file` must outlive *kernel. */
int linux_parse(struct linux_kernel *kernel, const void *file, size_t size,
		struct format_error *err);

/* Guest-physical addresses. The file is staged below the RAM disk, both at the top of low RAM. */
struct linux_staging {
	uint64_t file, initrd;
};

int linux_stage(struct linux_staging *at, const struct shim_info *info, struct format_error *err);

struct linux_layout {
	uint64_t load; /* of the bzImage's protected-mode part; of an ELF file its lowest address */
	uint64_t size; /* memory that the kernel needs from there on */
	uint64_t entry; /* 64-bit entry point */
};

/* Finds the kernel's place in low RAM, below the staged file. */
int linux_place(struct linux_layout *layout, const struct linux_kernel *kernel,
		const struct shim_info *info, struct format_error *err);

/* Fills the zero page. `file` is what linux_parse() read; `cmdline` is guest-physical. */
void linux_zero_page(uint8_t page[LINUX_ZERO_PAGE_SIZE], const struct linux_kernel *kernel,
		     const uint8_t *file, const struct shim_info *info, uint64_t cmdline);

#endif
