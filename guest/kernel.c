// SPDX-License-Identifier: MIT
/*
 * A program that the boot shim enters in the place of a Linux kernel: checks the state that the
 * 64-bit boot protocol promises, and prints what a kernel would find, for the test to compare.
 */
#include "formats/shim_info.h"
#include "guest/guest.h"
#include "tdx/tdx.h"

#define INTERRUPT_FLAG (1u << 9)
#define RTMR_OFFSET    (TDX_TDREPORT_TDINFO_OFFSET + TDX_TDINFO_RTMR_OFFSET)

static uint8_t stack[0x4000] __attribute__((aligned(16), used));
static uint8_t report[TDX_TDREPORT_SIZE] __attribute__((aligned(1024)));
static uint8_t report_data[64] __attribute__((aligned(64)));
static uint64_t zeroed[512];

__asm__(".globl _start\n"
	"_start:\n"
	"	leaq stack + 0x4000(%rip), %rsp\n"
	"	movq %rsi, %rdi\n"
	"	movl %cs, %esi\n"
	"	movl %ss, %edx\n"
	"	call kernel_main\n"
	"	ud2\n");

void kernel_main(const uint8_t *zero_page, unsigned cs, unsigned ss);

static uint64_t field(const uint8_t *p, size_t at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, p + at, size);
	return value;
}

static void line(const char *name, const uint8_t *bytes, size_t size)
{
	put(name);
	put(" ");
	put_bytes(bytes, size);
	put("\n");
}

static void print_e820(const uint8_t *page)
{
	for (unsigned i = 0; i < page[0x1e8]; i++) {
		const uint8_t *entry = page + 0x2d0 + 20 * i;

		put("e820 ");
		put_hex(field(entry, 0, 8));
		put(" ");
		put_hex(field(entry, 8, 8));
		put(" ");
		put_decimal(field(entry, 16, 4));
		put("\n");
	}
}

static void print_rtmrs(void)
{
	char name[] = "rtmr0";

	if (!tdx_status_ok(tdg_mr_report(tdx_gpa((uint64_t)report),
					 tdx_report_data((uint64_t)report_data), 0)))
		guest_fail("no TDREPORT");
	for (unsigned i = 0; i < 4; i++, name[4]++)
		line(name, report + RTMR_OFFSET + 48 * i, 48);
}

static _Atomic unsigned woken;

/* What the kernel's trampoline is to a vCPU that the mailbox sends here: 64-bit mode, no
 * interrupts. */
static void wake_up(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	if (flags & INTERRUPT_FLAG)
		guest_fail("a vCPU came from the mailbox with interrupts on");
	woken++;
	guest_halt();
}

/* Calls each other vCPU by the wake-up mailbox (ACPI 6.5, 5.2.12.19), the last one first. */
static void wake_others(void)
{
	_Atomic uint16_t *command = (_Atomic uint16_t *)SHIM_MAILBOX;
	struct tdg_vp_info_out info;
	uint32_t others;

	if (!tdx_status_ok(tdg_vp_info(&info)))
		guest_fail("no TDG.VP.INFO");
	others = (uint32_t)info.vcpus - 1;
	for (uint32_t id = others; id; id--) {
		*(volatile uint32_t *)(SHIM_MAILBOX + 4) = id;
		*(volatile uint64_t *)(SHIM_MAILBOX + 8) = (uint64_t)wake_up;
		*command = 1;
		while (*command)
			;
	}
	while (woken < others)
		;
	put("woken ");
	put_decimal(woken);
	put("\n");
}

/* All RAM must be there: the first and the last bytes of each range. */
static void touch_ram(const uint8_t *page)
{
	for (unsigned i = 0; i < page[0x1e8]; i++) {
		const uint8_t *entry = page + 0x2d0 + 20 * i;
		uint64_t base = field(entry, 0, 8), size = field(entry, 8, 8);

		if (field(entry, 16, 4) != 1)
			continue;
		for (uint64_t at = base; at < base + size; at += PAGE)
			(void)*(volatile uint8_t *)at;
	}
}

void kernel_main(const uint8_t *zero_page, unsigned cs, unsigned ss)
{
	const uint8_t *cmdline = (const uint8_t *)field(zero_page, 0x228, 4);
	const uint8_t *initrd = (const uint8_t *)field(zero_page, 0x218, 4);

	if (cs != 0x10 || ss != 0x18)
		guest_fail("the segments are not those of the boot protocol");
	for (size_t i = 0; i < sizeof(zeroed) / 8; i++) {
		if (zeroed[i])
			guest_fail("the kernel's .bss is not zero");
	}
	put("cmdline ");
	put((const char *)cmdline);
	put("\n");
	line("initrd", initrd, field(zero_page, 0x21c, 4));
	print_e820(zero_page);
	line("log", (const uint8_t *)SHIM_LOG, 1024);
	print_rtmrs();
	touch_ram(zero_page);
	wake_others();
	put("PASS\n");
	guest_halt();
}
