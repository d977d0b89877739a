// SPDX-License-Identifier: MIT
/*
 * Operations of a fuzzer's input on a machine. Whatever they are, every call must come back with a
 * status, on the side that the module says.
 */
#include "../fuzz.h"
#include "operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/leaves.h"
#include "migration.h"

#define MAX_OPERATIONS 64u
#define LPS	       4u

uint64_t input_take(struct input *in, size_t bytes)
{
	uint64_t value = 0;

	bytes = bytes < in->left ? bytes : in->left;
	memcpy(&value, in->at, bytes);
	in->at += bytes;
	in->left -= bytes;
	return value;
}

static uint64_t page_of(uint64_t base, uint64_t n)
{
	return base + (n & 63) * 4096;
}

/* A guest address with a level in its low bits: mapped, near a mapped one, shared, or far. */
static uint64_t take_gpa(struct input *in)
{
	uint64_t b = input_take(in, 2);
	uint64_t gpa = (b >> 4 & 15) << 12 | (b >> 8 & 3) << 21 | (b >> 10 & 1) << 30;

	gpa |= (b >> 11 & 1) << 39 | (b >> 12 & 1) << 47 | (b >> 13 & 1) << 51;
	return gpa | (b & 7);
}

/* An operand: mostly something that makes sense somewhere, sometimes any number. */
uint64_t input_operand(struct input *in)
{
	uint64_t kind = input_take(in, 1);

	switch (kind & 7) {
	case 0: return 0;
	case 1: return kind >> 3;
	case 2: return page_of(PAGES_BASE, kind >> 3);
	case 3: return page_of(PAGES_BASE, input_take(in, 1));
	case 4: return page_of(SHARED_BASE, kind >> 3);
	case 5: return take_gpa(in);
	case 6: return kind & 8 ? TDVPR : kind & 16 ? TARGET_TDR : TDR;
	default: return input_take(in, 8);
	}
}

/* Operands of migration that carry more than an address: the size of the MBMD, the last entry of a
 * list. */
static void make_lists(unsigned number, uint64_t how, struct seamless_regs *regs)
{
	static const uint8_t last_page[4] = { 0, 1, 3, 4 };
	bool pages =
		number >= LEAF_TDH_EXPORT_STATE_IMMUTABLE && number <= LEAF_TDH_EXPORT_STATE_VP;

	pages |= number >= LEAF_TDH_IMPORT_STATE_IMMUTABLE && number <= LEAF_TDH_IMPORT_STATE_VP;
	if (number <= LEAF_TDH_EXPORT_ABORT || number > LEAF_TDH_IMPORT_STATE_VP || !(how & 2))
		return;
	regs->gpr[8] = MIG_MBMD | 48ull << 52;
	regs->gpr[10] = (how & 16) << 59;
	if (pages) {
		regs->gpr[9] = MIG_PAGES | (uint64_t)last_page[how >> 2 & 3] << 55;
	} else if (number <= LEAF_TDH_EXPORT_MEM || number == LEAF_TDH_IMPORT_MEM) {
		regs->gpr[1] = MIG_GPAS | (how >> 2 & 3) << 55 | (how & 16) >> 1;
		regs->gpr[9] = MIG_BUFFERS;
		regs->gpr[11] = MIG_MACS;
		regs->gpr[13] = how & 32 ? ~0ull : MIG_NEW;
	}
}

/* The leaf's own input registers get operands; once in a while all get one. */
static void take_regs(struct input *in, enum leaf_class cls, struct seamless_regs *regs)
{
	uint64_t number = input_take(in, 1), how = input_take(in, 1);
	const struct leaf_desc *leaf = leaf_by_number(cls, (uint32_t)number);
	unsigned mask = leaf ? leaf->in_mask[how & 1] : 0xffff;

	regs->gpr[0] = number | (how & 1) << 16;
	if ((how & 0xe0) == 0xe0) {
		regs->gpr[0] = input_take(in, 8);
		mask = 0xffff;
	}
	for (unsigned i = 1; i < 16; i++) {
		if (mask & 1u << i)
			regs->gpr[i] = input_operand(in);
	}
	if (cls == LEAF_HOST)
		make_lists((unsigned)number, how, regs);
}

static void check_answer(const struct seamless_regs *regs, enum seamless_where where, bool before)
{
	char reason[700];
	unsigned vm;

	HOLDS(where != SEAMLESS_NOWHERE || regs->gpr[0] || before);
	HOLDS(seamless_reason(reason, sizeof(reason)) == 0 || reason[0]);
	HOLDS(seamless_in_guest(&vm) ? vm < 4 : true);
	if (where != SEAMLESS_NOWHERE)
		HOLDS(seamless_in_guest(NULL) == (where == SEAMLESS_TO_GUEST));
}

static void do_seamcall(struct input *in)
{
	struct seamless_regs regs = { 0 };
	bool inside = seamless_in_guest(NULL);

	take_regs(in, LEAF_HOST, &regs);
	check_answer(&regs, seamless_seamcall(&regs), inside);
}

/* Every exit that a guest can cause, with parts from the input. */
static void take_exit(struct input *in, struct seamless_vm_exit *exit)
{
	static const uint8_t reasons[] = { 0,  1,  2,  7,  8,  10, 12, 18, 28, 29, 30,
					   31, 32, 36, 48, 49, 54, 55, 58, 62, 74, 75 };

	exit->reason = reasons[input_take(in, 1) % sizeof(reasons)];
	exit->instr_length = 2;
	exit->qualification = input_take(in, 4);
	exit->guest_physical = take_gpa(in) & ~7ull;
	exit->guest_linear = input_operand(in);
	exit->intr_info = (uint32_t)input_take(in, 4);
	exit->idt_info = (uint32_t)input_take(in, 2) << 16;
}

static void do_guest(struct input *in, bool tdcall, bool as_it_is)
{
	struct seamless_vm_exit exit = { .reason = SEAMLESS_EXIT_TDCALL, .instr_length = 4 };
	struct seamless_regs regs = { 0 };

	if (!as_it_is)
		seamless_guest_64bit();
	if (tdcall)
		take_regs(in, LEAF_GUEST, &regs);
	else
		take_exit(in, &exit);
	if (!tdcall && (exit.reason == 31 || exit.reason == 32 || exit.reason == 10))
		regs.gpr[1] = input_take(in, 2) | (exit.reason == 10 ? 0 : input_take(in, 1) << 30);
	check_answer(&regs, seamless_vm_exit(&exit, &regs), true);
}

static void do_host(struct input *in, struct seamless_machine *m)
{
	uint64_t what = input_take(in, 1), value = input_operand(in);
	uint8_t bytes[64];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)input_take(in, 1);
	switch (what & 7) {
	case 0: seamless_set_interrupt(m, value & 1); break;
	case 1: seamless_set_entropy(m, value & 1); break;
	case 2: seamless_inject_pconfig(m, value & 7); break;
	case 3: seamless_lp_kick(m, value & 3); break;
	case 4: seamless_write(m, page_of(PAGES_BASE, what >> 3), bytes, sizeof(bytes)); break;
	case 5: seamless_advance_tsc(m, value); break;
	default: seamless_write(m, page_of(SHARED_BASE, what >> 3), bytes, sizeof(bytes)); break;
	}
}

static void operate(struct input *in, struct seamless_machine *m)
{
	uint64_t op = input_take(in, 1);

	if (!seamless_lp_enter(m, op >> 4 & (LPS - 1)))
		abort();
	switch (op & 7) {
	case 0: do_host(in, m); break;
	case 1:
	case 2: do_guest(in, true, op & 8); break;
	case 3: do_guest(in, false, op & 8); break;
	default: do_seamcall(in); break;
	}
	seamless_lp_leave();
}

/* With FUZZ_TRACE in the environment, what a run does: for the analysis of a finding. */
static void trace(void *opaque, const struct seamless_event *e)
{
	const struct seamless_regs *r = e->after ? e->out : e->in;
	char reason[700] = "";

	(void)opaque;
	if (e->kind > SEAMLESS_EVENT_VM_EXIT)
		return;
	if (e->after)
		seamless_reason(reason, sizeof(reason));
	fprintf(stderr, "%s lp %d %s %u rax %llx rcx %llx rdx %llx r8 %llx r9 %llx %s\n",
		e->after ? "  =>" : "call", e->lp, e->exit ? "exit" : "seamcall",
		e->exit ? e->exit->reason : 0, (unsigned long long)r->gpr[0],
		(unsigned long long)r->gpr[1], (unsigned long long)r->gpr[2],
		(unsigned long long)r->gpr[8], (unsigned long long)r->gpr[9], reason);
}

void operations_run(struct input *in, struct seamless_machine *m)
{
	seamless_trace_remove(m, trace, NULL);
	if (getenv("FUZZ_TRACE"))
		seamless_trace_add(m, trace, NULL);
	for (unsigned i = 0; i < MAX_OPERATIONS && in->left; i++)
		operate(in, m);
}
