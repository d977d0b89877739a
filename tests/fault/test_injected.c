// SPDX-License-Identifier: MIT
/*
 * Faults as they meet calls: each status that a leaf of a TD's making can give, injected, is what
 * the call returns, and leaves the module and all memory as they were. And those with a mechanism:
 * interrupts, the host's priority.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/bring_up.h"
#include "fault/status.h"
#include "lib/machine_impl.h"
#include "module/check.h"
#include "module/state.h"
#include "tdx/policy.h"

#undef fail /* the module's and cmocka's differ */
#include <cmocka.h>

#define RAX  0
#define RCX  1
#define USED (PAGES_BASE + 0x100000) /* of memory: what a test may have touched */

static struct seamless_machine *m;
static uint8_t *memory;
static struct module *kept;
static unsigned tried;
static char err[600];

/* The module without what every call leaves. */
static void take_module(struct module *copy)
{
	memcpy(copy, m->module, sizeof(*copy));
	for (unsigned lp = 0; lp < MAX_LPS; lp++) {
		memset(&copy->lp[lp].reason, 0, sizeof(copy->lp[lp].reason));
		copy->lp[lp].refused = NULL;
		memset(&copy->lp[lp].fault, 0, sizeof(copy->lp[lp].fault));
		memset(&copy->lp[lp].sept, 0, sizeof(copy->lp[lp].sept));
		memset(&copy->lp[lp].tdr, 0, sizeof(copy->lp[lp].tdr));
	}
}

static void keep_state(void)
{
	memcpy(memory, mem_ptr(&m->platform->mem, 0, USED), USED);
	take_module(kept);
}

static void state_is_as_kept(const char *rule, unsigned leaf)
{
	static struct module now;

	/* The checks of these keep what they read, of the platform, the TDMRs or TD_PARAMS, and
	 * read it again. */
	if (leaf == LEAF_TDH_SYS_INIT || leaf == LEAF_TDH_SYS_CONFIG || leaf == LEAF_TDH_MNG_INIT)
		return;
	if (memcmp(memory, mem_ptr(&m->platform->mem, 0, USED), USED) != 0)
		fail_msg("%s: memory has changed", rule);
	take_module(&now);
	if (memcmp(kept, &now, sizeof(now)) != 0)
		fail_msg("%s: the module has changed", rule);
}

static void inject(const struct seamless_regs *regs, const struct leaf_desc *leaf,
		   const struct leaf_status *s)
{
	struct seamless_regs mine = *regs;
	char rule[160], status[100], reason[600];
	struct seamless_fault *fault;

	fault_status_text(s->code | s->id, s->detail == DETAIL_OPERAND, status, sizeof(status));
	snprintf(rule, sizeof(rule), "%s %s times=1", leaf->name, status);
	fault = seamless_fault_add(m, rule, err, sizeof(err));
	if (!fault)
		fail_msg("%s: %s", rule, err);
	keep_state();
	assert_int_equal(seamless_seamcall(&mine), SEAMLESS_TO_HOST);
	if (mine.gpr[RAX] != (s->code | s->id) &&
	    (s->detail != DETAIL_NONE || TDX_STATUS_CODE(mine.gpr[RAX]) != s->code))
		fail_msg("%s: the call returns %llx", rule, (unsigned long long)mine.gpr[RAX]);
	state_is_as_kept(rule, leaf->number);
	seamless_reason(reason, sizeof(reason));
	if (!strstr(reason, "injected by \"") || !strstr(reason, rule))
		fail_msg("%s: %s", rule, reason);
	assert_int_equal(seamless_fault_happened(m, fault), 1);
	seamless_fault_remove(m, fault);
	tried++;
}

/* Before a call of the bring-up, of two to each leaf: the same call with every status that its
 * table has. */
static void try_all(const struct seamless_regs *regs)
{
	const struct leaf_desc *leaf = fault_leaf(false, regs->gpr[RAX]);
	static unsigned calls[LEAVES_HOST];

	if (calls[leaf->number]++ >= 2)
		return;
	for (unsigned i = 0; i < leaf->num_statuses; i++) {
		if (fault_status_fits(leaf, leaf->statuses[i].code, true) &&
		    !tdx_status_interrupted(tdx_status(leaf->statuses[i].code)))
			inject(regs, leaf, &leaf->statuses[i]);
	}
}

static int setup(void **state)
{
	const struct seamless_config config = { .name = "default",
						.guest = SEAMLESS_GUEST_SCRIPTED };

	(void)state;
	memory = malloc(USED);
	kept = malloc(sizeof(*kept));
	m = seamless_create(&config, err, sizeof(err));
	return memory && kept && m && seamless_lp_enter(m, 0) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	seamless_lp_leave();
	seamless_destroy(m);
	free(memory);
	free(kept);
	return 0;
}

static struct seamless_regs seamcall(uint64_t leaf, uint64_t rcx, uint64_t rdx)
{
	struct seamless_regs regs = { .gpr = { [RAX] = leaf, [RCX] = rcx, [2] = rdx } };

	seamless_transport_seamcall(&regs);
	return regs;
}

static void refusals_leave_no_trace(void **state)
{
	(void)state;
	bring_up_before = try_all;
	bring_up_system(m);
	bring_up_td(m);
	bring_up_call(LEAF_TDH_MR_EXTEND, GPA_PAGE, TDR, 0, 0);
	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	bring_up_before = NULL;
	assert_in_range(tried, 350, 5000);
}

static struct seamless_fault *add(const char *rule)
{
	struct seamless_fault *fault = seamless_fault_add(m, rule, err, sizeof(err));

	if (!fault)
		fail_msg("%s: %s", rule, err);
	return fault;
}

static struct seamless_vm_exit tdcall = { .reason = SEAMLESS_EXIT_TDCALL, .instr_length = 4 };
static struct seamless_vm_exit interrupt = { .reason = SEAMLESS_EXIT_INTERRUPT };

static struct seamless_regs enter(void)
{
	struct seamless_regs regs = { .gpr = { [RAX] = LEAF_TDH_VP_ENTER, [RCX] = TDVPR } };

	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_GUEST);
	seamless_guest_64bit();
	return regs;
}

static void leave(void)
{
	struct seamless_regs regs = { 0 };

	seamless_advance_tsc(m, 100000);
	assert_int_equal(seamless_vm_exit(&interrupt, &regs), SEAMLESS_TO_HOST);
}

/* An entry that is refused has not begun: TDH.MEM.TRACK does not wait for it. */
static void entries_are_refused(void **state)
{
	struct seamless_regs regs;

	(void)state;
	add("TDH.VP.ENTER TSC_ROLLBACK nth=1 td=0x2000000");
	add("TDH.VP.ENTER OPERAND_BUSY(TD_EPOCH) nth=2 vcpu=0x2008000");
	add("TDH.VP.ENTER OPERAND_BUSY(SEPT_TREE) nth=3");
	regs = seamcall(LEAF_TDH_VP_ENTER, TDVPR, 0);
	assert_int_equal(regs.gpr[RAX], TDX_TSC_ROLLBACK);
	regs = seamcall(LEAF_TDH_VP_ENTER, TDVPR, 0);
	assert_int_equal(regs.gpr[RAX], TDX_OPERAND_BUSY | TDX_OPERAND_ID_TD_EPOCH);
	regs = seamcall(LEAF_TDH_VP_ENTER, TDVPR, 0);
	assert_int_equal(regs.gpr[RAX], TDX_OPERAND_BUSY | TDX_OPERAND_ID_SEPT_TREE);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(seamcall(LEAF_TDH_MEM_TRACK, TDR, 0).gpr[RAX], TDX_SUCCESS);
	seamless_fault_clear(m);
}

/* A guest's lock that the host wants: the guest sees OPERAND_BUSY; it lasted too long: the TD
 * exits. */
static void guests_meet_the_hosts_priority(void **state)
{
	struct seamless_regs regs;

	(void)state;
	add("TDG.MEM.PAGE.ACCEPT OPERAND_BUSY_HOST_PRIORITY nth=1");
	add("TDG.MEM.PAGE.ACCEPT HOST_PRIORITY_BUSY_TIMEOUT nth=2");
	enter();
	for (unsigned i = 0; i < 2; i++) {
		regs = (struct seamless_regs){
			.gpr = { [RAX] = LEAF_TDG_MEM_PAGE_ACCEPT, [RCX] = GPA_PAGE }
		};
		if (seamless_vm_exit(&tdcall, &regs) == SEAMLESS_TO_HOST)
			break;
		assert_int_equal(regs.gpr[RAX] >> 32, TDX_OPERAND_BUSY >> 32);
	}
	assert_int_equal(regs.gpr[RAX] >> 32, TDX_HOST_PRIORITY_BUSY_TIMEOUT >> 32);
	assert_false(seamless_in_guest(NULL));
	seamless_fault_clear(m);
	/* It is no more than that. */
	enter();
	regs = (struct seamless_regs){
		.gpr = { [RAX] = LEAF_TDG_MEM_PAGE_ACCEPT, [RCX] = GPA_PAGE }
	};
	assert_int_equal(seamless_vm_exit(&tdcall, &regs), SEAMLESS_TO_GUEST);
	assert_int_equal(regs.gpr[RAX], TDX_PAGE_ALREADY_ACCEPTED);
	leave();
}

/* The TD exits for the interrupt, and the TDCALL stands to be made again. */
static void guests_are_interrupted(void **state)
{
	struct seamless_regs regs;
	uint64_t rip = 0;

	(void)state;
	add("TDG.MR.REPORT INTERRUPTED_RESUMABLE nth=1");
	enter();
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_RIP, 0x1000);
	regs = (struct seamless_regs){
		.gpr = { [RAX] = LEAF_TDG_MR_REPORT, [RCX] = GPA_PAGE, [2] = GPA_PAGE + 0x400 }
	};
	assert_int_equal(seamless_vm_exit(&tdcall, &regs), SEAMLESS_TO_GUEST);
	assert_true(seamless_guest_field(SEAMLESS_FIELD_GUEST_RIP, &rip));
	assert_int_equal(rip, 0x1000);
	assert_int_equal(regs.gpr[RAX], LEAF_TDG_MR_REPORT);
	assert_true(seamless_kicked());
	leave();
	assert_false(seamless_kicked());
	seamless_fault_clear(m);
}

/* The write-back of caches stops in the middle and goes on from there. */
static void hosts_are_interrupted(void **state)
{
	struct seamless_fault *fault;
	char reason[400];

	(void)state;
	assert_int_equal(seamcall(LEAF_TDH_VP_FLUSH, TDVPR, 0).gpr[RAX], TDX_SUCCESS);
	assert_int_equal(seamcall(LEAF_TDH_MNG_VPFLUSHDONE, TDR, 0).gpr[RAX], TDX_SUCCESS);
	fault = add("TDH.PHYMEM.CACHE.WB INTERRUPTED_RESUMABLE look=2 times=1");
	assert_int_equal(seamcall(LEAF_TDH_PHYMEM_CACHE_WB, 0, 0).gpr[RAX],
			 TDX_INTERRUPTED_RESUMABLE);
	seamless_reason(reason, sizeof(reason));
	assert_non_null(strstr(reason, "interrupted after 2 of"));
	assert_false(seamless_kicked());
	assert_int_equal(seamcall(LEAF_TDH_MNG_KEY_FREEID, TDR, 0).gpr[RAX],
			 TDX_WBCACHE_NOT_COMPLETE);
	assert_int_equal(seamcall(LEAF_TDH_PHYMEM_CACHE_WB, 1, 0).gpr[RAX], TDX_SUCCESS);
	assert_int_equal(seamcall(LEAF_TDH_MNG_KEY_FREEID, TDR, 0).gpr[RAX], TDX_SUCCESS);
	assert_int_equal(seamless_fault_happened(m, fault), 1);
	assert_int_equal(seamless_fault_seen(m, fault), 2);
	seamless_fault_clear(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_leave_no_trace),
		cmocka_unit_test(entries_are_refused),
		cmocka_unit_test(guests_meet_the_hosts_priority),
		cmocka_unit_test(guests_are_interrupted),
		cmocka_unit_test(hosts_are_interrupted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
