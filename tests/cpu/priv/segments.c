// SPDX-License-Identifier: MIT
/*
 * Selectors and descriptors: what can be loaded where, and what LAR, LSL, VERR and VERW say.
 */
#include "priv.h"

#define NR_SELECTORS (ODD_FIRST / 8 + 8)

struct load {
	unsigned reg;
	uint16_t selector;
};

static void load_segment(void *argument)
{
	const struct load *l = argument;

	switch (l->reg) {
	case 0: __asm__ __volatile__("mov %0, %%ds" : : "r"(l->selector)); break;
	case 1: __asm__ __volatile__("mov %0, %%es" : : "r"(l->selector)); break;
	case 2: __asm__ __volatile__("mov %0, %%fs" : : "r"(l->selector)); break;
	default: __asm__ __volatile__("mov %0, %%ss" : : "r"(l->selector));
	}
}

static uint64_t load_outcome(unsigned reg, uint16_t selector)
{
	struct load l = { reg, selector };

	trap.vector = -1;
	trap.frame.error = 0;
	attempt(load_segment, &l);
	return trap.vector < 0 ? 0 : (uint64_t)trap.vector << 16 | trap.frame.error;
}

/* All selectors of GDT and LDT, all RPLs, into each kind of register. */
static void test_loads(void)
{
	uint64_t sum = 0;

	for (unsigned reg = 0; reg < 4; reg++)
		for (unsigned i = 0; i < NR_SELECTORS + 4; i++)
			for (unsigned rpl = 0; rpl < 4; rpl++) {
				unsigned s = i < NR_SELECTORS ? i * 8 : (i - NR_SELECTORS) * 8 + 4;

				if (reg == 3 && !s && rpl) /* QEMU takes it, and then is in CPL 3 */
					continue;
				sum = digest(sum, load_outcome(reg, (uint16_t)(s | rpl)));
			}
	report("digest of segment loads", sum);
	check("a null selector into DS", load_outcome(0, 0), 0);
	check("a code segment that can't be read", load_outcome(0, ODD_FIRST + 0x18),
	      13u << 16 | (ODD_FIRST + 0x18));
	check("a segment that is not present", load_outcome(0, ODD_FIRST + 0x20),
	      11u << 16 | (ODD_FIRST + 0x20));
	check("a null selector into SS at CPL 0", load_outcome(3, 0), 0);
	if (in_qemu())
		skip("a null selector of another RPL into SS", "QEMU takes it");
	else
		check("a null selector of another RPL into SS", load_outcome(3, 2), 13u << 16);
	check("a user's segment into SS", load_outcome(3, USER_DATA | 3), 13u << 16 | USER_DATA);
	check("a selector beyond the LDT", load_outcome(0, 0x24), 13u << 16 | 0x24);
	check("the LDT's data", load_outcome(0, 4 | 3), 0);
}

static uint64_t examine(uint16_t selector)
{
	uint64_t rights = 0, limit = 0;
	bool lar, lsl, read, write;

	__asm__("larq %2, %0" : "+r"(rights), "=@ccz"(lar) : "r"((uint64_t)selector));
	__asm__("lslq %2, %0" : "+r"(limit), "=@ccz"(lsl) : "r"((uint64_t)selector));
	__asm__("verr %1" : "=@ccz"(read) : "r"(selector));
	__asm__("verw %1" : "=@ccz"(write) : "r"(selector));
	return digest(digest(rights, limit), (uint64_t)lar << 3 | lsl << 2 | read << 1 | write);
}

static void test_queries(void)
{
	uint64_t sum = 0, rights = 0;
	bool ok;

	for (unsigned i = 0; i < NR_SELECTORS + 4; i++)
		for (unsigned rpl = 0; rpl < 4; rpl += 3)
			sum = digest(
				sum,
				examine((uint16_t)((i < NR_SELECTORS ? i * 8
								     : (i - NR_SELECTORS) * 8 + 4) |
						   rpl)));
	report("digest of LAR, LSL, VERR, VERW", sum);
	__asm__("larl %k2, %k0" : "+r"(rights), "=@ccz"(ok) : "r"(KERNEL_CODE));
	check("LAR of the kernel's code", ok ? rights : 0, 0xa09b00);
}

static void load_ldt(void *argument)
{
	__asm__ __volatile__("lldt %w0" : : "r"((uint16_t)(uintptr_t)argument));
}

static void load_task(void *argument)
{
	__asm__ __volatile__("ltr %w0" : : "r"((uint16_t)(uintptr_t)argument));
}

static void expect(const char *name, void (*function)(void *), uint64_t selector, int vector,
		   uint64_t error)
{
	trap.vector = -1;
	trap.frame.error = 0;
	attempt(function, (void *)(uintptr_t)selector);
	check_trap(name, vector, error);
}

static void test_system_segments(void)
{
	uint16_t selector;

	__asm__("str %0" : "=r"(selector));
	check("STR", selector, TSS_SELECTOR);
	__asm__("sldt %0" : "=r"(selector));
	check("SLDT", selector, LDT_SELECTOR);
	check("LTR marks it busy", gdt[TSS_SELECTOR / 8] >> 40 & 0xf, 11);
	expect("LTR of a busy one", load_task, TSS_SELECTOR, 13, TSS_SELECTOR);
	expect("LTR of an LDT", load_task, LDT_SELECTOR, 13, LDT_SELECTOR);
	if (in_qemu())
		skip("LTR of null", "QEMU takes it");
	else
		expect("LTR of null", load_task, 0, 13, 0);
	expect("LLDT of a TSS", load_ldt, TSS_SELECTOR, 13, TSS_SELECTOR);
	expect("LLDT from the LDT", load_ldt, 4, 13, 4);
	load_ldt(NULL);
	check("without an LDT", load_outcome(0, 4 | 3), 13u << 16 | 4);
	load_ldt((void *)LDT_SELECTOR);
}

/* Returning to user mode, what the kernel alone may use is taken out of the registers. */
extern const uint8_t user_selectors[];
__asm__(".text\n"
	"user_selectors: mov %ds, %eax\n mov %es, %ebx\n mov %fs, %ebp\n int $0x81\n");

static void test_return(void)
{
	__asm__ __volatile__("mov %0, %%fs" : : "r"(USER_DATA | 3));
	run_user(user_selectors, USER_CODE64, 0, 0, 0);
	check("DS after IRET to user mode", trap.frame.rax, 0);
	check("ES", trap.frame.rbx, 0);
	check("FS stays", trap.frame.rbp, USER_DATA | 3);
	__asm__ __volatile__("mov %0, %%fs" : : "r"(0));
}

void test_segments(void)
{
	test_loads();
	test_queries();
	test_system_segments();
	test_return();
}
