// SPDX-License-Identifier: MIT
/*
 * The boot shim: the first code of a TD that boots a Linux kernel. Takes the kernel, its RAM disk,
 * its command line and the ACPI tables from the VMM's window of shared memory into private memory,
 * measures them, and enters the kernel. What it reads is the VMM's, which may lie: everything is
 * copied once and looked at in the copy only.
 */
#include "formats/linux.h"
#include "guest/guest.h"
#include "guest/shim.h"
#include "tdx/tdx.h"

static struct shim_info info;
static uint8_t cmdline[LINUX_MAX_CMDLINE + 1];
static uint8_t zero_page[LINUX_ZERO_PAGE_SIZE] __attribute__((aligned(4096)));
static struct linux_kernel kernel;

static void require(bool right, const char *text)
{
	if (!right)
		guest_fail(text);
}

static void take(void *to, struct shim_range from, uint64_t room)
{
	require(from.base <= SHIM_WINDOW_SIZE && from.size <= SHIM_WINDOW_SIZE - from.base &&
			from.size <= room,
		"boot shim: the VMM's parameters make no sense");
	memcpy(to, (const void *)(SHARED_ALIAS + SHIM_WINDOW + from.base), from.size);
}

static void take_info(void)
{
	take(&info, (struct shim_range){ 0, sizeof(info) }, sizeof(info));
	require(info.magic == SHIM_INFO_MAGIC && !info.ram[0].base &&
			info.ram[0].size >= SHIM_END && info.ram[0].size <= SHIM_LOW_RAM_MAX &&
			info.ram[1].size <= SHIM_WINDOW - SHIM_HIGH_RAM &&
			info.ram[1].base == SHIM_HIGH_RAM &&
			!((info.ram[0].size | info.ram[1].size) % PAGE),
		"boot shim: the VMM's description of the memory makes no sense");
}

static void take_files(const struct linux_staging *at)
{
	take(cmdline, info.cmdline, LINUX_MAX_CMDLINE);
	take((void *)SHIM_ACPI, info.acpi, SHIM_ACPI_SIZE);
	take((void *)at->file, info.kernel, info.kernel.size);
	take((void *)at->initrd, info.initrd, info.initrd.size);
	require(tdx_answer_ok(tdg_vp_vmcall_map_gpa(tdx_gpa(SHIM_WINDOW), SHIM_WINDOW_SIZE, NULL)),
		"boot shim: the window can't be given back");
}

/* An ELF file's segments go where they say; of a bzImage the protected-mode part is one piece. */
static void load_kernel(const struct linux_layout *layout, const uint8_t *file)
{
	if (!kernel.is_elf) {
		memcpy((void *)layout->load, file + kernel.bz.kernel, kernel.bz.kernel_size);
		return;
	}
	for (uint32_t i = 0; i < kernel.elf.count; i++) {
		const struct elf_segment *s = &kernel.elf.segment[i];

		memcpy((void *)s->gpa, file + s->offset, s->file_size);
	}
}

void shim_main(void)
{
	struct linux_staging at;
	struct linux_layout layout;
	struct format_error err;

	take_info();
	require(!linux_stage(&at, &info, &err), err.text);
	shim_accept(&info);
	take_files(&at);
	shim_measure(&info, cmdline);
	require(!linux_parse(&kernel, (const void *)at.file, info.kernel.size, &err), err.text);
	require(!linux_place(&layout, &kernel, &info, &err), err.text);
	load_kernel(&layout, (const uint8_t *)at.file);
	linux_zero_page(zero_page, &kernel, (const uint8_t *)at.file, &info, (uint64_t)cmdline);
	shim_enter(layout.entry, (uint64_t)zero_page);
}
