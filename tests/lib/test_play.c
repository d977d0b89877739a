// SPDX-License-Identifier: MIT
/*
 * Guests as C functions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bring_up.h"
#include "gen/leaves.h"
#include "tdx/tdx.h"

#define RAX 0
#define RCX 1
#define R10 10
#define R11 11

/* What a guest's code asked, and what it was told. */
struct played {
	bool there, shared;
	uint64_t pa;
	tdx_answer_t answer;
	tdx_gpa_t stopped;
	tdx_status_t accepted;
	struct seamless_regs call;
	bool ended;
};

static void guest_code(void *opaque)
{
	struct played *played = opaque;

	played->there = seamless_guest_translate(GPA_PAGE, &played->pa, &played->shared);
	played->call.gpr[RAX] = LEAF_TDH_SYS_RD;
	seamless_seamcall(&played->call);
	played->answer = tdg_vp_vmcall_map_gpa(tdx_gpa(0x5000), 0x2000, &played->stopped);
	played->accepted = tdg_mem_page_accept(tdx_gpa(2 * GPA_PAGE), TDX_LEVEL_4K);
	seamless_play_wait();
	played->ended = true;
}

static struct seamless_regs enter(struct seamless_regs regs)
{
	regs.gpr[RAX] = LEAF_TDH_VP_ENTER;
	regs.gpr[RCX] = TDVPR;
	seamless_transport_seamcall(&regs);
	return regs;
}

static void a_guest_as_code(void **state)
{
	struct played played = { 0 };
	struct seamless_regs regs = { 0 };

	assert_true(seamless_play(*state, 0, guest_code, &played));
	regs = enter(regs);
	assert_int_equal(regs.gpr[RAX], SEAMLESS_EXIT_TDCALL);
	assert_int_equal(regs.gpr[R11], TDX_VMCALL_FN_MAP_GPA);
	assert_int_equal(regs.gpr[12], 0x5000);
	assert_true(played.there);
	assert_false(played.shared);
	assert_int_equal(played.pa, ADDED_PAGE);
	assert_int_equal(played.call.gpr[RAX], TDX_SEAMCALL_UD);
	regs.gpr[R10] = TDX_VMCALL_RETRY;
	regs.gpr[R11] = 0x6000;
	/* The page is missing: the TDCALL is made again when it is there. */
	regs = enter(regs);
	assert_int_equal(regs.gpr[RAX], TDX_EXIT_REASON_EPT_VIOLATION);
	assert_true(tdx_answer_is(played.answer, TDX_VMCALL_RETRY));
	assert_int_equal(played.stopped.value, 0x6000);
	bring_up_call(LEAF_TDH_MEM_PAGE_AUG, 2 * GPA_PAGE, TDR, PAGES_BASE + 40 * 4096, 0);
	assert_true(seamless_lp_kick(*state, 0));
	regs = enter(regs);
	assert_int_equal(regs.gpr[RAX], SEAMLESS_EXIT_INTERRUPT);
	assert_true(tdx_status_ok(played.accepted));
	assert_false(played.ended);
	for (unsigned i = 0; i < 2; i++) {
		regs = enter(regs);
		assert_int_equal(regs.gpr[RAX], SEAMLESS_EXIT_TDCALL);
		assert_int_equal(regs.gpr[R11], TDX_VMCALL_FN_INSTRUCTION_HLT);
		regs.gpr[R10] = TDX_VMCALL_SUCCESS;
	}
	assert_true(played.ended);
}

static void interrupted(void *opaque, struct seamless_regs *regs, struct seamless_vm_exit *exit)
{
	unsigned *stretch = opaque;

	(void)regs;
	++*stretch;
	seamless_advance_tsc(seamless_lp_machine(), 100000);
	exit->reason = SEAMLESS_EXIT_INTERRUPT;
}

static void code_is_played_anew(void **state)
{
	struct played first = { 0 }, second = { 0 };
	unsigned stretch = 0;

	assert_true(seamless_play(*state, 0, guest_code, &first));
	enter((struct seamless_regs){ 0 });
	assert_true(seamless_play(*state, 0, guest_code, &second));
	enter((struct seamless_regs){ 0 });
	assert_true(second.there);
	assert_false(first.ended);
	/* Without code it is the script's again. */
	assert_true(seamless_play(*state, 0, NULL, NULL));
	seamless_set_script(*state, interrupted, &stretch);
	enter((struct seamless_regs){ 0 });
	assert_int_equal(stretch, 1);
	/* The end of the machine ends what is played. */
	assert_true(seamless_play(*state, 0, guest_code, &first));
}

static void who_plays_is_checked(void **state)
{
	char err[200];
	struct seamless_machine *interpreted = seamless_create(NULL, err, sizeof(err));
	struct seamless_regs regs = { .gpr = { [RAX] = LEAF_TDG_VP_INFO } };

	assert_non_null(interpreted);
	assert_false(seamless_play(interpreted, 0, guest_code, NULL));
	seamless_destroy(interpreted);
	assert_false(seamless_play(*state, seamless_lps(*state), guest_code, NULL));
	/* No code of a guest runs on this thread. */
	seamless_play_wait();
	seamless_transport_tdcall(&regs);
	assert_int_equal(regs.gpr[RAX], TDX_SEAMCALL_UD);
}

#define WITH_TD(test) cmocka_unit_test_setup_teardown(test, bring_up_scripted, bring_up_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TD(a_guest_as_code),
		WITH_TD(code_is_played_anew),
		WITH_TD(who_plays_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
