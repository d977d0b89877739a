// SPDX-License-Identifier: MIT
/*
 * MapGPA while calls are refused and interrupted: faults that pass, faults that do not, and all
 * that there are, one at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "life.h"

static void assert_lives(const char *const *rules, bool for_good)
{
	for (; *rules; rules++) {
		struct life life = { .rule = *rules, .for_good = for_good };

		live(&life);
		assert_string_equal(life.problem, "");
		assert_int_not_equal(life.happened, 0);
	}
}

/* What passes is not seen by the guest, and leaves nothing behind. */
static void faults_pass(void **state)
{
	static const char *const rules[] = {
		"TDH.MEM.RANGE.BLOCK OPERAND_BUSY(SEPT_TREE) every=2",
		"TDH.MEM.TRACK OPERAND_BUSY times=3",
		"TDH.MEM.PAGE.DEMOTE INTERRUPTED_RESTARTABLE times=5",
		"TDH.MEM.PAGE.DEMOTE OPERAND_BUSY(SEPT_TREE) nth=1",
		"TDH.MEM.PAGE.REMOVE OPERAND_BUSY(SEPT_TREE) every=2",
		"TDH.PHYMEM.PAGE.WBINVD OPERAND_BUSY nth=1",
		"TDH.MEM.PAGE.AUG OPERAND_BUSY(SEPT_TREE) every=2",
		"TDH.VP.ENTER OPERAND_BUSY chance=50%",
		"TDG.MEM.PAGE.ACCEPT INTERRUPTED_RESUMABLE nth=2 look=3",
		"TDG.MEM.PAGE.ACCEPT OPERAND_BUSY_HOST_PRIORITY nth=2",
		"TDH.PHYMEM.CACHE.WB INTERRUPTED_RESUMABLE times=2",
		NULL,
	};

	(void)state;
	assert_lives(rules, false);
}

/* What does not pass ends the TD, not the hypervisor, which has all its pages afterwards. */
static void faults_for_good(void **state)
{
	static const char *const rules[] = {
		"TDH.MEM.RANGE.BLOCK OPERAND_BUSY(SEPT_TREE)",
		"TDH.MEM.TRACK OPERAND_BUSY",
		"TDH.MEM.PAGE.DEMOTE INTERRUPTED_RESTARTABLE",
		"TDH.MEM.PAGE.REMOVE OPERAND_BUSY(SEPT_TREE)",
		"TDH.MEM.PAGE.AUG OPERAND_BUSY(SEPT_TREE)",
		"TDH.VP.ENTER OPERAND_BUSY from=4",
		NULL,
	};

	(void)state;
	assert_lives(rules, true);
}

/* The calls of a life: how many of each leaf. */
struct calls {
	struct {
		bool guest;
		uint16_t leaf;
		unsigned count;
	} of[64];
	unsigned leaves;
};

static void count(void *opaque, const struct seamless_event *event)
{
	struct calls *calls = opaque;
	bool guest = event->kind == SEAMLESS_EVENT_VM_EXIT;
	uint16_t leaf;
	unsigned i = 0;

	if ((!guest && event->kind != SEAMLESS_EVENT_SEAMCALL) || event->after ||
	    (guest && event->exit->reason != SEAMLESS_EXIT_TDCALL))
		return;
	leaf = (uint16_t)event->in->gpr[0];
	while (i < calls->leaves && (calls->of[i].guest != guest || calls->of[i].leaf != leaf))
		i++;
	if (i == calls->leaves) {
		calls->of[i].guest = guest;
		calls->of[i].leaf = leaf;
		calls->leaves++;
	}
	calls->of[i].count++;
}

/* Lives that all begin at one state: of the machine, and of the hypervisor's own memory. */
struct sweep {
	struct world *world;
	struct seamless_snapshot *snapshot;
	struct hv hv;
	unsigned lives, failed;
};

static void live_again(struct sweep *sweep, const char *rule)
{
	struct life life = { .rule = rule };
	char err[200];

	if (!seamless_snapshot_restore(sweep->snapshot, sweep->world->machine, err, sizeof(err)))
		life_complain(&life, err);
	memcpy(&sweep->world->hv, &sweep->hv, sizeof(sweep->hv));
	live_in(&life, sweep->world);
	if (life.problem[0])
		print_error("%s\n", life.problem);
	sweep->lives++;
	sweep->failed += life.problem[0] != 0;
}

static void try_all_faults(struct sweep *sweep, bool guest, uint16_t leaf, unsigned nth)
{
	char rule[200], status[100];

	for (unsigned n = 0; seamless_fault_chance(guest, leaf, n, status, sizeof(status)); n++) {
		snprintf(rule, sizeof(rule), "%s %s nth=%u", seamless_leaf_name(guest, leaf),
			 status, nth);
		live_again(sweep, rule);
	}
}

/* The first two calls of each leaf meet, one at a time, each status that the leaf gets by chance.
 */
static void each_call_under_each_fault(void **state)
{
	struct world *world = *state;
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	struct calls calls = { 0 };
	struct life life = { 0 };
	char err[200];

	sweep->world = world;
	memcpy(&sweep->hv, &world->hv, sizeof(sweep->hv));
	sweep->snapshot = seamless_snapshot_take(world->machine, err, sizeof(err));
	assert_non_null(sweep->snapshot);
	assert_true(seamless_trace_add(world->machine, count, &calls));
	live_in(&life, world);
	seamless_trace_remove(world->machine, count, &calls);
	assert_string_equal(life.problem, "");
	for (unsigned i = 0; i < calls.leaves; i++) {
		for (unsigned nth = 1; nth <= 2 && nth <= calls.of[i].count; nth++)
			try_all_faults(sweep, calls.of[i].guest, calls.of[i].leaf, nth);
	}
	print_message("%u lives\n", sweep->lives);
	assert_int_equal(sweep->failed, 0);
	seamless_snapshot_free(sweep->snapshot);
	free(sweep);
}

static int open_world(void **state)
{
	*state = world_open(NULL);
	return *state ? 0 : -1;
}

static int close_world(void **state)
{
	world_close(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_pass),
		cmocka_unit_test(faults_for_good),
		cmocka_unit_test_setup_teardown(each_call_under_each_fault, open_world,
						close_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
