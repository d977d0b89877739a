// SPDX-License-Identifier: MIT
/*
 * Every intercept: its reason, qualification, length, and that the state stays at the instruction.
 */
#include "guest.h"

#define ALWAYS 0u

/* One instruction with the control that makes it exit. */
struct exit_case {
	const char *name;
	uint8_t bytes[8];
	uint8_t len;
	uint32_t control, reason;
	uint64_t qualification;
	int vector_user; /* what it is at CPL 3: an exception, or -1 for the same exit */
	int vector_off;	 /* what it is with the control off, -1: nothing happens */
};

static const struct exit_case cases[] = {
	{ "cpuid", { 0x0f, 0xa2 }, 2, ALWAYS, CPU_EXIT_CPUID, 0, -1, 0 },
	{ "invd", { 0x0f, 0x08 }, 2, ALWAYS, CPU_EXIT_INVD, 0, 13, 0 },
	{ "vmcall", { 0x0f, 0x01, 0xc1 }, 3, ALWAYS, CPU_EXIT_VMCALL, 0, -1, 0 },
	{ "tdcall", { 0x66, 0x0f, 0x01, 0xcc }, 4, ALWAYS, CPU_EXIT_TDCALL, 0, -1, 0 },
	{ "seamcall", { 0x66, 0x0f, 0x01, 0xcf }, 4, ALWAYS, CPU_EXIT_SEAMCALL, 0, -1, 0 },
	{ "vmlaunch", { 0x0f, 0x01, 0xc2 }, 3, ALWAYS, CPU_EXIT_VMLAUNCH, 0, -1, 0 },
	{ "vmresume", { 0x0f, 0x01, 0xc3 }, 3, ALWAYS, CPU_EXIT_VMRESUME, 0, -1, 0 },
	{ "vmxoff", { 0x0f, 0x01, 0xc4 }, 3, ALWAYS, CPU_EXIT_VMXOFF, 0, -1, 0 },
	{ "vmptrld", { 0x0f, 0xc7, 0x77, 0x10 }, 4, ALWAYS, CPU_EXIT_VMPTRLD, 0x10, -1, 0 },
	{ "vmread", { 0x0f, 0x78, 0xc1 }, 3, ALWAYS, CPU_EXIT_VMREAD, 0, -1, 0 },
	{ "invept", { 0x66, 0x0f, 0x38, 0x80, 0x07 }, 5, ALWAYS, CPU_EXIT_INVEPT, 0, -1, 0 },
	{ "xsetbv", { 0x0f, 0x01, 0xd1 }, 3, ALWAYS, CPU_EXIT_XSETBV, 0, 13, 0 },
	{ "getsec", { 0x0f, 0x37 }, 2, ALWAYS, CPU_EXIT_GETSEC, 0, -1, 0 },
	{ "hlt", { 0xf4 }, 1, ALWAYS, CPU_EXIT_HLT, 0, 13, 0 },
	{ "wbinvd", { 0x0f, 0x09 }, 2, CPU_EXITS_WBINVD, CPU_EXIT_WBINVD, 0, 13, -1 },
	{ "rdtsc", { 0x0f, 0x31 }, 2, CPU_EXITS_RDTSC, CPU_EXIT_RDTSC, 0, -1, -1 },
	{ "rdtscp", { 0x0f, 0x01, 0xf9 }, 3, CPU_EXITS_RDTSC, CPU_EXIT_RDTSCP, 0, -1, -1 },
	{ "rdpmc", { 0x0f, 0x33 }, 2, CPU_EXITS_RDPMC, CPU_EXIT_RDPMC, 0, 13, 13 },
	{ "invlpg", { 0x0f, 0x01, 0x3f }, 3, CPU_EXITS_INVLPG, CPU_EXIT_INVLPG, DATA, 13, -1 },
	{ "monitor", { 0x0f, 0x01, 0xc8 }, 3, CPU_EXITS_MONITOR, CPU_EXIT_MONITOR, 0, -1, 6 },
	{ "mwait", { 0x0f, 0x01, 0xc9 }, 3, CPU_EXITS_MWAIT, CPU_EXIT_MWAIT, 0, -1, 6 },
	{ "pause", { 0xf3, 0x90 }, 2, CPU_EXITS_PAUSE, CPU_EXIT_PAUSE, 0, -1, -1 },
	{ "pconfig", { 0x0f, 0x01, 0xc5 }, 3, CPU_EXITS_PCONFIG, CPU_EXIT_PCONFIG, 0, 13, 6 },
	{ "mov rax, dr7", { 0x0f, 0x21, 0xf8 }, 3, CPU_EXITS_DR, CPU_EXIT_DR, 0x17, 13, -1 },
	{ "mov dr0, rcx", { 0x0f, 0x23, 0xc1 }, 3, CPU_EXITS_DR, CPU_EXIT_DR, 0x100, 13, -1 },
	{ "mov cr3, rdx", { 0x0f, 0x22, 0xda }, 3, CPU_EXITS_CR3_LOAD, CPU_EXIT_CR, 0x203, 13, -1 },
	{ "mov rbx, cr3",
	  { 0x0f, 0x20, 0xdb },
	  3,
	  CPU_EXITS_CR3_STORE,
	  CPU_EXIT_CR,
	  0x313,
	  13,
	  -1 },
	{ "mov cr8, r9",
	  { 0x45, 0x0f, 0x22, 0xc1 },
	  4,
	  CPU_EXITS_CR8_LOAD,
	  CPU_EXIT_CR,
	  0x908,
	  13,
	  -1 },
	{ "mov r8, cr8",
	  { 0x45, 0x0f, 0x20, 0xc0 },
	  4,
	  CPU_EXITS_CR8_STORE,
	  CPU_EXIT_CR,
	  0x818,
	  13,
	  -1 },
	{ "in al, 0x71", { 0xe4, 0x71 }, 2, CPU_EXITS_IO, CPU_EXIT_IO, 0x710048, 13, -1 },
	{ "in eax, dx", { 0xed }, 1, CPU_EXITS_IO, CPU_EXIT_IO, 0x10000b, 13, -1 },
	{ "out 0x80, al", { 0xe6, 0x80 }, 2, CPU_EXITS_IO, CPU_EXIT_IO, 0x800040, 13, -1 },
	{ "out dx, ax", { 0x66, 0xef }, 2, CPU_EXITS_IO, CPU_EXIT_IO, 0x100001, 13, -1 },
	{ "insb", { 0x6c }, 1, ALWAYS, CPU_EXIT_IO, 0x100018, 13, 0 },
	{ "rep outsd", { 0xf3, 0x6f }, 2, ALWAYS, CPU_EXIT_IO, 0x100033, 13, 0 },
};

static void prepare(struct guest *g, const struct exit_case *c, bool user, bool on)
{
	guest_load(g, c->bytes, c->bytes + c->len);
	memset(g->memory + CODE + c->len, 0x90, 4);
	memcpy(g->memory + CODE + c->len + 4, "\xf4", 1);
	g->s->gpr[CPU_RDX] = c->reason == CPU_EXIT_CR ? PML4 : 0x10;
	g->s->gpr[CPU_RCX] = 1;
	g->s->gpr[CPU_RSI] = DATA;
	cpu_controls(g->cpu)->exits = CPU_EXITS_HLT | (on ? c->control : 0);
	if (user)
		guest_user(g);
}

static void test_table(void **state)
{
	struct guest *g = *state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct exit_case *c = &cases[i];

		prepare(g, c, false, true);
		cpu_run(g->cpu, &g->exit);
		if (g->exit.reason != c->reason || g->exit.qualification != c->qualification ||
		    g->exit.insn_len != c->len || g->s->rip != CODE)
			fail_msg("%s: exit %u, qualification %lx, length %u", c->name,
				 g->exit.reason, (unsigned long)g->exit.qualification,
				 g->exit.insn_len);
		prepare(g, c, true, true);
		cpu_run(g->cpu, &g->exit);
		if (c->vector_user < 0 ? g->exit.reason != c->reason
				       : g->s->rip != HANDLERS + 16u * c->vector_user)
			fail_msg("%s at CPL 3: exit %u at %lx", c->name, g->exit.reason,
				 (unsigned long)g->s->rip);
		if (c->control == ALWAYS)
			continue;
		prepare(g, c, false, false);
		cpu_run(g->cpu, &g->exit);
		if (c->vector_off < 0 ? g->s->rip != CODE + c->len + 4u
				      : g->s->rip != HANDLERS + 16u * c->vector_off)
			fail_msg("%s, not intercepted: exit %u at %lx", c->name, g->exit.reason,
				 (unsigned long)g->s->rip);
	}
}

GUEST(string_out, "rep outsb");

static void test_string_io(void **state)
{
	struct guest *g = *state;

	LOAD(g, string_out);
	g->s->gpr[CPU_RSI] = DATA + 5;
	g->s->gpr[CPU_RCX] = 0;
	guest_run(g, CPU_EXIT_VMCALL); /* nothing to do: no exit */
	LOAD(g, string_out);
	g->s->gpr[CPU_RSI] = DATA + 5;
	g->s->gpr[CPU_RCX] = 2;
	guest_run(g, CPU_EXIT_IO);
	assert_int_equal(g->exit.gla, DATA + 5);
	assert_int_equal(g->exit.insn_info, 2u << 7 | CPU_DS << 15);
}

GUEST(read_msr, "mov $0x1b, %ecx\n rdmsr");
GUEST(write_msr, "mov $0x1b, %ecx\n mov $0x11111111, %eax\n mov $0x22222222, %edx\n wrmsr");
GUEST(own_msrs, "mov $0xc0000101, %ecx\n mov $0x1000, %eax\n xor %edx, %edx\n wrmsr\n xor %eax, "
		"%eax\n rdmsr\n"
		"mov %rax, %rbx\n mov $0xc0000080, %ecx\n rdmsr\n mov %rax, %rsi\n mov $0x12345, "
		"%ecx\n rdmsr");

static void test_msrs(void **state)
{
	struct guest *g = *state;

	g->msr_index = 0x1b;
	g->msr_value = 0x1234567890;
	g->msr_answer = CPU_MSR_DONE;
	LOAD(g, read_msr);
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 0x34567890);
	assert_int_equal(g->s->gpr[CPU_RDX], 0x12);
	LOAD(g, write_msr);
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->msr_value, 0x2222222211111111);
	g->msr_answer = CPU_MSR_EXIT;
	LOAD(g, write_msr);
	guest_run(g, CPU_EXIT_WRMSR);
	assert_int_equal(g->exit.insn_len, 2);
	LOAD(g, read_msr);
	guest_run(g, CPU_EXIT_RDMSR);
	g->msr_answer = CPU_MSR_FAULT;
	LOAD(g, read_msr);
	guest_run_to_vector(g, 13);
	LOAD(g, own_msrs);
	guest_run_to_vector(g, 13); /* 0x12345 is nobody's */
	assert_int_equal(g->s->gpr[CPU_RBX], 0x1000);
	assert_int_equal(g->s->seg[CPU_GS].base, 0x1000);
	assert_int_equal(g->s->gpr[CPU_RSI], 0xd01);
}

GUEST(read_cr, "mov %cr0, %rax\n mov %cr4, %rbx");
GUEST(write_cr0, "mov %rcx, %cr0");
GUEST(write_cr4, "mov %rcx, %cr4");

/* Host-owned bits read from the shadow; writing what the shadow says changes nothing, another value
 * exits. */
static void test_cr_masks(void **state)
{
	struct guest *g = *state;
	struct cpu_controls *c = cpu_controls(g->cpu);

	c->cr4_allowed = ~0ull;
	c->cr0_mask = 1u << 16;
	c->cr4_mask = 0x2040;
	c->cr4_shadow = 0x40;
	LOAD(g, read_cr);
	g->s->cr4 |= 0x2000;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 0x80000033);
	assert_int_equal(g->s->gpr[CPU_RBX], 0x660);
	LOAD(g, write_cr4);
	g->s->cr4 |= 0x2000;
	g->s->gpr[CPU_RCX] = 0x6e0;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->cr4, 0x26a0);
	LOAD(g, write_cr4);
	g->s->gpr[CPU_RCX] = 0x2660;
	guest_run(g, CPU_EXIT_CR);
	assert_int_equal(g->exit.qualification, 0x104);
	LOAD(g, write_cr0);
	g->s->gpr[CPU_RCX] = 0x80010033;
	guest_run(g, CPU_EXIT_CR);
	assert_int_equal(g->exit.qualification, 0x100);
	c->cr0_mask = 0;
	LOAD(g, write_cr0);
	g->s->gpr[CPU_RCX] = 0x80010013; /* NE is fixed to 1 */
	guest_run_to_vector(g, 13);
}

GUEST(missing, "nop\n .byte 0xc5, 0xf8, 0x58, 0xc1"); /* vaddps */
GUEST(nonsense, ".byte 0x0f, 0x24, 0x00");

static void test_unknown_instructions(void **state)
{
	struct guest *g = *state;

	LOAD(g, missing);
	guest_run_to_vector(g, 6);
	assert_int_equal(g->unknown.rip, CODE + 1);
	assert_int_equal(g->unknown.len, 4);
	assert_memory_equal(g->unknown.bytes, missing + 1, 4);
	assert_string_equal(g->unknown.mnemonic, "vaddps");
	LOAD(g, nonsense);
	guest_run_to_vector(g, 6);
	assert_int_equal(g->unknown.rip, CODE);
	assert_null(g->unknown.mnemonic);
}

GUEST(numbers, "rdrand %rax\n setc %bl\n rdtsc\n rdtscp");

static void test_random_and_time(void **state)
{
	struct guest *g = *state;

	LOAD(g, numbers);
	g->s->tsc_aux = 77;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RBX] & 0xff, 1);
	assert_int_equal(g->s->gpr[CPU_RAX], 0x23456789);
	assert_int_equal(g->s->gpr[CPU_RDX], 1);
	assert_int_equal(g->s->gpr[CPU_RCX], 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_table),
		TEST(test_string_io),
		TEST(test_msrs),
		TEST(test_cr_masks),
		TEST(test_unknown_instructions),
		TEST(test_random_and_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
