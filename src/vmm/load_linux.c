// SPDX-License-Identifier: MIT
/*
 * A Linux kernel as an image: the boot shim as the measured part, and the window of shared memory
 * in which the shim finds what it is to boot.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/acpi.h"
#include "formats/linux.h"
#include "vmm/board.h"
#include "vmm/image.h"

struct linux_boot {
	struct shim_info info;
	uint8_t acpi[SHIM_ACPI_SIZE];
};

extern const uint8_t vmm_shim[];
extern const size_t vmm_shim_size;

/* Appends bytes to the window, page-aligned. */
static int add_bytes(struct vmm_image *image, struct shim_range *range, const void *bytes,
		     size_t size, struct vmm_error *err)
{
	uint64_t base = image->window_range.size;

	if (size > SHIM_WINDOW_SIZE - base)
		return vmm_fail(err, "kernel and initrd together are larger than 0x%llx bytes",
				SHIM_WINDOW_SIZE);
	*range = (struct shim_range){ size ? base : 0, size };
	if (!size)
		return 0;
	image->window[image->windows++] = (struct image_window){ SHIM_WINDOW + base, bytes, size };
	image->window_range.size = align_up(base + size, VMM_4K);
	return 0;
}

/* The shim says the same things when it can't boot, but shorter. */
static int check(const struct linux_files *files, const struct shim_info *info,
		 struct vmm_error *err)
{
	struct linux_kernel *kernel = malloc(sizeof(*kernel));
	struct linux_layout layout;
	struct format_error bad;
	int result;

	if (!kernel)
		return vmm_fail(err, "out of memory");
	result = linux_parse(kernel, files->kernel, files->kernel_size, &bad);
	if (result)
		vmm_fail(err, "not a kernel that can boot: %s", bad.text);
	else if ((result = linux_place(&layout, kernel, info, &bad)))
		vmm_fail(err, "does not boot with 0x%" PRIx64 " bytes of memory: %s",
			 info->ram[0].size + info->ram[1].size, bad.text);
	free(kernel);
	return result;
}

static size_t build_acpi(uint8_t tables[SHIM_ACPI_SIZE], unsigned vcpus)
{
	struct acpi_config config = { .base = SHIM_ACPI,
				      .cpus = vcpus,
				      .mailbox = SHIM_MAILBOX,
				      .log_base = SHIM_LOG,
				      .log_size = SHIM_LOG_SIZE };

	return board_acpi(&config, tables, SHIM_ACPI_SIZE);
}

static int fill_window(struct vmm_image *image, const struct linux_files *files,
		       struct vmm_error *err)
{
	struct shim_info *info = &image->boot->info;
	size_t acpi = build_acpi(image->boot->acpi, files->vcpus);
	struct shim_range self;

	info->magic = SHIM_INFO_MAGIC;
	for (int i = 0; i < 2; i++)
		info->ram[i] = (struct shim_range){ image->ram[i].base, image->ram[i].size };
	image->window_range.base = SHIM_WINDOW;
	return add_bytes(image, &self, info, sizeof(*info), err) ||
			       add_bytes(image, &info->acpi, image->boot->acpi, acpi, err) ||
			       add_bytes(image, &info->cmdline, files->cmdline,
					 strlen(files->cmdline), err) ||
			       add_bytes(image, &info->kernel, files->kernel, files->kernel_size,
					 err) ||
			       add_bytes(image, &info->initrd, files->initrd, files->initrd_size,
					 err)
		       ? -1
		       : check(files, info, err);
}

int image_from_linux(struct vmm_image *image, const struct linux_files *files, uint64_t ram,
		     struct vmm_error *err)
{
	memset(image, 0, sizeof(*image));
	if (ram <= SHIM_END)
		return vmm_fail(err,
				"does not fit 0x%" PRIx64 " bytes of memory: the boot shim alone "
				"takes 0x%llx",
				ram, SHIM_END);
	if (image_from_elf(image, vmm_shim, vmm_shim_size, ram, err))
		return -1;
	image->boot = calloc(1, sizeof(*image->boot));
	if (!image->boot)
		return vmm_fail(err, "out of memory");
	return fill_window(image, files, err);
}

/* The range of an item in the window, as the shim is told. */
static struct shim_range item_range(const struct shim_info *info, enum boot_item item)
{
	switch (item) {
	case BOOT_CONFIG: return (struct shim_range){ 0, sizeof(*info) };
	case BOOT_ACPI: return info->acpi;
	case BOOT_KERNEL: return info->kernel;
	case BOOT_CMDLINE: return info->cmdline;
	default: return info->initrd;
	}
}

bool image_boot_item(const struct vmm_image *image, enum boot_item item, const void **bytes,
		     size_t *size)
{
	struct shim_range range;

	if (!image->boot)
		return false;
	range = item_range(&image->boot->info, item);
	for (size_t i = 0; range.size && i < image->windows; i++) {
		if (image->window[i].gpa == SHIM_WINDOW + range.base) {
			*bytes = image->window[i].bytes;
			*size = range.size;
			return true;
		}
	}
	return false;
}
