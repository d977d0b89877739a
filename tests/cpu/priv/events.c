// SPDX-License-Identifier: MIT
/*
 * Gates, stacks, error codes, double faults, IRET, SYSCALL and SYSRET.
 */
#include "priv.h"

#define MSR_STAR  0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define RFLAGS_CF 1u
#define RFLAGS_IF 0x200u
#define RFLAGS_TF 0x100u
#define RFLAGS_DF 0x400u
#define RFLAGS_NT 0x4000u
#define RFLAGS_RF 0x10000u
#define RFLAGS_AC 0x40000u

static uint8_t ist_stack[4096] __attribute__((aligned(16)));

static void undefined(void *argument)
{
	(void)argument;
	__asm__ __volatile__("ud2");
}

static void breakpoint(void *argument)
{
	(void)argument;
	__asm__ __volatile__("int3");
}

static void software(void *argument)
{
	(void)argument;
	__asm__ __volatile__("int $0x82");
}

static void try(void (*function)(void *), void *argument)
{
	trap.vector = -1;
	trap.frame.error = 0;
	attempt(function, argument);
}

/* QEMU gives the vector times sixteen in error codes of long mode's gates. */
static uint64_t gate_error(unsigned vector)
{
	return vector * (in_qemu() ? 16 : 8) + 2;
}

static void test_frames(void)
{
	try(undefined, NULL);
	check_trap("UD2", 6, 0);
	check("a fault's RIP is the instruction's", *(const uint16_t *)trap.frame.rip, 0x0b0f);
	if (in_qemu())
		skip("a fault pushes RF", "QEMU does not");
	else
		check("a fault pushes RF", trap.frame.rflags & RFLAGS_RF, RFLAGS_RF);
	check("no stack switch at the same privilege", trap.frame.ss, KERNEL_DATA);
	check("frames are aligned", trap.stack & 15, 0);
	try(breakpoint, NULL);
	check_trap("INT3", 3, 0);
	check("a trap's RIP is behind it", *(const uint8_t *)(trap.frame.rip - 1), 0xcc);
	check("a trap doesn't push RF", trap.frame.rflags & RFLAGS_RF, 0);
	tss.ist[2] = (uint64_t)(uintptr_t)ist_stack + sizeof(ist_stack);
	set_gate(6, 0, 3, 14, KERNEL_CODE);
	try(undefined, NULL);
	check("an interrupt stack", trap.stack, tss.ist[2]);
	set_gate(6, 0, 0, 14, KERNEL_CODE);
}

/* What an interrupt meets on its way, with the error code of each. */
static void test_gate_errors(void)
{
	uint64_t low = idt[2 * 0x82];

	idt[2 * 0x82] = low & ~(1ull << 47);
	try(software, NULL);
	check_trap("a gate that is not present", 11, gate_error(0x82));
	idt[2 * 0x82] = low & ~(0xfull << 40);
	try(software, NULL);
	check_trap("a gate of another type", 13, gate_error(0x82));
	set_gate(0x82, 0, 0, 14, 0);
	try(software, NULL);
	check_trap("a gate with a null selector", 13, 0);
	set_gate(0x82, 0, 0, 14, KERNEL_DATA);
	try(software, NULL);
	check_trap("a gate to a data segment", 13, KERNEL_DATA);
	set_gate(0x82, 0, 0, 14, KERNEL_CODE32);
	try(software, NULL);
	check_trap("a gate to a 32-bit segment", 13, KERNEL_CODE32);
	set_gate(0x82, 0, 0, 14, GDT_ENTRIES * 8);
	try(software, NULL);
	check_trap("a gate beyond the GDT", 13, GDT_ENTRIES * 8);
	set_gate(0x82, 0, 0, 14, USER_CODE64);
	try(software, NULL);
	check_trap("a gate to less privileged code", 13, USER_CODE64);
	set_gate(0x82, 0, 0, 14, KERNEL_CODE);
}

/* #DE whose gate is broken: #GP is contributory too, so both become #DF. */
static void divide(void *argument)
{
	(void)argument;
	__asm__ __volatile__("xor %%ecx, %%ecx\n\tdiv %%ecx" : : : "eax", "ecx", "edx");
}

static void test_double_fault(void)
{
	uint64_t low = idt[0];

	idt[0] = 0;
	try(divide, NULL);
	check_trap("a contributory fault on another", 8, 0);
	idt[0] = low;
}

extern const uint8_t user_int80[], user_cli[], user_hlt[], user_popf[];
__asm__(".text\n"
	"user_int80: int $0x80\n int $0x81\n"
	"user_cli: cli\n int $0x81\n"
	"user_hlt: hlt\n int $0x81\n"
	"user_popf: pushq $0x3202\n popfq\n int $0x81\n");

static void test_user(void)
{
	run_user(user_int80, USER_CODE64, 0, 0, 0);
	check_trap("INT through a kernel's gate", 13, gate_error(0x80));
	set_gate(0x80, 3, 0, 15, KERNEL_CODE);
	run_user(user_int80, USER_CODE64, RFLAGS_CF, 0, 0);
	check_trap("INT through a user's gate", 0x80, 0);
	check("on the stack of the TSS", trap.stack, tss.rsp[0]);
	check("user's CS", trap.frame.cs, USER_CODE64 | 3);
	check("user's SS", trap.frame.ss, USER_DATA | 3);
	check("user's flags", trap.frame.rflags, 2 | RFLAGS_CF);
	run_user(user_cli, USER_CODE64, 0, 0, 0);
	check_trap("CLI with IOPL 0", 13, 0);
	run_user(user_cli, USER_CODE64, 0x3000 | RFLAGS_IF, 0, 0);
	check_trap("CLI with IOPL 3", 0x81, 0);
	check("IF is off", trap.frame.rflags & RFLAGS_IF, 0);
	run_user(user_hlt, USER_CODE64, 0, 0, 0);
	check_trap("HLT at CPL 3", 13, 0);
	run_user(user_popf, USER_CODE64, 0, 0, 0);
	check("POPF at CPL 3 leaves IOPL and IF", trap.frame.rflags, 2);
}

static void go(void *argument)
{
	enter_at(argument);
}

static void set_flags(void *argument)
{
	uint64_t flags = *(uint64_t *)argument;

	__asm__ __volatile__("push %0\n\tpopfq\n\tpush $0\n\tpush $0\n\tpush $0\n\tiretq"
			     :
			     : "r"(flags));
}

/* IRET's own checks. */
static void test_iret(void)
{
	static const struct {
		const char *name;
		struct entry entry;
		int vector;
		uint64_t error;
	} cases[] = {
		{ "IRET to a null CS", { 0, 0, 2, 0, KERNEL_DATA, 0, 0 }, 13, 0 },
		{ "IRET to a data segment",
		  { 0, KERNEL_DATA, 2, 0, KERNEL_DATA, 0, 0 },
		  13,
		  KERNEL_DATA },
		{ "IRET to a CS beyond the GDT",
		  { 0, 0xfff8, 2, 0, KERNEL_DATA, 0, 0 },
		  13,
		  0xfff8 },
		{ "IRET to a CS whose RPL is not its DPL",
		  { 0, KERNEL_CODE | 3, 2, 0, USER_DATA | 3, 0, 0 },
		  13,
		  KERNEL_CODE },
		{ "IRET to SS of another privilege",
		  { 0, USER_CODE64 | 3, 2, 0, KERNEL_DATA, 0, 0 },
		  13,
		  KERNEL_DATA },
		{ "IRET to a null SS at CPL 3", { 0, USER_CODE64 | 3, 2, 0, 3, 0, 0 }, 13, 0 },
		{ "IRET to an SS that is code",
		  { 0, USER_CODE64 | 3, 2, 0, USER_CODE64 | 3, 0, 0 },
		  13,
		  USER_CODE64 },
	};
	uint64_t nested = 2 | RFLAGS_NT;
	struct entry e = { 1ull << 47, KERNEL_CODE, 2, 0, KERNEL_DATA, 0, 0 };
	struct entry both = { 0, (ODD_FIRST + 0x38) | 3, 2, 0, USER_DATA | 3, 0, 0 };

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry copy = cases[i].entry;

		copy.rsp = (uint64_t)(uintptr_t)ist_stack + sizeof(ist_stack);
		try(go, &copy);
		check_trap(cases[i].name, cases[i].vector, cases[i].error);
	}
	try(set_flags, &nested);
	check_trap("IRET with NT", 13, 0);
	e.rsp = (uint64_t)(uintptr_t)ist_stack + sizeof(ist_stack);
	if (in_qemu()) {
		skip("IRET to a non-canonical RIP", "QEMU faults at the target");
		skip("IRET to a CS with L and D both", "QEMU takes it");
		return;
	}
	both.rsp = e.rsp;
	try(go, &both);
	check_trap("IRET to a CS with L and D both", 13, ODD_FIRST + 0x38);
	try(go, &e);
	check_trap("IRET to a non-canonical RIP", 13, 0);
	check("it is the IRET that faults", *(const uint16_t *)trap.frame.rip, 0xcf48);
}

/* SYSCALL to code that keeps what it finds in registers and exits by INT. */
extern const uint8_t user_syscall[], user_syscall32[], syscall_entry[], syscall_back[],
	syscall_back32[];
__asm__(".text\n"
	"user_syscall: syscall\n nop\n mov %cs, %ebx\n mov %ss, %ebp\n int $0x81\n"
	".code32\n user_syscall32: syscall\n int $0x81\n .code64\n"
	"syscall_entry: mov %cs, %ebx\n mov %ss, %ebp\n int $0x83\n"
	"syscall_back: sysretq\n"
	"syscall_back32: movl $user_compat_end, %ecx\n addl $0x40000000, %ecx\n sysretl\n"
	".code32\n user_compat_end: mov %cs, %ebx\n int $0x81\n .code64\n");

static void test_syscall(void)
{
	write_msr(MSR_STAR, (uint64_t)KERNEL_CODE << 32 | (uint64_t)(USER_CODE32 | 3) << 48);
	write_msr(MSR_LSTAR, (uintptr_t)syscall_entry);
	write_msr(MSR_FMASK, RFLAGS_DF | RFLAGS_AC);
	run_user(user_syscall, USER_CODE64, RFLAGS_DF | RFLAGS_CF | RFLAGS_AC, 0, 0);
	check_trap("SYSCALL", 0x83, 0);
	check("RCX is behind it", trap.frame.rcx, USER(user_syscall) + 2);
	check("R11 has the flags", trap.frame.r11, 2 | RFLAGS_DF | RFLAGS_CF | RFLAGS_AC);
	check("IA32_FMASK", trap.frame.rflags & ~(uint64_t)RFLAGS_CF, 2); /* QEMU clears CF */
	check("its CS", trap.frame.rbx, KERNEL_CODE);
	check("its SS", trap.frame.rbp, KERNEL_CODE + 8);
	write_msr(MSR_LSTAR, (uintptr_t)syscall_back);
	run_user(user_syscall, USER_CODE64, RFLAGS_DF | RFLAGS_CF, 0, 0);
	check_trap("SYSRET", 0x81, 0);
	check("the flags again", trap.frame.rflags, 2 | RFLAGS_DF | RFLAGS_CF);
	check("SYSRET's CS", trap.frame.rbx, USER_CODE64 | 3);
	check("SYSRET's SS", trap.frame.rbp, USER_DATA | 3);
	write_msr(MSR_LSTAR, (uintptr_t)syscall_back32);
	run_user(user_syscall, USER_CODE64, 0, 0, 0);
	check_trap("SYSRET to 32-bit code", 0x81, 0);
	check("its 32-bit CS", trap.frame.rbx, USER_CODE32 | 3);
	if (in_qemu()) {
		skip("SYSCALL in compatibility mode", "QEMU has AMD's");
		return;
	}
	run_user(user_syscall32, USER_CODE32, 0, 0, 0);
	check_trap("SYSCALL in compatibility mode", 6, 0);
}

void test_events(void)
{
	test_frames();
	test_gate_errors();
	test_double_fault();
	test_user();
	test_iret();
	test_syscall();
}
