/* SPDX-License-Identifier: MIT */
/*
 * The header of a Linux x86 kernel image (Documentation/arch/x86/boot.rst): what a direct 64-bit
 * boot needs.
 */
#ifndef FORMATS_BZIMAGE_H
#define FORMATS_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"

#define BZIMAGE_HEADER 0x1f1u	/* where the setup header starts, in the file and in the zero page \
				 */
#define BZIMAGE_ENTRY_64 0x200u /* the 64-bit entry, from the load address */

struct bzimage {
	uint32_t header_size; /* bytes from BZIMAGE_HEADER to copy into the zero page */
	uint16_t version;     /* boot protocol, 0x20c or newer */
	size_t kernel;	      /* protected-mode part in the file */
	size_t kernel_size;
	uint64_t pref_address; /* where it likes to be loaded */
	uint32_t alignment;    /* of the load address, when relocatable */
	uint32_t init_size;  /* memory it needs from the load address on, before it looks at e820 */
	uint32_t initrd_max; /* highest address of the initrd's last byte */
	uint32_t cmdline_size; /* longest command line, without its NUL */
	bool relocatable;
	bool above_4g; /* kernel, initrd, zero page and command line may lie above 4 GiB */
};

/* Reads and validates a bzImage with a 64-bit entry. */
int bzimage_parse(struct bzimage *bz, const void *file, size_t size, struct format_error *err);

#endif
