// SPDX-License-Identifier: MIT
/*
 * vCPUs of one group on threads of their own: locked operations on every kind of place, page-table
 * bits that another processor changes, and code that another processor writes.
 */
#include <pthread.h>

#include "guest.h"

#define ROUNDS 20000u

static void *run_guest(void *arg)
{
	struct guest *g = arg;

	cpu_run(g->cpu, &g->exit);
	return NULL;
}

/* The sibling runs the same state on a stack of its own. */
static void follow(struct guest *g, struct guest *other)
{
	*other->s = *g->s;
	other->s->gpr[CPU_RSP] = STACK - 0x8000;
}

static void run_both(struct guest *g, struct guest *other)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run_guest, other), 0);
	guest_run(g, CPU_EXIT_VMCALL);
	pthread_join(thread, NULL);
	assert_int_equal(other->exit.reason, CPU_EXIT_VMCALL);
}

/* One vCPU adds across the line's or page's end; the other to the upper four bytes alone, which are
 * aligned: no addition may be lost on either side. */
GUEST(add_both, "1: lock addq $1, (%rdi)\n lock addl $1, 4(%rdi)\n dec %ecx\n jnz 1b");

static void split_add(struct guest *g, uint64_t address)
{
	struct guest *other = guest_create_sibling(g);

	guest_write(g, address, 0);
	LOAD(g, add_both);
	g->s->gpr[CPU_RDI] = address;
	g->s->gpr[CPU_RCX] = ROUNDS;
	follow(g, other);
	run_both(g, other);
	assert_int_equal(guest_read(g, address), 2 * ROUNDS + (2ull * ROUNDS << 32));
	guest_destroy(other);
}

static void test_split_locks(void **state)
{
	split_add(*state, DATA + 0x80);
	split_add(*state, DATA + 0x83);
	split_add(*state, DATA + 60);
	split_add(*state, DATA + 0x1000 - 4);
}

/* A lock in a page that holds decoded code: taken with XCHG, given back with a plain store. */
GUEST(spin, "jmp 2f\n .balign 64\n lock: .quad 0, 0\n 2: lea lock(%rip), %rdi\n 1: mov $1, %eax\n"
	    "3: xchg %eax, (%rdi)\n test %eax, %eax\n jnz 3b\n mov 8(%rdi), %rbx\n inc %rbx\n"
	    "mov %rbx, 8(%rdi)\n movl $0, (%rdi)\n dec %ecx\n jnz 1b");

static void test_lock_beside_code(void **state)
{
	struct guest *g = *state, *other = guest_create_sibling(g);

	LOAD(g, spin);
	g->s->gpr[CPU_RCX] = ROUNDS;
	follow(g, other);
	run_both(g, other);
	assert_int_equal(guest_read(g, CODE + 64 + 8), 2 * ROUNDS);
	guest_destroy(other);
}

/* A page whose entry another processor takes away is not marked accessed or dirty afterwards. */
GUEST(keep_writing, "1: invlpg (%rdi)\n incl (%rdi)\n cmpb $0, (%rsi)\n je 1b");

#define VICTIM (DATA + 0x5000)
#define STOP   (DATA + 0x7000)
#define MARKED 20000u
#define TRIES  4000000u /* on one processor, which the threads share, there are few meetings */

static void *write_until_stopped(void *arg)
{
	struct guest *g = arg;

	for (;;) {
		cpu_run(g->cpu, &g->exit);
		if (g->exit.reason != CPU_EXIT_VMCALL || g->s->rip != HANDLERS + 16 * 14)
			return NULL;
		g->s->gpr[CPU_RSP] += 8; /* the error code */
		guest_skip(g);
	}
}

static void test_entry_taken_away(void **state)
{
	struct guest *g = *state;
	uint64_t *pte = guest_pte(g, VICTIM), entry = VICTIM | 7;
	unsigned marked = 0, lost = 0;
	pthread_t thread;

	LOAD(g, keep_writing);
	g->s->gpr[CPU_RDI] = VICTIM;
	g->s->gpr[CPU_RSI] = STOP;
	assert_int_equal(pthread_create(&thread, NULL, write_until_stopped, g), 0);
	for (unsigned i = 0; marked < MARKED && (i < TRIES || !marked); i++) {
		__atomic_store_n(pte, entry, __ATOMIC_SEQ_CST);
		for (unsigned n = i % 128; n; n--)
			__atomic_load_n(pte, __ATOMIC_SEQ_CST);
		marked += __atomic_exchange_n(pte, 0, __ATOMIC_SEQ_CST) != entry;
		for (unsigned n = 32; n; n--)
			lost += __atomic_load_n(pte, __ATOMIC_SEQ_CST) != 0;
	}
	__atomic_store_n(pte, entry, __ATOMIC_SEQ_CST);
	__atomic_store_n(g->memory + STOP, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	assert_int_equal(lost, 0);
}

/*
 * One vCPU writes a function's immediate again and again and waits until the other, which
 * serializes and calls it, has seen the new value: decoded code that stays stale never ends.
 */
GUEST(writer, "mov $1, %ebx\n 1: mov %ebx, 1(%rsi)\n mov %ebx, (%rdi)\n"
	      "2: pause\n cmp %ebx, 64(%rdi)\n jne 2b\n inc %ebx\n cmp %ecx, %ebx\n jne 1b");
GUEST(reader, "mov $1, %ebx\n 1: cmp %ebx, (%rdi)\n jne 1b\n mov %cr3, %rax\n mov %rax, %cr3\n"
	      "call *%rsi\n cmp %ebx, %eax\n jne 3f\n mov %ebx, 64(%rdi)\n inc %ebx\n"
	      "cmp %ecx, %ebx\n jne 1b\n 3:");

#define FUNCTION (DATA + 0x9000)

static void test_code_written_elsewhere(void **state)
{
	struct guest *g = *state, *other = guest_create_sibling(g);

	LOAD(g, writer);
	memcpy(g->memory + CODE + 0x4000, reader, (size_t)(reader_end - reader));
	memcpy(g->memory + CODE + 0x4000 + (reader_end - reader), "\x0f\x01\xc1", 3);
	memcpy(g->memory + FUNCTION, "\xb8\0\0\0\0\xc3", 6); /* mov $0, %eax; ret */
	g->s->gpr[CPU_RSI] = FUNCTION;
	g->s->gpr[CPU_RCX] = 200;
	follow(g, other);
	other->s->rip = CODE + 0x4000;
	run_both(g, other);
	assert_int_equal(other->s->gpr[CPU_RBX], 200);
	guest_destroy(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_split_locks),
		TEST(test_lock_beside_code),
		TEST(test_entry_taken_away),
		TEST(test_code_written_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
