// SPDX-License-Identifier: MIT
/*
 * What control and debug registers and MSRs accept.
 */
#include "priv.h"

#define MSR_EFER	   0xc0000080
#define MSR_LSTAR	   0xc0000082
#define MSR_FS_BASE	   0xc0000100
#define MSR_GS_BASE	   0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define CR4_DE		   8u
#define CR4_FSGSBASE	   (1ull << 16)
#define CR4_UMIP	   (1ull << 11)
#define CR4_TSD		   4u

struct write {
	uint32_t msr;
	uint64_t value;
};

#define TO_REGISTER(name)                                                                          \
	static void set_##name(void *value)                                                        \
	{                                                                                          \
		__asm__ __volatile__("mov %0, %%" #name : : "r"(value) : "memory");                \
	}
TO_REGISTER(cr0)
TO_REGISTER(cr4)
TO_REGISTER(cr8)
TO_REGISTER(dr4)
TO_REGISTER(dr6)
TO_REGISTER(dr7)

static void set_msr(void *argument)
{
	const struct write *w = argument;

	write_msr(w->msr, w->value);
}

static void read_unknown_msr(void *argument)
{
	(void)argument;
	read_msr(0x12345678);
}

static void move_from_cr1(void *argument)
{
	(void)argument;
	__asm__ __volatile__(".byte 0x0f, 0x20, 0xc8" : : : "rax"); /* mov %cr1, %rax */
}

static void clear_task_switched(void *argument)
{
	(void)argument;
	__asm__ __volatile__("clts");
}

static void expect(const char *name, void (*function)(void *), uint64_t value, int vector)
{
	trap.vector = -1;
	trap.frame.error = 0;
	attempt(function, (void *)(uintptr_t)value);
	check(name, (uint64_t)(unsigned)trap.vector, (uint64_t)(unsigned)vector);
}

static void expect_msr(const char *name, uint32_t msr, uint64_t value, int vector)
{
	struct write w = { msr, value };

	expect(name, set_msr, (uintptr_t)&w, vector);
}

static void test_control_registers(void)
{
	uint64_t cr0 = read_cr0(), cr4 = read_cr4();

	expect("CR1", move_from_cr1, 0, 6);
	write_cr0(cr0 | 8);
	check("CR0.TS", read_cr0() & 8, 8);
	clear_task_switched(NULL);
	check("CLTS", read_cr0() & 8, 0);
	if (in_qemu()) {
		skip("values that CR0, CR4 and CR8 refuse", "QEMU takes them");
		return;
	}
	expect("CR0.PG off in 64-bit mode", set_cr0, cr0 & ~(1ull << 31), 13);
	expect("CR4.PAE off in long mode", set_cr4, cr4 & ~(1ull << 5), 13);
	expect("a reserved bit of CR4", set_cr4, cr4 | 1ull << 40, 13);
	expect("CR8 of 16", set_cr8, 16, 13);
	expect("CR8 of 15", set_cr8, 15, -1);
	set_cr8(NULL);
	expect("CR0.PG without PE", set_cr0, cr0 & ~1ull, 13);
	expect("upper bits of CR0", set_cr0, cr0 | 1ull << 32, 13);
	expect("CR0.NW without CD", set_cr0, cr0 | 1ull << 29, 13);
}

static void test_debug_registers(void)
{
	set_dr6(NULL);
	write_cr4(read_cr4() | CR4_DE);
	expect("DR4 with CR4.DE", set_dr4, 0, 6);
	write_cr4(read_cr4() & ~(uint64_t)CR4_DE);
	expect("DR4 without it is DR6", set_dr4, 0, -1);
	if (in_qemu()) {
		skip("upper bits of DR6 and DR7", "QEMU takes them");
		return;
	}
	expect("upper bits of DR7", set_dr7, 1ull << 32, 13);
	expect("upper bits of DR6", set_dr6, 1ull << 32, 13);
}

static void test_msrs(void)
{
	uint64_t efer = read_msr(MSR_EFER), gs = 0x1234567000, base;

	check("EFER has LME and LMA", efer & 0x500, 0x500);
	write_msr(MSR_GS_BASE, gs);
	write_msr(MSR_KERNEL_GS_BASE, gs * 2);
	__asm__ __volatile__("swapgs");
	check("SWAPGS", read_msr(MSR_GS_BASE), gs * 2);
	check("and the other way", read_msr(MSR_KERNEL_GS_BASE), gs);
	write_cr4(read_cr4() | CR4_FSGSBASE);
	__asm__ __volatile__("rdgsbase %0" : "=r"(base));
	check("RDGSBASE", base, gs * 2);
	__asm__ __volatile__("wrfsbase %0" : : "r"(gs));
	check("WRFSBASE", read_msr(MSR_FS_BASE), gs);
	write_cr4(read_cr4() & ~CR4_FSGSBASE);
	write_msr(MSR_FS_BASE, 0);
	write_msr(MSR_GS_BASE, 0);
	if (in_qemu()) {
		skip("MSRs that don't take a value", "QEMU takes it");
		return;
	}
	expect("an MSR that isn't there", read_unknown_msr, 0, 13);
	expect_msr("EFER.LME off while paging", MSR_EFER, efer & ~0x100ull, 13);
	expect_msr("a reserved bit of EFER", MSR_EFER, efer | 1ull << 20, 13);
	expect_msr("a non-canonical IA32_LSTAR", MSR_LSTAR, 1ull << 47, 13);
	expect_msr("a non-canonical IA32_GS_BASE", MSR_GS_BASE, 1ull << 47, 13);
}

extern const uint8_t user_rdtsc[], user_smsw[], user_sgdt[], user_mov_cr[], user_rdfsbase[];
__asm__(".text\n"
	"user_rdtsc: rdtsc\n int $0x81\n"
	"user_smsw: smsw %eax\n int $0x81\n"
	"user_sgdt: sgdt -16(%rsp)\n int $0x81\n"
	"user_mov_cr: mov %cr0, %rax\n int $0x81\n"
	"user_rdfsbase: rdfsbase %rax\n int $0x81\n");

static void user(const char *name, const uint8_t *code, int vector)
{
	run_user(code, USER_CODE64, 0, 0, 0);
	check(name, (uint64_t)(unsigned)trap.vector, (uint64_t)(unsigned)vector);
}

static void test_privileges(void)
{
	user("RDTSC at CPL 3", user_rdtsc, 0x81);
	write_cr4(read_cr4() | CR4_TSD);
	user("RDTSC with CR4.TSD", user_rdtsc, 13);
	write_cr4(read_cr4() & ~(uint64_t)CR4_TSD);
	user("SMSW", user_smsw, 0x81);
	user("SGDT", user_sgdt, 0x81);
	user("MOV from CR0 at CPL 3", user_mov_cr, 13);
	user("RDFSBASE without CR4.FSGSBASE", user_rdfsbase, 6);
	write_cr4(read_cr4() | CR4_UMIP);
	user("SMSW with CR4.UMIP", user_smsw, 13);
	user("SGDT with CR4.UMIP", user_sgdt, 13);
	write_cr4(read_cr4() & ~CR4_UMIP);
}

void test_registers(void)
{
	test_control_registers();
	test_debug_registers();
	test_msrs();
	test_privileges();
}
