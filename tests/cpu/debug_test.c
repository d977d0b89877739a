// SPDX-License-Identifier: MIT
/*
 * Debug exceptions: breakpoints on instructions and data, general detect, single steps across
 * SYSCALL, SYSRET and INT n; and alignment checks.
 */
#include "guest.h"

#define DR7_EXECUTE(n) ((uint64_t)1 << 2 * (n))
#define DR7_WRITE4(n)  ((uint64_t)1 << 2 * (n) | (uint64_t)0xd << (16 + 4 * (n)))
#define DR7_ACCESS8(n) ((uint64_t)2 << 2 * (n) | (uint64_t)0xb << (16 + 4 * (n)))
#define DR7_GD	       (1ull << 13)
#define DR6_BD	       0x2000u
#define DR6_BS	       0x4000u
#define DR6_BITS(g)    ((g)->s->dr[6] & 0xe00f)
#define FLAG_TF	       0x100u
#define FLAG_RF	       0x10000u
#define FLAG_AC	       0x40000u
#define CR0_AM	       (1ull << 18)

/* What a guest's debugger does: arms the breakpoint with MOV DR. */
GUEST(arm, "mov %rax, %dr0\n mov %rbx, %dr7\n mov $1, %ecx\n mov $2, %ecx\n mov $3, %ecx");

static void test_instruction_breakpoint(void **state)
{
	struct guest *g = *state;

	LOAD(g, arm);
	g->s->gpr[CPU_RAX] = CODE + 11; /* the second MOV to ECX */
	g->s->gpr[CPU_RBX] = DR7_EXECUTE(0) | 0x400;
	guest_run_to_vector(g, 1);
	assert_int_equal(guest_frame(g, 0), CODE + 11); /* a fault: not yet executed */
	assert_int_equal(g->s->gpr[CPU_RCX], 1);
	assert_int_equal(DR6_BITS(g), 1);
	assert_int_equal(guest_frame(g, 2) & FLAG_RF, 0);
	guest_write(g, g->s->gpr[CPU_RSP] + 16, guest_frame(g, 2) | FLAG_RF);
	guest_skip(g); /* IRETQ with RF set goes past it */
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RCX], 3);
	assert_int_equal(g->s->rip, CODE + 21);
	assert_int_equal(g->s->rflags & FLAG_RF, 0);
}

GUEST(touch, "mov (%rdi), %eax\n mov %al, 2(%rdi)\n movl $7, 4(%rdi)\n mov $1, %ecx\n"
	     "add %eax, -2(%rdi)\n xchg %eax, 3(%rdi)\n mov $2, %ecx");

static void test_data_breakpoint(void **state)
{
	struct guest *g = *state;

	LOAD(g, touch);
	g->s->dr[1] = DATA;
	g->s->dr[7] = DR7_WRITE4(1) | 0x400;
	guest_write(g, DATA, 0x55);
	guest_run_to_vector(g, 1); /* reading is not watched, writing one of its bytes is */
	assert_int_equal(guest_frame(g, 0), CODE + 5);
	assert_int_equal(DR6_BITS(g), 2);
	assert_int_equal(guest_read(g, DATA) & 0xff0000, 0x550000); /* a trap: it is done */
	guest_skip(g);
	guest_run_to_vector(g, 1); /* beside it nothing happens; across its start it does */
	assert_int_equal(g->s->gpr[CPU_RCX], 1);
	assert_int_equal(guest_frame(g, 0), CODE + 20);
	guest_skip(g);
	guest_run_to_vector(g, 1);
	assert_int_equal(guest_frame(g, 0), CODE + 23);
	guest_skip(g);
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RCX], 2);
}

GUEST(copy_over, "rep movsb");

static void test_data_breakpoint_in_string(void **state)
{
	struct guest *g = *state;

	LOAD(g, copy_over);
	g->s->dr[0] = DATA + 0x1008;
	g->s->dr[7] = DR7_ACCESS8(0) | 0x400;
	g->s->gpr[CPU_RSI] = DATA;
	g->s->gpr[CPU_RDI] = DATA + 0x1000;
	g->s->gpr[CPU_RCX] = 9;
	guest_run_to_vector(g, 1);
	assert_int_equal(g->s->gpr[CPU_RCX], 0); /* after the one iteration that meets it */
	assert_int_equal(g->s->gpr[CPU_RDI], DATA + 0x1009);
	LOAD(g, copy_over);
	g->s->dr[0] = DATA + 0x1008;
	g->s->dr[7] = DR7_ACCESS8(0) | 0x400;
	g->s->gpr[CPU_RSI] = DATA;
	g->s->gpr[CPU_RDI] = DATA + 0x1000;
	g->s->gpr[CPU_RCX] = 11;
	guest_run_to_vector(g, 1);
	assert_int_equal(g->s->gpr[CPU_RCX], 2);
	assert_int_equal(guest_frame(g, 0), CODE); /* in the middle: it goes on with itself */
}

GUEST(two_moves, "mov %ss, %eax\n mov %eax, %ss\n mov %eax, (%rdi)\n mov $5, %ecx");

/* A breakpoint that MOV SS itself met waits for the instruction after it; so does its own check. */
static void test_mov_ss(void **state)
{
	struct guest *g = *state;

	LOAD(g, two_moves);
	g->s->dr[0] = CODE + 4; /* in the shadow: suppressed */
	g->s->dr[1] = DATA;
	g->s->dr[7] = DR7_EXECUTE(0) | DR7_WRITE4(1) | 0x400;
	guest_run_to_vector(g, 1);
	assert_int_equal(guest_frame(g, 0), CODE + 6);
	assert_int_equal(DR6_BITS(g), 2);
}

GUEST(read_dr, "mov %dr3, %rax\n mov $1, %ecx");

static void test_general_detect(void **state)
{
	struct guest *g = *state;

	LOAD(g, read_dr);
	g->s->dr[3] = 0x1234;
	g->s->dr[7] = DR7_GD | 0x400;
	guest_run_to_vector(g, 1);
	assert_int_equal(guest_frame(g, 0), CODE);
	assert_int_equal(DR6_BITS(g), DR6_BD);
	assert_int_equal(g->s->dr[7], 0x400); /* cleared for the handler */
	guest_skip(g);
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 0x1234);
}

GUEST(system_call, "syscall\n nop\n nop");
GUEST(back, "nop\n sysretq");
GUEST(back_traced, "or $0x100, %r11d\n sysretq");
GUEST(interrupt, "int $0x80\n nop\n nop");

static void load_user(struct guest *g, const uint8_t *kernel, size_t len)
{
	LOAD(g, system_call);
	memcpy(g->memory + CODE + 0x800, kernel, len);
	guest_user(g);
	g->s->star = (uint64_t)SEL_CODE64 << 32 | (uint64_t)(SEL_USER32 | 3) << 48;
	g->s->lstar = CODE + 0x800;
	g->s->fmask = FLAG_TF;
}

/* FMASK hides TF from the kernel; SYSRET that sets it traps before the next instruction. */
static void test_step_over_syscall(void **state)
{
	struct guest *g = *state;

	load_user(g, back, (size_t)(back_end - back));
	g->s->rflags = 0x2 | FLAG_TF;
	guest_run_to_vector(g, 1);
	assert_int_equal(guest_frame(g, 0), CODE + 2);
	assert_int_equal(guest_frame(g, 1), SEL_USER64 | 3);
	assert_int_equal(DR6_BITS(g), DR6_BS);
	load_user(g, back_traced, (size_t)(back_traced_end - back_traced));
	guest_run_to_vector(g, 1);
	assert_int_equal(guest_frame(g, 0), CODE + 2);
	load_user(g, back, (size_t)(back_end - back));
	g->s->rflags = 0x2 | FLAG_TF;
	g->s->fmask =
		0; /* unmasked, the kernel's first instruction is not executed before the trap */
	guest_run_to_vector(g, 1);
	assert_int_equal(guest_frame(g, 0), CODE + 0x800);
	assert_int_equal(guest_frame(g, 1), SEL_CODE64);
}

/* INT n clears TF on its way: no trap in the handler, the next one after its return. */
static void test_step_over_int(void **state)
{
	struct guest *g = *state;

	LOAD(g, interrupt);
	g->s->rflags = 0x2 | FLAG_TF;
	guest_run_to_vector(g, 0x80);
	assert_int_equal(guest_frame(g, 0), CODE + 2);
	guest_skip(g);
	guest_run_to_vector(g, 1);
	assert_int_equal(guest_frame(g, 0), CODE + 3); /* IRET itself is not followed by one */
}

GUEST(icebp, ".byte 0xf1\n mov $1, %ecx");

static void test_int1(void **state)
{
	struct guest *g = *state;

	LOAD(g, icebp);
	g->s->dr[6] = 0xffff0ff0;
	guest_run_to_vector(g, 1);
	assert_int_equal(guest_frame(g, 0), CODE + 1);
	assert_int_equal(DR6_BITS(g), 0);
}

GUEST(misaligned,
      "mov %al, 1(%rdi)\n mov 4(%rdi), %eax\n mov 2(%rdi), %ax\n movups 8(%rdi), %xmm0\n"
      "mov 4(%rdi), %rax\n nop");

static void test_alignment_check(void **state)
{
	struct guest *g = *state;

	LOAD(g, misaligned);
	guest_user(g);
	g->s->cr0 |= CR0_AM;
	g->s->rflags = 2 | FLAG_AC;
	guest_run_to_vector(g, 17);
	assert_int_equal(guest_frame(g, 0), 0); /* error code */
	assert_int_equal(guest_frame(g, 1), CODE + 14);
	LOAD(g, misaligned); /* not without AC, nor without CR0.AM, nor for the kernel */
	guest_user(g);
	g->s->cr0 |= CR0_AM;
	guest_run(g, CPU_EXIT_VMCALL);
	LOAD(g, misaligned);
	guest_user(g);
	g->s->rflags = 2 | FLAG_AC;
	guest_run(g, CPU_EXIT_VMCALL);
	LOAD(g, misaligned);
	g->s->cr0 |= CR0_AM;
	g->s->rflags = 2 | FLAG_AC;
	guest_run(g, CPU_EXIT_VMCALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_instruction_breakpoint),
		TEST(test_data_breakpoint),
		TEST(test_data_breakpoint_in_string),
		TEST(test_mov_ss),
		TEST(test_general_detect),
		TEST(test_step_over_syscall),
		TEST(test_step_over_int),
		TEST(test_int1),
		TEST(test_alignment_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
