// SPDX-License-Identifier: MIT
/*
 * Decoded code and memory shared with others: self- and cross-modified code, host writes, aliases,
 * atomic operations between vCPUs; state that instructions save and restore.
 */
#include <pthread.h>

#include "guest.h"

/* Overwrites the immediate of an instruction that follows in the same block. */
GUEST(modify_next, "movb $5, 1f+1(%rip)\n nop\n 1: mov $1, %eax");

static void test_same_block(void **state)
{
	struct guest *g = *state;

	LOAD(g, modify_next);
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 5);
}

/* A loop that increments its own ADD's immediate: 1 + 2 + ... + 100, modulo nothing lost. */
GUEST(modify_loop, "xor %eax, %eax\n mov $100, %ecx\n 1: .byte 0x05, 1, 0, 0, 0\n incb "
		   "1b+1(%rip)\n dec %ecx\n jnz 1b");

static void test_loop(void **state)
{
	struct guest *g = *state;

	LOAD(g, modify_loop);
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 5050);
}

/* The same through another linear address of the page, with a string instruction, and across a
 * page's end. */
GUEST(modify_alias,
      "call 1f\n mov %eax, %ebx\n mov $7, %al\n lea 1f+1(%rip), %rdi\n add $0x200000, %rdi\n"
      "mov $1, %ecx\n rep stosb\n call 1f\n jmp 2f\n 1: mov $1, %eax\n ret\n 2:");

static void test_alias(void **state)
{
	struct guest *g = *state;

	LOAD(g, modify_alias);
	*guest_pte(g, CODE + 0x200000) = CODE | 7;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RBX], 1);
	assert_int_equal(g->s->gpr[CPU_RAX], 7);
}

/* mov $1, %eax whose immediate starts a new page, run twice with a write to it between. */
static void test_crossing_instruction(void **state)
{
	struct guest *g = *state;
	static const uint8_t code[] = {
		0xff, 0xd3, 0xc6, 0x06, 0x09, 0xff, 0xd3
	}; /* call rbx; movb $9, (rsi); call rbx */

	guest_load(g, code, code + sizeof(code));
	memcpy(g->memory + DATA + 0xfff, "\xb8\x01\x00\x00\x00\xc3", 6);
	g->s->gpr[CPU_RBX] = DATA + 0xfff;
	g->s->gpr[CPU_RSI] = DATA + 0x1000;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 9);
	/* Remapping its second page must be seen too. */
	guest_load(g, code, code + sizeof(code));
	g->s->gpr[CPU_RBX] = DATA + 0xfff;
	g->s->gpr[CPU_RSI] = DATA + 0x5000;
	memcpy(g->memory + DATA + 0x2000, "\x21\x00\x00\x00\xc3", 5);
	*guest_pte(g, DATA + 0x1000) = (DATA + 0x2000) | 7;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 0x21);
}

GUEST(return_one, "mov $1, %eax");

static void test_host_write(void **state)
{
	struct guest *g = *state;

	LOAD(g, return_one);
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 1);
	g->memory[CODE + 1] = 2;
	cpu_invalidate_code(g->group, g->memory + CODE + 1, 1);
	g->s->rip = CODE;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 2);
}

/* Without being told of the write, but of an INVEPT, the CPU compares its code with memory. */
static void test_host_write_and_flush(void **state)
{
	struct guest *g = *state;

	LOAD(g, return_one);
	guest_run(g, CPU_EXIT_VMCALL);
	g->memory[CODE + 1] = 3;
	cpu_flush_tlb_all(g->cpu);
	g->s->rip = CODE;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 3);
}

/* Data beside code in one page: writes to it are right and don't disturb. */
GUEST(mixed, "mov $1000, %ecx\n 1: incq 2f(%rip)\n dec %ecx\n jnz 1b\n mov 2f(%rip), %rax\n jmp "
	     "3f\n .balign 64\n 2: .quad 0\n 3:");

static void test_data_beside_code(void **state)
{
	struct guest *g = *state;

	LOAD(g, mixed);
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 1000);
}

/* More code than the cache of blocks holds: 350 thousand short blocks, each run twice. */
static void test_cache_overflow(void **state)
{
	struct guest *g = *state;
	static const uint8_t start[] = { 0xff, 0xd3, 0xff, 0xd3 }; /* call rbx; call rbx */
	uint8_t *p = g->memory + 0x400000;
	unsigned n = 350000;

	guest_load(g, start, start + sizeof(start));
	for (unsigned i = 0; i < n; i++, p += 5)
		memcpy(p, "\xff\xc0\xeb\x01\x90", 5); /* inc eax; jmp +1; nop */
	*p = 0xc3;
	g->s->gpr[CPU_RBX] = 0x400000;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 2 * n);
}

GUEST(count_up, "mov $200000, %ecx\n 1: lock incq (%rdi)\n lock addl $1, 8(%rdi)\n mov $1, %eax\n "
		"lock xadd %rax, 16(%rdi)\n"
		"lock btsl $3, 24(%rdi)\n 2: mov 32(%rdi), %rax\n lea 1(%rax), %rdx\n lock cmpxchg "
		"%rdx, 32(%rdi)\n jnz 2b\n"
		"lock incl 61(%rdi)\n dec %ecx\n jnz 1b");

static void *run_guest(void *arg)
{
	struct guest *g = arg;

	cpu_run(g->cpu, &g->exit);
	return NULL;
}

static void start_sibling(struct guest *first, struct guest *second)
{
	*second->s = *first->s;
	second->s->gpr[CPU_RSP] = STACK + 0x8000;
}

static void test_locked_operations(void **state)
{
	struct guest *g = *state, *other = guest_create_sibling(g);
	pthread_t thread;

	LOAD(g, count_up);
	start_sibling(g, other);
	assert_int_equal(pthread_create(&thread, NULL, run_guest, other), 0);
	guest_run(g, CPU_EXIT_VMCALL);
	pthread_join(thread, NULL);
	assert_int_equal(other->exit.reason, CPU_EXIT_VMCALL);
	assert_int_equal(guest_read(g, DATA), 400000);
	assert_int_equal(guest_read(g, DATA + 8), 400000);
	assert_int_equal(guest_read(g, DATA + 16), 400000);
	assert_int_equal(guest_read(g, DATA + 32), 400000);
	assert_int_equal(guest_read(g, DATA + 61) & 0xffffffff, 400000);
	guest_destroy(other);
}

/* One vCPU patches a function that another keeps calling; the other serializes (CPUID) when it sees
 * the flag. */
GUEST(caller, "1: call 3f\n cmpb $1, (%rdi)\n jne 1b\n 2: mov %cr3, %rax\n mov %rax, %cr3\n call "
	      "3f\n jmp 4f\n"
	      ".balign 64\n 3: mov $1, %ebx\n ret\n 4:");
GUEST(patcher,
      "mov $2000000, %ecx\n 1: dec %ecx\n jnz 1b\n movb $0x42, 0x41(%rsi)\n movb $1, (%rdi)");

static void test_cross_modification(void **state)
{
	struct guest *g = *state, *other = guest_create_sibling(g);
	pthread_t thread;

	LOAD(g, caller);
	start_sibling(g, other);
	memcpy(g->memory + CODE + 0x4000, patcher, (size_t)(patcher_end - patcher));
	memcpy(g->memory + CODE + 0x4000 + (patcher_end - patcher), "\x0f\x01\xc1", 3);
	other->s->rip = CODE + 0x4000;
	other->s->gpr[CPU_RSI] = CODE;
	assert_int_equal(g->memory[CODE + 0x40], 0xbb);
	assert_int_equal(pthread_create(&thread, NULL, run_guest, other), 0);
	guest_run(g, CPU_EXIT_VMCALL);
	pthread_join(thread, NULL);
	assert_int_equal(other->exit.reason, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RBX], 0x42);
	guest_destroy(other);
}

GUEST(save_all, "xsave (%rdi)\n xsavec 0x1000(%rdi)\n fninit\n pxor %xmm3, %xmm3\n movl $0x1f81, "
		"0x2000(%rdi)\n"
		"ldmxcsr 0x2000(%rdi)\n xrstor (%rdi)\n xsave 0x3000(%rdi)\n pxor %xmm3, %xmm3\n "
		"xrstor 0x1000(%rdi)");

static void test_xsave(void **state)
{
	struct guest *g = *state;
	struct cpu_fx before;

	LOAD(g, save_all);
	g->s->cr4 |= 1 << 18;
	g->s->xcr0 = 3;
	g->s->gpr[CPU_RAX] = 3;
	g->s->gpr[CPU_RDX] = 0;
	g->s->fx.fcw = 0x27f;
	g->s->fx.ftw = 0x80;
	memset(g->s->fx.st[0], 0x3f, 10);
	memset(g->s->fx.xmm[3], 0x77, 16);
	g->s->fx.mxcsr = 0x3f80;
	before = g->s->fx;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(guest_read(g, DATA + 512), 3); /* XSTATE_BV */
	assert_int_equal(guest_read(g, DATA + 520), 0);
	assert_int_equal(guest_read(g, DATA + 0x1000 + 520), 1ull << 63 | 3);
	assert_memory_equal(g->memory + DATA + 160 + 48, before.xmm[3], 16);
	assert_memory_equal(g->memory + DATA + 32, g->memory + DATA + 0x3000 + 32, 384);
	assert_int_equal(g->s->fx.mxcsr, 0x3f80);
	assert_int_equal(g->s->fx.fcw, 0x27f);
	assert_memory_equal(g->s->fx.xmm, before.xmm, sizeof(before.xmm));
	assert_memory_equal(g->s->fx.st[0], before.st[0], 10);
}

GUEST(restore_header, "xrstor (%rdi)");

static void test_xrstor_refuses(void **state)
{
	struct guest *g = *state;

	LOAD(g, restore_header);
	g->s->cr4 |= 1 << 18;
	g->s->xcr0 = 3;
	guest_write(g, DATA + 512, 4); /* a component that XCR0 doesn't have */
	guest_run_to_vector(g, 13);
	LOAD(g, restore_header);
	g->s->cr4 |= 1 << 18;
	g->s->gpr[CPU_RDI] = DATA + 8; /* not aligned */
	guest_run_to_vector(g, 13);
	LOAD(g, restore_header); /* CR4.OSXSAVE is off */
	guest_run_to_vector(g, 6);
}

/* Copying the state is a snapshot: resuming it repeats the run. */
GUEST(mix, "1: imul $1103515245, %rax\n add %rax, (%rdi)\n ror $7, %rax\n dec %ecx\n jnz 1b\n mov "
	   "(%rdi), %rbx");

static void test_snapshot(void **state)
{
	struct guest *g = *state;
	struct cpu_state snapshot;
	uint64_t memory, first;

	LOAD(g, mix);
	g->s->gpr[CPU_RAX] = 12345;
	g->s->gpr[CPU_RCX] = 1000;
	cpu_controls(g->cpu)->budget = 777;
	guest_run(g, CPU_EXIT_PREEMPTION_TIMER);
	cpu_controls(g->cpu)->budget = 0;
	snapshot = *g->s;
	memory = guest_read(g, DATA);
	guest_run(g, CPU_EXIT_VMCALL);
	first = g->s->gpr[CPU_RBX];
	*g->s = snapshot;
	guest_write(g, DATA, memory);
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RBX], first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same_block),
		TEST(test_loop),
		TEST(test_alias),
		TEST(test_crossing_instruction),
		TEST(test_host_write),
		TEST(test_host_write_and_flush),
		TEST(test_data_beside_code),
		TEST(test_cache_overflow),
		TEST(test_locked_operations),
		TEST(test_cross_modification),
		TEST(test_xsave),
		TEST(test_xrstor_refuses),
		TEST(test_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
