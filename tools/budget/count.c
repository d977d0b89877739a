// SPDX-License-Identifier: MIT
/*
 * Counts what calls execute: a child process holds the compiled wrappers and the real common
 * routines; its parent runs each wrapper one instruction at a time up to its return, decodes every
 * instruction (Zydis), and counts instructions, loads and stores. At a SEAMCALL or TDCALL the
 * parent plays the module: it skips the four bytes, sets RAX, clears the carry flag. Nothing else
 * differs from what would run on TDX hardware. A repeated string instruction counts once, its
 * stores each.
 *
 * Output: NAME INSTRUCTIONS LOADS STORES, a line per row of count_rows (made by wrappers.py).
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <Zydis/Zydis.h>

#include "count.h"

#define STEPS_AT_MOST 10000
#define STACK_WORDS   512
#define CARRY	      1ULL

struct cost {
	unsigned instructions, loads, stores;
};

/* Memory of both processes. Every pointer that a wrapper is given points to operands; so does every
 * word of the stack. */
struct shared {
	uint64_t operands[512];
	uint64_t stack[STACK_WORDS];
};

static struct shared *shared;

static void fail(const char *what)
{
	fprintf(stderr, "count: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* To any of the code that is counted: where it returns to. */
static void stop(void)
{
}

static int is_module_call(const uint8_t *code)
{
	return code[0] == 0x66 && code[1] == 0x0F && code[2] == 0x01 &&
	       (code[3] == 0xCF || code[3] == 0xCC);
}

static void count_operands(struct cost *cost, const ZydisDecodedInstruction *insn,
			   const ZydisDecodedOperand *operand)
{
	for (unsigned i = 0; i < insn->operand_count; i++) {
		if (operand[i].type != ZYDIS_OPERAND_TYPE_MEMORY ||
		    operand[i].mem.type == ZYDIS_MEMOP_TYPE_AGEN)
			continue;
		cost->loads += (operand[i].actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
		cost->stores += (operand[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
	}
}

/* The code is the same in parent and child: read it here. */
static void count_one(struct cost *cost, uint64_t rip, uint64_t last_rip)
{
	const uint8_t *code = (const uint8_t *)rip;
	ZydisDecoder decoder;
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];

	cost->instructions += rip != last_rip;
	if (is_module_call(code))
		return;
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, ZYDIS_MAX_INSTRUCTION_LENGTH,
						 &insn, operand)))
		fail("an instruction that can't be decoded");
	if (insn.mnemonic != ZYDIS_MNEMONIC_NOP)
		count_operands(cost, &insn, operand);
}

static void step(pid_t child)
{
	int status = 0;

	if (ptrace(PTRACE_SINGLESTEP, child, 0, 0) || waitpid(child, &status, 0) != child)
		fail("single step");
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) {
		errno = 0;
		fail("the counted code did something else than run");
	}
}

static void prepare(struct user_regs_struct *regs, const struct count_row *row)
{
	uint64_t *top = &shared->stack[STACK_WORDS / 2];

	for (unsigned i = 0; i < STACK_WORDS; i++)
		shared->stack[i] = (uint64_t)shared->operands;
	top[-1] = (uint64_t)stop; /* RSP is 8 past a multiple of 16 at an entry */
	regs->rsp = (uint64_t)&top[-1];
	regs->rip = (uint64_t)row->function;
	regs->rdi = regs->rsi = regs->rdx = regs->rcx = regs->r8 = regs->r9 =
		(uint64_t)shared->operands;
}

static void answer(pid_t child, struct user_regs_struct *regs, uint64_t rax)
{
	regs->rip += 4;
	regs->rax = rax;
	regs->eflags &= ~CARRY;
	if (ptrace(PTRACE_SETREGS, child, 0, regs))
		fail("set registers");
}

static struct cost count(pid_t child, const struct user_regs_struct *start,
			 const struct count_row *row)
{
	struct user_regs_struct regs = *start;
	struct cost cost = { 0, 0, 0 };
	uint64_t last_rip = 0;

	prepare(&regs, row);
	if (ptrace(PTRACE_SETREGS, child, 0, &regs))
		fail("set registers");
	for (unsigned i = 0; i < STEPS_AT_MOST; i++) {
		if (regs.rip == (uint64_t)stop)
			return cost;
		count_one(&cost, regs.rip, last_rip);
		last_rip = regs.rip;
		if (is_module_call((const uint8_t *)regs.rip))
			answer(child, &regs, row->rax);
		else
			step(child);
		if (ptrace(PTRACE_GETREGS, child, 0, &regs))
			fail("get registers");
	}
	errno = 0;
	fail(row->name);
	return cost;
}

/* The child, stopped before it does anything: its registers are the parent's to set. */
static pid_t make_child(void)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		fail("fork");
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0))
			_exit(1);
		raise(SIGSTOP);
		_exit(1);
	}
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		fail("a traced child");
	return child;
}

int main(void)
{
	struct user_regs_struct start;
	pid_t child;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		fail("mmap");
	child = make_child();
	if (ptrace(PTRACE_GETREGS, child, 0, &start))
		fail("get registers");
	for (const struct count_row *row = count_rows; row->name; row++) {
		struct cost cost = count(child, &start, row);

		printf("%s %u %u %u\n", row->name, cost.instructions, cost.loads, cost.stores);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}
