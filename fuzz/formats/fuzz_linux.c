// SPDX-License-Identifier: MIT
/*
 * Placing a kernel: the input is a struct shim_info and a kernel file. What the boot shim would
 * copy then lies in the RAM, behind the shim, and nothing on something else.
 */
#include <string.h>

#include "formats/linux.h"
#include "../fuzz.h"

/* As the shim requires it before it looks further. */
static void make_sane(struct shim_info *info, size_t size)
{
	info->ram[0].base = 0;
	info->ram[0].size %= SHIM_LOW_RAM_MAX + 1;
	info->ram[1] = (struct shim_range){ SHIM_HIGH_RAM, info->ram[1].size % SHIM_HIGH_RAM };
	info->kernel.size = size;
}

static void check_elf(const struct linux_kernel *kernel, const struct linux_layout *layout)
{
	for (uint32_t i = 0; i < kernel->elf.count; i++) {
		const struct elf_segment *s = &kernel->elf.segment[i];

		HOLDS(s->gpa >= layout->load &&
		      s->gpa + s->mem_size <= layout->load + layout->size);
		touch(kernel->elf.file + s->offset, s->file_size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t page[LINUX_ZERO_PAGE_SIZE];
	struct format_error err = { .text = "" };
	struct linux_kernel kernel;
	struct linux_layout layout;
	struct linux_staging at;
	struct shim_info info;

	if (size < sizeof(info))
		return 0;
	memcpy(&info, data, sizeof(info));
	data += sizeof(info);
	size -= sizeof(info);
	make_sane(&info, size);
	if (linux_parse(&kernel, data, size, &err) || linux_place(&layout, &kernel, &info, &err)) {
		HOLDS(err.text[0]);
		return 0;
	}
	HOLDS(!linux_stage(&at, &info, &err));
	HOLDS(layout.load >= SHIM_END && layout.load + layout.size <= at.file);
	HOLDS(at.file + size <= at.initrd && at.initrd + info.initrd.size <= info.ram[0].size);
	if (kernel.is_elf)
		check_elf(&kernel, &layout);
	else
		HOLDS(kernel.bz.kernel_size <= layout.size);
	linux_zero_page(page, &kernel, data, &info, SHIM_BASE);
	HOLDS(page[0x1e8] <= 8);
	return 0;
}
