// SPDX-License-Identifier: MIT
/*
 * Single steps and breakpoints.
 */
#include "priv.h"

#define RFLAGS_TF 0x100u
#define RFLAGS_RF 0x10000u
#define MSR_STAR  0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define DR6_HITS  0xe00fu

static unsigned steps;
static uint64_t path;

/* Counts #DB and goes on; what is stepped ends by an exception of another kind. */
static bool count_steps(struct trap_frame *frame)
{
	uint64_t none = 0;

	if (frame->vector != 1)
		return false;
	steps++;
	path = digest(path, frame->rip);
	__asm__ __volatile__("mov %0, %%dr6" : : "r"(none));
	if (steps > 1000)
		frame->rflags &= ~(uint64_t)RFLAGS_TF;
	return true;
}

extern const uint8_t user_steps[], user_steps_sti[], user_rep[], user_syscall_steps[],
	user_int_steps[], steps_syscall_back[], user_popf_steps[];
__asm__(".text\n"
	"user_steps: nop\n inc %eax\n jmp 1f\n nop\n 1: push %rax\n pop %rcx\n cpuid\n int $0x81\n"
	"user_steps_sti: mov %ss, %eax\n mov %eax, %ss\n nop\n nop\n int $0x81\n"
	"user_rep: mov $5, %ecx\n lea -64(%rsp), %rdi\n rep stosb\n int $0x81\n"
	"user_syscall_steps: nop\n syscall\n nop\n int $0x81\n"
	"user_popf_steps: push $0x102\n popfq\n nop\n nop\n push $2\n popfq\n nop\n int $0x81\n"
	"steps_syscall_back: nop\n nop\n sysretq\n");

static void step(const char *name, const uint8_t *code, uint64_t flags, unsigned want)
{
	steps = 0;
	path = 0;
	trap_hook = count_steps;
	run_user(code, USER_CODE64, flags, 0, 0);
	trap_hook = NULL;
	check_trap(name, 0x81, 0);
	check("its steps", steps, want);
	report("digest of its path", path);
}

static void test_steps(void)
{
	step("stepping a few instructions", user_steps, RFLAGS_TF, 6);
	step("stepping over MOV SS", user_steps_sti, RFLAGS_TF, 3);
	step("stepping a repeated string instruction", user_rep, RFLAGS_TF, 7);
	step("POPF sets TF and clears it", user_popf_steps, 0, 4);
	write_msr(MSR_STAR, (uint64_t)KERNEL_CODE << 32 | (uint64_t)(USER_CODE32 | 3) << 48);
	write_msr(MSR_LSTAR, (uintptr_t)steps_syscall_back);
	write_msr(MSR_FMASK, RFLAGS_TF);
	step("stepping over SYSCALL", user_syscall_steps, RFLAGS_TF, 3);
}

static volatile uint64_t watched[4] __attribute__((aligned(32)));

static void set_breakpoint(uint64_t address, unsigned kind, unsigned length, unsigned extra)
{
	uint64_t dr7 = 0x400 | 2 | kind << 16 | length << 18 | extra, none = 0;

	__asm__ __volatile__("mov %0, %%dr6" : : "r"(none));
	__asm__ __volatile__("mov %0, %%dr0" : : "r"(address));
	__asm__ __volatile__("mov %0, %%dr7" : : "r"(dr7));
}

static void clear_breakpoint(void)
{
	uint64_t none = 0x400;

	__asm__ __volatile__("mov %0, %%dr7" : : "r"(none));
}

struct touch {
	volatile uint8_t *address;
	unsigned size;
	bool write;
};

static void touch(void *argument)
{
	const struct touch *t = argument;
	volatile uint8_t *p = t->address;

	if (t->write)
		switch (t->size) {
		case 1: *p = 1; break;
		case 2: *(volatile uint16_t *)p = 1; break;
		case 4: *(volatile uint32_t *)p = 1; break;
		default: *(volatile uint64_t *)p = 1;
		}
	else
		switch (t->size) {
		case 1: (void)*p; break;
		case 2: (void)*(volatile uint16_t *)p; break;
		case 4: (void)*(volatile uint32_t *)p; break;
		default: (void)*(volatile uint64_t *)p;
		}
}

/* Every length and kind of breakpoint, every size and place of access around it. */
static void test_watchpoints(void)
{
	static const uint8_t lengths[] = { 1, 2, 8, 4 };
	unsigned bad = 0;

	if (in_qemu()) {
		skip("data breakpoints", "QEMU misses accesses that begin before them");
		return;
	}
	for (unsigned n = 0; n < 8; n++)
		for (unsigned m = 0; m < 4 * 2 * 24; m++) {
			unsigned length = lengths[n & 3], kind = n & 4 ? 3 : 1, at = m % 24;
			struct touch t = { (volatile uint8_t *)watched + at, 1u << m / 48,
					   m / 24 & 1 };
			bool hit = at < 8 + length && 8 < at + t.size && (t.write || kind == 3);

			set_breakpoint((uintptr_t)watched + 8, kind, n & 3, 0);
			trap.vector = -1;
			attempt(touch, &t);
			clear_breakpoint();
			bad += (trap.vector == 1) != hit || (hit && (trap.dr6 & DR6_HITS) != 1);
		}
	check("data breakpoints: 1536 accesses", bad, 0);
}

static void __attribute__((noinline)) marked(void *argument)
{
	*(volatile uint64_t *)argument = 9;
}

static unsigned breaks;

/* The debugger's way past an instruction breakpoint: RF. */
static bool resume(struct trap_frame *frame)
{
	if (frame->vector != 1)
		return false;
	breaks++;
	frame->rflags |= RFLAGS_RF;
	return true;
}

static void read_dr0(void *argument)
{
	(void)argument;
	__asm__ __volatile__("mov %%dr0, %%rax" : : : "rax");
}

static void icebp(void *argument)
{
	(void)argument;
	__asm__ __volatile__(".byte 0xf1");
}

static void test_breakpoints(void)
{
	watched[0] = 0;
	set_breakpoint((uintptr_t)marked, 0, 0, 0);
	trap.vector = -1;
	attempt(marked, (void *)watched);
	check_trap("an instruction breakpoint", 1, 0);
	check("it is a fault", trap.frame.rip, (uintptr_t)marked);
	check("nothing was executed", watched[0], 0);
	check("DR6", trap.dr6 & DR6_HITS, 1);
	trap_hook = resume;
	breaks = 0;
	attempt(marked, (void *)watched);
	trap_hook = NULL;
	check("with RF it is met once", breaks, 1);
	check("and passed", watched[0], 9);
	clear_breakpoint();
	if (in_qemu()) {
		skip("INT1, general detect", "QEMU doesn't have them");
		return;
	}
	trap.vector = -1;
	attempt(icebp, NULL);
	check("INT1", (uint64_t)(unsigned)trap.vector, 1);
	set_breakpoint(0, 0, 0, 0x2000);
	trap.vector = -1;
	attempt(read_dr0, NULL);
	check_trap("general detect", 1, 0);
	check("DR6.BD", trap.dr6 & DR6_HITS, 0x2000);
	clear_breakpoint();
}

void test_debug(void)
{
	test_steps();
	test_watchpoints();
	test_breakpoints();
}
