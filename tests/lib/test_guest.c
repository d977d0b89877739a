// SPDX-License-Identifier: MIT
/*
 * Scripted guests, kicks, and what a host write to a TD's memory does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bring_up.h"
#include "gen/leaves.h"
#include "tdx/status.h"

#define RAX 0
#define RCX 1
#define R10 10
#define R11 11

static struct seamless_regs seamcall(uint64_t leaf, uint64_t rcx)
{
	struct seamless_regs regs = { .gpr = { [RAX] = leaf, [RCX] = rcx } };

	seamless_transport_seamcall(&regs);
	return regs;
}

static void a_guest_step_by_step(void **state)
{
	struct seamless_vm_exit tdcall = { .reason = SEAMLESS_EXIT_TDCALL, .instr_length = 4 };
	struct seamless_regs regs = { .gpr = { [RAX] = LEAF_TDH_VP_ENTER, [RCX] = TDVPR } };
	uint64_t rip;
	unsigned vm = 9;

	(void)state;
	assert_int_equal(seamless_vm_exit(&tdcall, &regs), SEAMLESS_NOWHERE);
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_GUEST);
	assert_true(seamless_in_guest(&vm));
	assert_int_equal(vm, 0);
	assert_true(seamless_guest_field(SEAMLESS_FIELD_GUEST_RIP, &rip));
	assert_int_equal(rip, 0xfffffff0);
	assert_false(seamless_guest_field(0xffff, &rip));
	/* The processor is in the guest: the host can't call there. */
	regs.gpr[RAX] = LEAF_TDH_SYS_RD;
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_NOWHERE);
	assert_int_equal(regs.gpr[RAX], TDX_SEAMCALL_UD);
	memset(&regs, 0, sizeof(regs));
	regs.gpr[RAX] = LEAF_TDG_VP_INFO;
	seamless_guest_64bit();
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_RIP, 0x1000);
	assert_int_equal(seamless_vm_exit(&tdcall, &regs), SEAMLESS_TO_GUEST);
	assert_int_equal(regs.gpr[RAX], TDX_SUCCESS);
	assert_true(seamless_guest_field(SEAMLESS_FIELD_GUEST_RIP, &rip));
	assert_int_equal(rip, 0x1004);
	tdcall.reason = SEAMLESS_EXIT_INTERRUPT;
	assert_int_equal(seamless_vm_exit(&tdcall, &regs), SEAMLESS_TO_HOST);
	assert_int_equal(regs.gpr[RAX], SEAMLESS_EXIT_INTERRUPT);
	assert_false(seamless_in_guest(&vm));
	assert_false(seamless_guest_field(SEAMLESS_FIELD_GUEST_RIP, &rip));
}

/* A guest that asks for MapGPA, then is interrupted. */
static void map_gpa(void *opaque, struct seamless_regs *regs, struct seamless_vm_exit *exit)
{
	unsigned *stretch = opaque;

	seamless_advance_tsc(seamless_lp_machine(), 100000);
	if (++*stretch > 1) {
		exit->reason = SEAMLESS_EXIT_INTERRUPT;
		return;
	}
	memset(regs, 0, sizeof(*regs));
	regs->gpr[RAX] = LEAF_TDG_VP_VMCALL;
	regs->gpr[RCX] = 1u << R10 | 1u << R11 | 1u << 12;
	regs->gpr[R11] = VMCALL_MAPGPA;
	regs->gpr[12] = 0x5000;
	exit->reason = SEAMLESS_EXIT_TDCALL;
	exit->instr_length = 4;
	seamless_guest_64bit();
}

static void a_guest_as_a_function(void **state)
{
	unsigned stretch = 0;
	struct seamless_regs regs;

	seamless_set_script(*state, map_gpa, &stretch);
	regs = seamcall(LEAF_TDH_VP_ENTER, TDVPR);
	assert_int_equal(regs.gpr[RAX], SEAMLESS_EXIT_TDCALL);
	assert_int_equal(regs.gpr[R11], VMCALL_MAPGPA);
	assert_int_equal(regs.gpr[12], 0x5000);
	regs = seamcall(LEAF_TDH_VP_ENTER, TDVPR);
	assert_int_equal(regs.gpr[RAX], SEAMLESS_EXIT_INTERRUPT);
	assert_int_equal(stretch, 2);
	/* No script: the entry ends at once. */
	seamless_set_script(*state, NULL, NULL);
	assert_int_equal(seamcall(LEAF_TDH_VP_ENTER, TDVPR).gpr[RAX], SEAMLESS_EXIT_INTERRUPT);
}

static void a_kick_is_taken_once(void **state)
{
	assert_true(seamless_lp_kick(*state, 0));
	assert_true(seamless_kicked());
	assert_int_equal(seamcall(LEAF_TDH_VP_ENTER, TDVPR).gpr[RAX], SEAMLESS_EXIT_INTERRUPT);
	assert_false(seamless_kicked());
}

static void the_host_does_not_see_private_pages(void **state)
{
	uint8_t seen[4096], plain[4096];

	assert_true(seamless_private_write(*state, ADDED_PAGE + 5, "secret", 6));
	assert_true(seamless_private_read(*state, ADDED_PAGE, plain, sizeof(plain)));
	assert_memory_equal(plain + 5, "secret", 6);
	assert_true(seamless_read(*state, ADDED_PAGE, seen, sizeof(seen)));
	assert_null(memmem(seen, sizeof(seen), "secret", 6));
	assert_memory_not_equal(seen, plain, 64);
}

/* The module meets the page that the host overwrote: a machine check, and the end of the module
 * until a new one. */
static void expect_the_end(struct seamless_machine *m, uint64_t status)
{
	char reason[500];

	assert_int_equal(status, TDX_SEAMCALL_VMFAILINVALID);
	seamless_reason(reason, sizeof(reason));
	assert_non_null(strstr(reason, "machine check: the page of "));
	assert_non_null(strstr(reason, "overwritten by the host on logical processor 0"));
	assert_int_equal(seamcall(LEAF_TDH_SYS_INFO, 0).gpr[RAX], TDX_SEAMCALL_VMFAILINVALID);
	seamless_reload_module(m);
	assert_int_equal(seamcall(LEAF_TDH_SYS_INIT, 0).gpr[RAX], TDX_SUCCESS);
}

static void a_host_write_to_a_control_page(void **state)
{
	assert_true(seamless_write(*state, TDR + 100, "x", 1));
	expect_the_end(*state, seamcall(LEAF_TDH_MNG_RD, TDR).gpr[RAX]);
}

static void a_host_write_under_a_running_guest(void **state)
{
	struct seamless_vm_exit exit = { .reason = SEAMLESS_EXIT_INTERRUPT };
	struct seamless_regs regs = { .gpr = { [RAX] = LEAF_TDH_VP_ENTER, [RCX] = TDVPR } };

	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_GUEST);
	assert_true(seamless_fill(*state, TDVPR, 4096, 0));
	assert_int_equal(seamless_vm_exit(&exit, &regs), SEAMLESS_TO_HOST);
	assert_false(seamless_in_guest(NULL));
	expect_the_end(*state, regs.gpr[RAX]);
}

static void ignore(void *opaque, const struct seamless_event *event)
{
	(void)opaque;
	(void)event;
}

/* With memory watched, and another page overwritten: nobody can tell any more whose pages are. */
static void a_host_write_to_a_pamt(void **state)
{
	uint8_t *shared = seamless_shared(*state, SHARED_BASE, 1);

	assert_true(seamless_watch_memory(*state));
	assert_true(seamless_trace_add(*state, ignore, NULL));
	assert_ptr_equal(seamless_shared(*state, SHARED_BASE, 1), shared);
	seamcall(LEAF_TDH_MNG_RD, TDR); /* its entries are known from here on */
	assert_true(seamless_fill(*state, PAMT_2M, 4096, 0));
	assert_true(seamless_write(*state, ADDED_PAGE, "x", 1));
	shared[0]++;
	expect_the_end(*state, seamcall(LEAF_TDH_MNG_RD, TDR).gpr[RAX]);
	seamless_trace_remove(*state, ignore, NULL);
}

static void expect_write_to_tdvpr(void)
{
	struct seamless_regs regs = {
		.gpr = { [RAX] = LEAF_TDH_SYS_INFO,
			 [RCX] = TDVPR,
			 [2] = 4096,
			 [8] = SHARED_BASE,
			 [9] = 32 },
	};

	seamless_transport_seamcall(&regs);
	assert_int_equal(regs.gpr[RAX], TDX_SUCCESS);
}

static void a_module_write_to_a_private_page(void **state)
{
	expect_write_to_tdvpr();
	expect_the_end(*state, seamcall(LEAF_TDH_VP_ENTER, TDVPR).gpr[RAX]);
}

/* Whose page it is can't be told: memory asks that, not the module. The write succeeds, and the
 * page's neighbour can be written afterwards. */
static void a_module_write_where_the_pamt_was_overwritten(void **state)
{
	assert_true(seamless_fill(*state, PAMT_2M, 4096, 0));
	expect_write_to_tdvpr();
	assert_true(seamless_write(*state, ADDED_PAGE, "x", 1));
	expect_the_end(*state, seamcall(LEAF_TDH_MNG_RD, TDR).gpr[RAX]);
}

#define WITH_TD(test) cmocka_unit_test_setup_teardown(test, bring_up_scripted, bring_up_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TD(a_guest_step_by_step),
		WITH_TD(a_guest_as_a_function),
		WITH_TD(a_kick_is_taken_once),
		WITH_TD(the_host_does_not_see_private_pages),
		WITH_TD(a_host_write_to_a_control_page),
		WITH_TD(a_host_write_under_a_running_guest),
		WITH_TD(a_host_write_to_a_pamt),
		WITH_TD(a_module_write_to_a_private_page),
		WITH_TD(a_module_write_where_the_pamt_was_overwritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
