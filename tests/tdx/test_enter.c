// SPDX-License-Identifier: MIT
/*
 * The forms of TDH.VP.ENTER on the software module, with a scripted guest: operands and answers of
 * a TDVMCALL by register index, asynchronous exits, entries with dirty host registers, what a wrong
 * use of the lean form does, and the caller's own registers, with and without NO_RBP_MOD.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/bring_up.h"
#include "common/callee.h"
#include "common/cases.h"
#include "gen/leaves.h"
#include "recorder.h"

#define NO_RBP_MOD    4
#define ALL_BUT_RBP   TDX_VMCALL_REGS
#define ALL	      (TDX_VMCALL_REGS | 1u << REG_RBP)
#define BUS_LOCK      (1u << 26)
#define UNMAPPED_PAGE 0x5000ull
#define STRETCHES     4

#define GUEST_VALUE(reg) (0x6000 + (reg))
#define HOST_VALUE(reg)	 (0xB057000000000000ULL + (reg))
#define DIRTY_VALUE(reg) (0xD1D1000000000000ULL + (reg))
#define UNTOUCHED(reg)	 (0x5000 + (reg))

/* A guest that exits as told and notes what it finds in its registers after each entry. */
struct guest {
	struct {
		uint32_t reason;
		uint16_t mask; /* of a TDVMCALL */
		uint64_t seen[16];
	} stretch[STRETCHES];
	unsigned entries;
};

static void play(void *opaque, struct seamless_regs *regs, struct seamless_vm_exit *exit)
{
	struct guest *guest = opaque;
	unsigned now = guest->entries++;
	uint64_t rip = 0x1000 + 16 * now;

	assert_true(now < STRETCHES);
	memcpy(guest->stretch[now].seen, regs->gpr, sizeof(regs->gpr));
	seamless_advance_tsc(seamless_lp_machine(), 100000);
	seamless_guest_64bit();
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_RIP, rip);
	for (unsigned reg = 0; reg < 16; reg++)
		regs->gpr[reg] = GUEST_VALUE(reg);
	exit->reason = guest->stretch[now].reason;
	if ((exit->reason & 0xffff) == SEAMLESS_EXIT_TDCALL) {
		regs->gpr[REG_RAX] = LEAF_TDG_VP_VMCALL;
		regs->gpr[REG_RCX] = guest->stretch[now].mask;
		exit->instr_length = 4;
	} else if (exit->reason == TDX_EXIT_REASON_EPT_VIOLATION) {
		exit->qualification = 1; /* a read */
		exit->guest_physical = UNMAPPED_PAGE + 0x123;
	}
}

struct place {
	struct seamless_machine *m;
	struct guest guest;
	struct tdx_module_args regs;
	tdx_status_t (*form)(void *place);
};

static tdx_status_t in_place(void *place)
{
	return tdh_vp_enter(tdx_tdvpr(TDVPR), 0, &((struct place *)place)->regs);
}

static tdx_status_t with_rbp(void *place)
{
	return tdh_vp_enter_rbp(tdx_tdvpr(TDVPR), 0, &((struct place *)place)->regs);
}

static tdx_status_t lean(void *place)
{
	return __tdx_vp_enter_lean(&((struct place *)place)->regs, TDVPR, 0);
}

static tdx_status_t lean_with_answer(void *place)
{
	return __tdx_vp_enter_lean(&((struct place *)place)->regs, TDVPR, 1);
}

/* Enters once: the status is this one, and the caller's registers are what they were. */
static void enter(struct place *p, tdx_status_t (*form)(void *place), uint64_t status)
{
	const tdx_u64 before[CALLEE_REGS] = CALLEE_VALUES;
	tdx_u64 after[CALLEE_REGS];

	assert_status(callee_call(form, p, after), status);
	assert_memory_equal(before, after, sizeof(before));
}

static void fill(struct place *p, uint64_t base)
{
	uint64_t slots[16];

	for (unsigned reg = 0; reg < 16; reg++)
		slots[reg] = base + reg;
	memcpy(&p->regs, slots, sizeof(slots));
}

static uint64_t slot(const struct place *p, unsigned reg)
{
	uint64_t slots[16];

	memcpy(slots, &p->regs, sizeof(slots));
	return slots[reg];
}

static int setup(void **state, uint8_t config_flags)
{
	static struct place place;
	const struct seamless_config config = { .name = "default",
						.guest = SEAMLESS_GUEST_SCRIPTED };
	char err[200];

	memset(&place, 0, sizeof(place));
	place.m = seamless_create(&config, err, sizeof(err));
	if (!place.m || !seamless_lp_enter(place.m, 0))
		return -1;
	bring_up_system(place.m);
	bring_up_td_with(place.m, 1, config_flags);
	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	seamless_set_script(place.m, play, &place.guest);
	*state = &place;
	return 0;
}

static int setup_rbp_mod(void **state)
{
	return setup(state, 0);
}

static int setup_no_rbp_mod(void **state)
{
	return setup(state, NO_RBP_MOD);
}

static int teardown(void **state)
{
	seamless_lp_leave();
	seamless_destroy(((struct place *)*state)->m);
	return 0;
}

static void exits(struct place *p, unsigned n, uint32_t reason, uint16_t mask)
{
	p->guest.stretch[n].reason = reason;
	p->guest.stretch[n].mask = mask;
}

/* The array after a TDVMCALL: the exposed registers of the guest by index, zero for the others. */
static void assert_operands(const struct place *p, uint16_t mask, uint16_t rbp_slot)
{
	assert_int_equal(slot(p, REG_RAX), UNTOUCHED(REG_RAX));
	assert_int_equal(slot(p, REG_RSP), UNTOUCHED(REG_RSP));
	assert_int_equal(slot(p, REG_RCX), mask);
	for (unsigned reg = REG_RDX; reg < 16; reg++) {
		if (reg == REG_RSP || (reg == REG_RBP && !rbp_slot))
			continue;
		assert_int_equal(slot(p, reg), mask >> reg & 1 ? GUEST_VALUE(reg) : 0);
	}
	if (!rbp_slot)
		assert_int_equal(slot(p, REG_RBP), UNTOUCHED(REG_RBP));
}

/* What the guest finds after its stretch n, a TDVMCALL: the host's registers where exposed, else
 * its own. */
static bool answered(const struct place *p, unsigned n, uint16_t mask)
{
	const uint64_t *seen = p->guest.stretch[n + 1].seen;

	if (seen[REG_RAX] != TDX_SUCCESS || seen[REG_RCX] != mask)
		return false;
	for (unsigned reg = REG_RDX; reg < 16; reg++)
		if (reg != REG_RSP && reg != REG_RBP &&
		    seen[reg] != (mask >> reg & 1 ? HOST_VALUE(reg) : GUEST_VALUE(reg)))
			return false;
	return true;
}

/* What the guest finds after its stretch n, interrupted: its own. */
static bool intact(const struct place *p, unsigned n)
{
	for (unsigned reg = 0; reg < 16; reg++)
		if (reg != REG_RSP && p->guest.stretch[n + 1].seen[reg] != GUEST_VALUE(reg))
			return false;
	return true;
}

/* A TDVMCALL there and back, by one form for the first entry and one for the entry with the answer.
 */
static void there_and_back(struct place *p, tdx_status_t (*first)(void *),
			   tdx_status_t (*second)(void *), uint16_t mask, uint32_t more)
{
	exits(p, 0, SEAMLESS_EXIT_TDCALL | more, mask);
	exits(p, 1, SEAMLESS_EXIT_TDCALL, ALL_BUT_RBP);
	fill(p, UNTOUCHED(0));
	enter(p, first, TDX_SUCCESS | SEAMLESS_EXIT_TDCALL | more);
	assert_operands(p, mask, first == with_rbp);
	fill(p, HOST_VALUE(0));
	enter(p, second, TDX_SUCCESS | SEAMLESS_EXIT_TDCALL);
	assert_true(answered(p, 0, mask));
}

static void all_operands_by_index(void **state)
{
	there_and_back(*state, in_place, in_place, ALL_BUT_RBP, 0);
}

static void all_operands_by_index_lean(void **state)
{
	there_and_back(*state, lean, lean_with_answer, ALL_BUT_RBP, 0);
}

static void all_operands_by_index_rbp(void **state)
{
	struct place *p = *state;

	there_and_back(p, with_rbp, with_rbp, ALL, 0);
	assert_int_equal(p->guest.stretch[1].seen[REG_RBP], HOST_VALUE(REG_RBP));
}

static void some_operands(void **state)
{
	there_and_back(*state, in_place, in_place, TDX_VMCALL_R10 | TDX_VMCALL_R11 | TDX_VMCALL_RBX,
		       0);
}

static void some_operands_lean(void **state)
{
	there_and_back(*state, lean, lean_with_answer,
		       TDX_VMCALL_R10 | TDX_VMCALL_R11 | TDX_VMCALL_RDI, 0);
}

/* A bus lock of the guest is told in the same exit. */
static void a_bus_lock_beside_a_tdvmcall(void **state)
{
	there_and_back(*state, lean, lean_with_answer, ALL_BUT_RBP, BUS_LOCK);
}

/* An interrupted guest, entered again with whatever is in the host's registers and array. */
static void interrupted(struct place *p, tdx_status_t (*form)(void *), uint32_t reason)
{
	exits(p, 0, reason, 0);
	exits(p, 1, SEAMLESS_EXIT_INTERRUPT, 0);
	fill(p, UNTOUCHED(0));
	enter(p, form, TDX_SUCCESS | reason);
	assert_int_equal(p->regs.rcx, reason == TDX_EXIT_REASON_EPT_VIOLATION);
	assert_int_equal(p->regs.rdx, 0);
	assert_int_equal(p->regs.r8, reason == TDX_EXIT_REASON_EPT_VIOLATION ? UNMAPPED_PAGE : 0);
	assert_int_equal(p->regs.r9, 0);
	fill(p, DIRTY_VALUE(0));
	enter(p, form, TDX_SUCCESS | SEAMLESS_EXIT_INTERRUPT);
	assert_true(intact(p, 0));
}

static void dirty_registers_after_an_interrupt(void **state)
{
	interrupted(*state, in_place, SEAMLESS_EXIT_INTERRUPT);
}

static void dirty_registers_after_an_interrupt_lean(void **state)
{
	interrupted(*state, lean, SEAMLESS_EXIT_INTERRUPT);
}

static void dirty_registers_after_an_interrupt_rbp(void **state)
{
	interrupted(*state, with_rbp, SEAMLESS_EXIT_INTERRUPT);
}

static void dirty_registers_after_an_ept_violation(void **state)
{
	interrupted(*state, in_place, TDX_EXIT_REASON_EPT_VIOLATION);
}

static void dirty_registers_after_an_ept_violation_lean(void **state)
{
	interrupted(*state, lean, TDX_EXIT_REASON_EPT_VIOLATION);
}

/* An answer where none is due costs time only: the module takes no register. */
static void a_needless_answer_is_harmless(void **state)
{
	interrupted(*state, lean_with_answer, SEAMLESS_EXIT_INTERRUPT);
}

/* The lean form after a TDVMCALL without its answer: the guest finds something else, and the check
 * sees it. */
static void a_forgotten_answer_is_caught(void **state)
{
	struct place *p = *state;

	exits(p, 0, SEAMLESS_EXIT_TDCALL, ALL_BUT_RBP);
	exits(p, 1, SEAMLESS_EXIT_TDCALL, ALL_BUT_RBP);
	enter(p, lean, TDX_SUCCESS | SEAMLESS_EXIT_TDCALL);
	fill(p, HOST_VALUE(0));
	enter(p, lean, TDX_SUCCESS | SEAMLESS_EXIT_TDCALL);
	assert_false(answered(p, 0, ALL_BUT_RBP));
	assert_int_not_equal(p->guest.stretch[1].seen[REG_R10], HOST_VALUE(REG_R10));
}

/* A refused entry leaves the answer in the array, for the entry that succeeds. */
static void refused_then_entered(struct place *p, tdx_status_t (*first)(void *),
				 tdx_status_t (*refused)(void *), tdx_status_t (*second)(void *))
{
	exits(p, 0, SEAMLESS_EXIT_TDCALL, ALL_BUT_RBP);
	exits(p, 1, SEAMLESS_EXIT_INTERRUPT, 0);
	enter(p, first, TDX_SUCCESS | SEAMLESS_EXIT_TDCALL);
	fill(p, HOST_VALUE(0));
	enter(p, refused, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX);
	assert_int_equal(p->guest.entries, 1);
	enter(p, second, TDX_SUCCESS | SEAMLESS_EXIT_INTERRUPT);
	assert_true(answered(p, 0, ALL_BUT_RBP));
}

/* The hint is for traps only. */
static tdx_status_t refused_in_place(void *place)
{
	return tdh_vp_enter(tdx_tdvpr(TDVPR), TDX_ENTER_HOST_RECOVERABILITY_HINT,
			    &((struct place *)place)->regs);
}

static tdx_status_t refused_lean(void *place)
{
	return __tdx_vp_enter_lean(&((struct place *)place)->regs,
				   TDVPR | TDX_ENTER_HOST_RECOVERABILITY_HINT, 1);
}

static void an_answer_survives_a_refusal(void **state)
{
	refused_then_entered(*state, in_place, refused_in_place, in_place);
}

static void an_answer_survives_a_refusal_lean(void **state)
{
	refused_then_entered(*state, lean, refused_lean, lean_with_answer);
}

/* RBP as the bare instruction brings it back, when the host had HOST_VALUE in it. */
static uint64_t rbp_after(uint64_t reason)
{
	struct seamless_regs regs = {
		.gpr = { [REG_RCX] = TDVPR, [REG_RBP] = HOST_VALUE(REG_RBP) }
	};

	seamless_transport_seamcall(&regs);
	assert_int_equal(regs.gpr[REG_RAX], reason);
	return regs.gpr[REG_RBP];
}

/* What the forms have to protect their caller from: enter() above proves that they do, after each
 * of these exits. */
static void what_exits_do_to_rbp(void **state)
{
	struct place *p = *state;

	exits(p, 0, SEAMLESS_EXIT_TDCALL, ALL);
	exits(p, 1, SEAMLESS_EXIT_TDCALL, ALL_BUT_RBP);
	exits(p, 2, SEAMLESS_EXIT_INTERRUPT, 0);
	assert_int_equal(rbp_after(SEAMLESS_EXIT_TDCALL), GUEST_VALUE(REG_RBP));
	assert_int_equal(rbp_after(SEAMLESS_EXIT_TDCALL), 0);
	assert_int_equal(rbp_after(SEAMLESS_EXIT_INTERRUPT), 0);
}

static void what_exits_do_to_rbp_without_rbp_mod(void **state)
{
	struct place *p = *state;

	exits(p, 0, SEAMLESS_EXIT_TDCALL, ALL_BUT_RBP);
	exits(p, 1, SEAMLESS_EXIT_INTERRUPT, 0);
	assert_int_equal(rbp_after(SEAMLESS_EXIT_TDCALL), HOST_VALUE(REG_RBP));
	assert_int_equal(rbp_after(SEAMLESS_EXIT_INTERRUPT), 0);
}

/*
 * A guest that exposes RBP to a form without it, which is for TDs with NO_RBP_MOD: the caller's RBP
 * survives, and goes to the guest in place of its own. That is why such a TD is entered by
 * tdh_vp_enter_rbp().
 */
static void rbp_exposed_to_the_form_without_it(void **state)
{
	struct place *p = *state;

	exits(p, 0, SEAMLESS_EXIT_TDCALL, ALL);
	exits(p, 1, SEAMLESS_EXIT_INTERRUPT, 0);
	fill(p, UNTOUCHED(0));
	enter(p, in_place, TDX_SUCCESS | SEAMLESS_EXIT_TDCALL);
	assert_operands(p, ALL, 0);
	enter(p, in_place, TDX_SUCCESS | SEAMLESS_EXIT_INTERRUPT);
	assert_int_equal(p->guest.stretch[1].seen[REG_RBP], CALLEE_RBP);
}

/* The common cases over the software transport: a thread that is no logical processor gets #UD. */
static void refused_without_a_processor(void **state)
{
	(void)state;
	for (unsigned n = 0; n < num_refused_cases; n++)
		if (!refused_cases[n].right(TDX_SEAMCALL_UD))
			fail_msg("%s", refused_cases[n].name);
}

#define WITH(test, td)                                                                             \
	{                                                                                          \
#test " (" #td ")", test, setup_##td, teardown, NULL                               \
	}
#define WITH_BOTH(test) WITH(test, rbp_mod), WITH(test, no_rbp_mod)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOTH(all_operands_by_index),
		WITH_BOTH(all_operands_by_index_lean),
		WITH(all_operands_by_index_rbp, rbp_mod),
		WITH_BOTH(some_operands),
		WITH_BOTH(some_operands_lean),
		WITH_BOTH(a_bus_lock_beside_a_tdvmcall),
		WITH_BOTH(dirty_registers_after_an_interrupt),
		WITH_BOTH(dirty_registers_after_an_interrupt_lean),
		WITH_BOTH(dirty_registers_after_an_interrupt_rbp),
		WITH_BOTH(dirty_registers_after_an_ept_violation),
		WITH_BOTH(dirty_registers_after_an_ept_violation_lean),
		WITH_BOTH(a_needless_answer_is_harmless),
		WITH_BOTH(a_forgotten_answer_is_caught),
		WITH_BOTH(an_answer_survives_a_refusal),
		WITH_BOTH(an_answer_survives_a_refusal_lean),
		cmocka_unit_test(refused_without_a_processor),
		WITH(what_exits_do_to_rbp, rbp_mod),
		WITH(what_exits_do_to_rbp_without_rbp_mod, no_rbp_mod),
		WITH(rbp_exposed_to_the_form_without_it, rbp_mod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
