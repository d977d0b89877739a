/* SPDX-License-Identifier: MIT */
/*
 * What the VMM and the boot shim (guest/shim.c) agree on: where the shim lies, and how it gets the
 * kernel, the initial RAM disk, the command line and the ACPI tables. These stand in a window of
 * shared memory; the shim copies them into private memory before it looks at them, measures the
 * copies into the RTMRs, and gives the window back. MRTD therefore covers the shim alone.
 */
#ifndef FORMATS_SHIM_INFO_H
#define FORMATS_SHIM_INFO_H

#include <stdint.h>

/*
 * Guest-physical memory that stays the shim's: its image, in it the page with the ACPI wake-up
 * mailbox; the ACPI tables, the RSDP first; the event log.
 */
#define SHIM_BASE      0x100000ull
#define SHIM_MAILBOX   0x17f000ull
#define SHIM_ACPI      0x180000ull
#define SHIM_ACPI_SIZE 0x20000ull
#define SHIM_LOG       0x1a0000ull
#define SHIM_LOG_SIZE  0x10000ull
#define SHIM_END       0x200000ull

/* Low RAM ends at or below, high RAM begins here. */
#define SHIM_LOW_RAM_MAX 0x80000000ull
#define SHIM_HIGH_RAM	 0x100000000ull

/* The window, above all RAM; its first page begins with struct shim_info. */
#define SHIM_WINDOW	 0x4000000000ull
#define SHIM_WINDOW_SIZE 0x40000000ull
#define SHIM_INFO_MAGIC	 0x4f464e494d494853ull /* "SHIMINFO" */

struct shim_range {
	uint64_t base, size;
};

/* Bytes in the window, `base` from its start. Size 0: there is none. */
struct shim_info {
	uint64_t magic;
	struct shim_range ram[2]; /* guest-physical; the first begins at 0 */
	struct shim_range kernel; /* the file */
	struct shim_range initrd;
	struct shim_range cmdline; /* without a NUL */
	struct shim_range acpi;	   /* copied to SHIM_ACPI */
};

#endif
