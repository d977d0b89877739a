// SPDX-License-Identifier: MIT
/*
 * Exceptions, interrupts and privilege changes: frames, stacks, double and triple faults,
 * injection, shadows, single steps.
 */
#include <pthread.h>
#include <unistd.h>

#include "guest.h"

static void set_gate(struct guest *g, unsigned vector, uint64_t bits)
{
	guest_write(g, IDT + 16 * vector, guest_read(g, IDT + 16 * vector) | bits);
}

#define GATE_DPL3 (3ull << 45)
#define GATE_IST1 (1ull << 32)
#define GATE_TRAP (1ull << 40)

GUEST(undefined, "mov $7, %eax\n ud2");
GUEST(divide, "xor %ecx, %ecx\n div %ecx");
GUEST(nothing, "nop\n nop\n nop\n nop");

static void test_frame(void **state)
{
	struct guest *g = *state;

	LOAD(g, undefined);
	g->s->gpr[CPU_RSP] = STACK - 3;
	g->s->rflags = 0x247;
	guest_run_to_vector(g, 6);
	assert_int_equal(g->s->gpr[CPU_RSP], ((STACK - 3) & ~15ull) - 40);
	assert_int_equal(guest_frame(g, 0), CODE + 5);
	assert_int_equal(guest_frame(g, 1), SEL_CODE64);
	assert_int_equal(guest_frame(g, 2), 0x10247); /* RF: it is a fault */
	assert_int_equal(guest_frame(g, 3), STACK - 3);
	assert_int_equal(guest_frame(g, 4), SEL_DATA);
	assert_int_equal(g->s->rflags & 0x200, 0);
	LOAD(g, divide);
	guest_run_to_vector(g, 0);
	assert_int_equal(guest_frame(g, 0), CODE + 2);
}

GUEST(int80, "int $0x80\n mov $9, %eax");

static void test_user_to_kernel(void **state)
{
	struct guest *g = *state;

	LOAD(g, int80);
	guest_user(g);
	guest_run_to_vector(g, 13); /* the gate is for CPL 0 only */
	assert_int_equal(guest_frame(g, 0), 0x80 * 8 + 2);
	set_gate(g, 0x80, GATE_DPL3 | GATE_TRAP);
	LOAD(g, int80);
	guest_user(g);
	g->s->rflags = 0x202;
	guest_run_to_vector(g, 0x80);
	assert_int_equal(g->s->gpr[CPU_RSP], STACK0 - 40);
	assert_int_equal(guest_frame(g, 0), CODE + 2);
	assert_int_equal(guest_frame(g, 1), SEL_USER64 | 3);
	assert_int_equal(guest_frame(g, 4), SEL_USER_DATA | 3);
	assert_int_equal(g->s->seg[CPU_SS].selector, 0);
	assert_int_equal(g->s->rflags & 0x200, 0x200); /* a trap gate leaves IF */
	guest_skip(g);				       /* IRETQ back to the program */
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 9);
	assert_int_equal(g->s->seg[CPU_CS].selector, SEL_USER64 | 3);
	assert_int_equal(g->s->gpr[CPU_RSP], STACK);
}

static void test_ist(void **state)
{
	struct guest *g = *state;

	set_gate(g, 6, GATE_IST1);
	LOAD(g, undefined);
	guest_run_to_vector(g, 6);
	assert_int_equal(g->s->gpr[CPU_RSP], STACK_IST - 40);
}

static void test_double_and_triple_fault(void **state)
{
	struct guest *g = *state;

	LOAD(g, divide);
	guest_write(g, IDT, 0); /* #DE finds no gate: #GP, both contributory */
	guest_write(g, IDT + 16 * 13, 0);
	guest_run_to_vector(g, 8);
	assert_int_equal(guest_frame(g, 0), 0);
	LOAD(g, divide);
	guest_write(g, IDT + 16 * 8, 0);
	guest_run(g, CPU_EXIT_TRIPLE_FAULT);
	assert_int_equal(g->s->rip, CODE + 2);
}

GUEST(enter_kernel, "syscall\n mov $3, %ebx");
GUEST(kernel, "swapgs\n mov %gs:0, %rax\n swapgs\n sysretq");

static void test_syscall(void **state)
{
	struct guest *g = *state;

	LOAD(g, enter_kernel);
	memcpy(g->memory + CODE + 0x800, kernel, (size_t)(kernel_end - kernel));
	guest_user(g);
	guest_write(g, DATA + 0x100, 0xfeed);
	g->s->star = (uint64_t)SEL_CODE64 << 32 | (uint64_t)(SEL_USER32 | 3) << 48;
	g->s->lstar = CODE + 0x800;
	g->s->fmask = 0x200;
	g->s->kernel_gs_base = DATA + 0x100;
	g->s->rflags = 0x202;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 0xfeed);
	assert_int_equal(g->s->gpr[CPU_RBX], 3);
	assert_int_equal(g->s->gpr[CPU_RCX], CODE + 2);
	assert_int_equal(g->s->gpr[CPU_R11], 0x202);
	assert_int_equal(g->s->seg[CPU_CS].selector, SEL_USER64 | 3);
	assert_int_equal(g->s->seg[CPU_SS].selector, SEL_USER_DATA | 3);
	assert_int_equal(g->s->rflags & 0x200, 0x200);
}

static void test_injection(void **state)
{
	struct guest *g = *state;

	LOAD(g, nothing);
	assert_true(cpu_inject(g->cpu, 0x80000314, 0, 0)); /* #VE */
	guest_run_to_vector(g, 20);
	assert_int_equal(guest_frame(g, 0), CODE);
	LOAD(g, nothing);
	assert_true(cpu_inject(g->cpu, 0x80000b0d, 0x1234, 0)); /* #GP(0x1234) */
	guest_run_to_vector(g, 13);
	assert_int_equal(guest_frame(g, 0), 0x1234);
	LOAD(g, nothing);
	assert_true(cpu_inject(g->cpu, 0x80000431, 0, 2)); /* INT 0x31, two bytes long */
	guest_run_to_vector(g, 0x31);
	assert_int_equal(guest_frame(g, 0), CODE + 2);
	assert_false(cpu_inject(g->cpu, 0x00000314, 0, 0)); /* not valid */
	assert_false(cpu_inject(g->cpu, 0x80000120, 0, 0)); /* type 1 */
	assert_false(cpu_inject(g->cpu, 0x80000203, 0, 0)); /* an NMI has vector 2 */
	assert_false(cpu_inject(g->cpu, 0x80000820, 0, 0)); /* an interrupt has no error code */
}

/* The second stage refuses the stack while an exception is delivered: the exit names the event. */
static void test_vectoring_information(void **state)
{
	struct guest *g = *state;

	LOAD(g, undefined);
	g->hole = STACK - 0x1000;
	guest_run(g, CPU_EXIT_EPT_VIOLATION);
	assert_int_equal(g->exit.vectoring_info, 0x80000306);
	assert_int_equal(g->exit.gpa, STACK - 40);
	assert_int_equal(g->s->rip, CODE + 5);
	assert_int_equal(g->s->gpr[CPU_RSP], STACK);
	g->hole = 0;
	assert_true(cpu_inject(g->cpu, g->exit.vectoring_info, 0, 0));
	guest_run_to_vector(g, 6);
}

GUEST(enable, "cli\n sti\n mov $1, %eax\n mov $2, %eax\n nop");

static void test_interrupt_after_sti(void **state)
{
	struct guest *g = *state;

	LOAD(g, enable);
	g->pending = 0x55;
	cpu_raise_interrupt(g->cpu);
	guest_run_to_vector(g, 0x55);
	assert_int_equal(g->acknowledged, 0x55);
	assert_int_equal(g->s->gpr[CPU_RAX], 1); /* one more instruction after STI */
	assert_int_equal(guest_frame(g, 2) & 0x200, 0x200);
}

GUEST(load_stack, "mov %cx, %ss\n mov $1, %eax\n mov $2, %eax");

static void test_mov_ss_shadow(void **state)
{
	struct guest *g = *state;

	LOAD(g, load_stack);
	g->s->gpr[CPU_RCX] = SEL_DATA;
	g->s->rflags = 0x202;
	cpu_controls(g->cpu)->budget = 1;
	guest_run(g, CPU_EXIT_PREEMPTION_TIMER);
	assert_int_equal(g->s->interruptibility, CPU_BLOCKING_BY_MOV_SS);
	cpu_controls(g->cpu)->budget = 0;
	g->pending = 0x55;
	cpu_raise_interrupt(g->cpu);
	cpu_raise_nmi(g->cpu);
	guest_run_to_vector(g, 2); /* the NMI goes first, after the shadow */
	assert_int_equal(g->s->gpr[CPU_RAX], 1);
	assert_int_equal(g->s->interruptibility, CPU_BLOCKING_BY_NMI);
	guest_skip(g);
	guest_run_to_vector(g, 0x55);
	assert_int_equal(g->s->interruptibility, 0);
}

static void test_interrupt_window(void **state)
{
	struct guest *g = *state;

	LOAD(g, enable);
	cpu_controls(g->cpu)->exits |= CPU_EXITS_INTERRUPT_WINDOW;
	guest_run(g, CPU_EXIT_INTERRUPT_WINDOW);
	assert_int_equal(g->s->rip, CODE + 7);
	assert_int_equal(g->s->gpr[CPU_RAX], 1);
}

static void test_single_step(void **state)
{
	struct guest *g = *state;

	LOAD(g, nothing);
	g->s->rflags = 0x102;
	guest_run_to_vector(g, 1);
	assert_int_equal(guest_frame(g, 0), CODE + 1);
	assert_int_equal(guest_frame(g, 2) & 0x100, 0x100);
	assert_int_equal(g->s->dr[6] & 0x4000, 0x4000);
	guest_skip(g);
	guest_run_to_vector(g, 1);
	assert_int_equal(guest_frame(g, 0), CODE + 2);
}

static void test_monitor_trap_and_budget(void **state)
{
	struct guest *g = *state;
	uint64_t before;

	LOAD(g, nothing);
	cpu_controls(g->cpu)->exits |= CPU_EXITS_MTF;
	guest_run(g, CPU_EXIT_MTF);
	assert_int_equal(g->s->rip, CODE + 1);
	guest_run(g, CPU_EXIT_MTF);
	assert_int_equal(g->s->rip, CODE + 2);
	assert_true(cpu_inject(g->cpu, 0x80000314, 0, 0));
	guest_run(g, CPU_EXIT_MTF);
	assert_int_equal(g->s->rip, HANDLERS + 16 * 20);
	LOAD(g, nothing);
	cpu_controls(g->cpu)->exits &= ~CPU_EXITS_MTF;
	cpu_controls(g->cpu)->budget = 3;
	before = cpu_instructions(g->cpu);
	guest_run(g, CPU_EXIT_PREEMPTION_TIMER);
	assert_int_equal(g->s->rip, CODE + 3);
	assert_int_equal(cpu_instructions(g->cpu) - before, 3);
}

GUEST(forever, "1: inc %rax\n jmp 1b");
GUEST(forever_string, "mov $-1, %rcx\n rep lodsb");

static void *kick_soon(void *arg)
{
	usleep(20000);
	cpu_kick(arg);
	return NULL;
}

static void test_kick(void **state)
{
	struct guest *g = *state;
	pthread_t thread;

	LOAD(g, forever);
	assert_int_equal(pthread_create(&thread, NULL, kick_soon, g->cpu), 0);
	guest_run(g, CPU_EXIT_EXTERNAL_INTERRUPT);
	pthread_join(thread, NULL);
	assert_true(g->s->gpr[CPU_RAX] > 0);
	LOAD(g, forever);
	g->s->gpr[CPU_RAX] = 0;
	cpu_kick(g->cpu); /* before the run: it ends at once */
	guest_run(g, CPU_EXIT_EXTERNAL_INTERRUPT);
	assert_int_equal(g->s->gpr[CPU_RAX], 0);
}

/* The budget is exact wherever it ends: every length gives the same state as single steps. */
static void test_budget_everywhere(void **state)
{
	struct guest *g = *state;

	for (uint64_t n = 1; n < 300; n += 7) {
		LOAD(g, forever);
		g->s->gpr[CPU_RAX] = 0;
		cpu_controls(g->cpu)->budget = n;
		guest_run(g, CPU_EXIT_PREEMPTION_TIMER);
		assert_int_equal(g->s->gpr[CPU_RAX], (n + 1) / 2);
		assert_int_equal(g->s->rip, n & 1 ? CODE + 3 : CODE);
	}
}

static void test_rep_is_interruptible(void **state)
{
	struct guest *g = *state;

	LOAD(g, forever_string);
	g->s->gpr[CPU_RSI] = DATA;
	g->s->rflags = 0x102;
	guest_run_to_vector(g, 1);
	guest_skip(g);
	guest_run_to_vector(g, 1); /* one element per step */
	assert_int_equal(g->s->gpr[CPU_RSI], DATA + 1);
	assert_int_equal(guest_frame(g, 0), CODE + 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_frame),
		TEST(test_user_to_kernel),
		TEST(test_ist),
		TEST(test_double_and_triple_fault),
		TEST(test_syscall),
		TEST(test_injection),
		TEST(test_vectoring_information),
		TEST(test_interrupt_after_sti),
		TEST(test_mov_ss_shadow),
		TEST(test_interrupt_window),
		TEST(test_single_step),
		TEST(test_monitor_trap_and_budget),
		TEST(test_kick),
		TEST(test_budget_everywhere),
		TEST(test_rep_is_interruptible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
