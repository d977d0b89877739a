// SPDX-License-Identifier: MIT
/*
 * Places a Linux kernel and its RAM disk in guest memory.
 */
#include <string.h>

#include "formats/linux.h"

#define PAGE 0x1000ull

int linux_parse(struct linux_kernel *kernel, const void *file, size_t size,
		struct format_error *err)
{
	kernel->is_elf = size >= 4 && !memcmp(file, "\177ELF", 4);
	return kernel->is_elf ? elf_parse(&kernel->elf, file, size, err)
			      : bzimage_parse(&kernel->bz, file, size, err);
}

static int too_large(struct format_error *err, const char *what, uint64_t size, uint64_t room)
{
	return format_fail(err, 0, what, size,
			   "does not fit: 0x%llx bytes of memory are left for it",
			   (unsigned long long)room);
}

/* Takes `size` bytes from the top of [SHIM_END, *top), page-aligned. */
static bool take_top(uint64_t *top, uint64_t size)
{
	if (*top < SHIM_END || size > *top - SHIM_END)
		return false;
	*top = (*top - size) & ~(PAGE - 1);
	return *top >= SHIM_END;
}

int linux_stage(struct linux_staging *at, const struct shim_info *info, struct format_error *err)
{
	uint64_t top = info->ram[0].size & ~(PAGE - 1);
	uint64_t room = top > SHIM_END ? top - SHIM_END : 0;

	if (!take_top(&top, info->initrd.size))
		return too_large(err, "initrd size", info->initrd.size, room);
	at->initrd = top;
	room = top - SHIM_END;
	if (!take_top(&top, info->kernel.size))
		return too_large(err, "kernel file size", info->kernel.size, room);
	at->file = top;
	return 0;
}

static bool fits(uint64_t base, uint64_t size, uint64_t top)
{
	return base >= SHIM_END && base <= top && size <= top - base;
}

static int place_bzimage(struct linux_layout *layout, const struct bzimage *bz, uint64_t top,
			 struct format_error *err)
{
	uint64_t lowest = (SHIM_END + bz->alignment - 1) & ~((uint64_t)bz->alignment - 1);

	layout->load = bz->pref_address;
	layout->size = bz->init_size;
	if (bz->relocatable && !fits(layout->load, layout->size, top))
		layout->load = lowest;
	if (!fits(layout->load, layout->size, top))
		return format_fail(
			err, 0x260, "init_size", bz->init_size,
			"the kernel at 0x%llx does not fit below 0x%llx: too little memory",
			(unsigned long long)layout->load, (unsigned long long)top);
	layout->entry = layout->load + BZIMAGE_ENTRY_64;
	return 0;
}

static int place_elf(struct linux_layout *layout, const struct elf *elf, uint64_t top,
		     struct format_error *err)
{
	layout->load = elf_start(elf);
	layout->size = elf_end(elf) - layout->load;
	layout->entry = elf->entry;
	if (!fits(layout->load, layout->size, top))
		return format_fail(err, 0, "p_paddr", layout->load,
				   "0x%llx bytes from there do not fit between 0x%llx and 0x%llx",
				   (unsigned long long)layout->size, SHIM_END,
				   (unsigned long long)top);
	return 0;
}

int linux_place(struct linux_layout *layout, const struct linux_kernel *kernel,
		const struct shim_info *info, struct format_error *err)
{
	struct linux_staging at;
	uint32_t cmdline_max = kernel->is_elf ? LINUX_MAX_CMDLINE : kernel->bz.cmdline_size;

	if (linux_stage(&at, info, err))
		return -1;
	if (info->cmdline.size > cmdline_max)
		return format_fail(err, 0, "command line length", info->cmdline.size,
				   "the kernel takes 0x%x characters", cmdline_max);
	return kernel->is_elf ? place_elf(layout, &kernel->elf, at.file, err)
			      : place_bzimage(layout, &kernel->bz, at.file, err);
}
