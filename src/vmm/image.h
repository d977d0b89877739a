/* SPDX-License-Identifier: MIT */
/*
 * What a TD's private memory holds before it runs, in the order in which it is added and measured.
 * Made from a bare ELF guest or from a firmware image with TDX metadata.
 */
#ifndef VMM_IMAGE_H
#define VMM_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/boot_log.h"
#include "formats/elf.h"
#include "formats/tdvf.h"
#include "vmm/error.h"
#include "vmm/range.h"

#define IMAGE_MAX_SECTIONS 72

struct vmm_image;

/*
 * The initial contents of the page at `gpa`, which lies in one of the image's sections: where they
 * are in the file, or put together in `room`.
 */
typedef const uint8_t *(*image_page)(const struct vmm_image *image, uint64_t gpa,
				     uint8_t room[VMM_4K]);

struct image_section {
	struct vmm_range range; /* guest-physical, 4 KiB multiples */
	bool extend;		/* are the contents measured (TDH.MR.EXTEND)? */
	image_page page;
	const struct tdvf_section *tdvf; /* for a firmware image */
};

/* Bytes that the guest finds in shared memory, page-aligned. */
struct image_window {
	uint64_t gpa; /* without the shared bit */
	const void *bytes;
	size_t size;
};

#define IMAGE_MAX_WINDOWS 8

/* Bytes that firmware reads from the fw_cfg device under this number. */
struct image_item {
	uint16_t key;
	const void *bytes;
	size_t size;
};

#define IMAGE_MAX_ITEMS 16

struct linux_boot;
struct firmware_boot;

struct vmm_image {
	struct vmm_range ram[2]; /* below and above 4 GiB; the second may be empty */
	struct image_section section[IMAGE_MAX_SECTIONS];
	size_t count;
	union {
		struct elf elf;
		struct tdvf tdvf;
	};
	/*
	 * The local APICs' timers run at 1 GHz, which Debian's firmware takes for granted, not at
	 * the 25 MHz of CPUID 0x15.
	 */
	bool fast_timer;
	uint8_t *hob; /* firmware: the contents of its TD_HOB section */
	struct image_window window[IMAGE_MAX_WINDOWS];
	size_t windows;
	struct vmm_range window_range; /* all of them; not RAM; the guest may give it back */
	struct linux_boot *boot;       /* what the boot shim is told */
	struct image_item item[IMAGE_MAX_ITEMS];
	size_t items;
	struct firmware_boot *firmware; /* what some of them hold */
};

/*
 * A static ELF64 guest, its segments at their physical addresses inside the RAM, and a reset page
 * that enters it in 64-bit mode (guest/reset.S). `file` must outlive the image. Returns 0, or -1
 * with *err.
 */
int image_from_elf(struct vmm_image *image, const void *file, size_t size, uint64_t ram,
		   struct vmm_error *err);

/* What `seamless run --kernel` boots. The bytes must outlive the image. */
struct linux_files {
	const void *kernel; /* bzImage or ELF */
	size_t kernel_size;
	const void *initrd; /* NULL: none */
	size_t initrd_size;
	const char *cmdline;
	unsigned vcpus;
};

/*
 * The boot shim (guest/shim.c), measured, with a kernel for it in a window of shared memory (see
 * formats/shim_info.h). Returns 0, or -1 with *err.
 */
int image_from_linux(struct vmm_image *image, const struct linux_files *files, uint64_t ram,
		     struct vmm_error *err);

/*
 * A firmware image (TDVF); its TD HOB list tells it of the RAM. With `ram` 0 the image can be
 * measured, not run: the list is no part of the measurement.
 */
int image_from_tdvf(struct vmm_image *image, const void *file, size_t size, uint64_t ram,
		    struct vmm_error *err);

/*
 * What firmware finds in its fw_cfg device: the processors, ACPI tables, and with files->kernel
 * what it is to boot. Nothing of it is measured. Returns 0, or -1 with *err.
 */
int image_add_fw_cfg(struct vmm_image *image, const struct linux_files *files,
		     struct vmm_error *err);

/*
 * What the boot shim measures into the RTMRs as this item. False: the image has none of it, or is
 * no image_from_linux().
 */
bool image_boot_item(const struct vmm_image *image, enum boot_item item, const void **bytes,
		     size_t *size);

void image_free(struct vmm_image *image);

/* Is the page at `gpa` RAM (private memory may be added there)? */
bool image_is_ram(const struct vmm_image *image, uint64_t gpa);

/* Sets the two ranges for `size` bytes of RAM; RAM from 2 GiB up to 4 GiB is moved above 4 GiB. */
void image_set_ram(struct vmm_image *image, uint64_t size);

#endif
