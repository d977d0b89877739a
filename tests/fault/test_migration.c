// SPDX-License-Identifier: MIT
/*
 * A migration under faults, by the library: first without any; then, for each call of it and each
 * status that the call's leaf gets by chance, a migration in which that call meets that fault and
 * is made again. The TD must arrive as it was, or be given back whole when the migration is called
 * off, and the state of the module be right.
 */
#include "../module/mig_box.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/audit.h"
#include "lib/machine_impl.h"
#include "module/gpa_list.h"
#include "seamless/seamless.h"

#define MAX_CALLS 64
#define RESTORE	  (1ull << 52)

static struct {
	struct seamless_machine *machine;
	uint16_t call[MAX_CALLS]; /* leaves of the life without faults, in order */
	bool done[MAX_CALLS];
	unsigned calls, lives, happened;
	bool counts;
} t;

static struct box *make_box(void)
{
	struct box *b = calloc(1, sizeof(*b));
	size_t size;
	const char *base = seamless_platform_text("transcripts", &size);
	char text[32768], err[300];
	const struct seamless_config config = {
		.name = "box",
		.text = text,
		.len = (size_t)snprintf(text, sizeof(text), "%.*s\nencryption on\nlps 4\n",
					(int)size, base),
		.guest = SEAMLESS_GUEST_SCRIPTED
	};

	t.machine = seamless_create(&config, err, sizeof(err));
	assert_non_null(b);
	assert_non_null(t.machine);
	b->p = t.machine->platform;
	b->m = t.machine->module;
	b->free = BOX_TDMR;
	return b;
}

static enum module_where by_library(struct mig_box *m)
{
	unsigned n = t.calls;
	enum module_where where;

	if (t.counts) {
		assert_in_range(n, 0, MAX_CALLS - 1);
		t.call[t.calls++] = (uint16_t)m->b->regs.gpr[GPR_RAX];
	}
	where = (enum module_where)seamless_seamcall((struct seamless_regs *)&m->b->regs);
	if (t.counts)
		t.done[n] = !m->b->regs.gpr[GPR_RAX];
	return where;
}

/* ---- two lives ---- */

static void migrate(struct mig_box *m)
{
	mig_all(m, false);
	m->seamcall = NULL;
	mig_check_arrival(m);
}

static uint64_t call_off(struct mig_box *m)
{
	const uint64_t list = MIG_GPAS | (MIG_PAGES - 1ull) << 55;

	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_PAUSE, (uint64_t[8]){ m->src.tdr }),
			 TDX_SUCCESS);
	assert_int_equal(mig_export_mem(m, GPA_LIST_OP_MIGRATE), TDX_SUCCESS);
	assert_int_equal(mig_import_mem(m, true), TDX_SUCCESS);
	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_ABORT, (uint64_t[8]){ m->src.tdr }),
			 TDX_SUCCESS);
	for (uint64_t i = 0; i < MIG_PAGES; i++)
		mig_poke(m, MIG_GPAS + 8 * i, i << 12 | RESTORE);
	return mig_call(m, LEAF_TDH_EXPORT_RESTORE, (uint64_t[8]){ list, m->src.tdr });
}

static void give_up(struct mig_box *m)
{
	uint64_t state;

	assert_int_equal(mig_export_state(m, LEAF_TDH_EXPORT_STATE_IMMUTABLE, m->src.tdr),
			 TDX_SUCCESS);
	assert_int_equal(mig_import_state(m, LEAF_TDH_IMPORT_STATE_IMMUTABLE, m->dst.tdr),
			 TDX_SUCCESS);
	mig_add_tables(m);
	assert_int_equal(call_off(m), TDX_SUCCESS);
	m->seamcall = NULL;
	assert_int_equal(mig_md(m, m->src.tdr, FIELD_OP_STATE), OP_STATE_RUNNABLE);
	for (unsigned i = 0; i < MIG_PAGES; i++) {
		mig_page_of(m, m->src.tdr, i * 4096, &state);
		assert_int_equal(state, i + 1 < MIG_PAGES ? 4 : 2);
	}
}

static void complain(void *opaque, const struct audit_finding *finding)
{
	print_error("%s: %s\n", (const char *)opaque, finding->rule);
}

/* How often the fault happened. */
static uint64_t live(void (*life)(struct mig_box *m), const char *rule)
{
	struct mig_box m;
	struct seamless_fault *fault = NULL;
	uint64_t happened = 0;
	char err[400];

	mig_open_in(&m, make_box());
	assert_true(seamless_lp_enter(t.machine, 0));
	if (rule) {
		fault = seamless_fault_add(t.machine, rule, err, sizeof(err));
		if (!fault)
			fail_msg("%s: %s", rule, err);
	}
	m.seamcall = by_library;
	life(&m);
	if (fault)
		happened = seamless_fault_happened(t.machine, fault);
	assert_int_equal(audit_module(m.b->m, complain, (void *)(rule ? rule : "no fault")), 0);
	seamless_lp_leave();
	seamless_destroy(t.machine);
	free(m.b);
	t.lives++;
	return happened;
}

static bool is_interrupt(const char *status)
{
	return !strncmp(status, "INTERRUPTED", strlen("INTERRUPTED"));
}

/* One leaf's calls have numbers of their own. */
static unsigned number_of(unsigned n)
{
	unsigned number = 0;

	for (unsigned i = 0; i <= n; i++)
		number += t.call[i] == t.call[n];
	return number;
}

static void try_call(void (*life)(struct mig_box *m), unsigned n)
{
	const struct leaf_desc *leaf = leaf_by_number(LEAF_HOST, t.call[n]);
	char status[100], rule[200];
	uint64_t happened;

	for (unsigned i = 0; seamless_fault_chance(false, t.call[n], i, status, sizeof(status));
	     i++) {
		snprintf(rule, sizeof(rule), "%s %s nth=%u", leaf->name, status, number_of(n));
		happened = live(life, rule);
		t.happened += happened != 0;
		if (happened != 1 && t.done[n] && !is_interrupt(status))
			fail_msg("%s: it did not happen once", rule);
	}
}

static void sweep(void (*life)(struct mig_box *m), unsigned least)
{
	t.calls = t.lives = t.happened = 0;
	t.counts = true;
	live(life, NULL);
	t.counts = false;
	for (unsigned n = 0; n < t.calls; n++)
		try_call(life, n);
	print_message("%u calls, %u lives, %u faults happened\n", t.calls, t.lives, t.happened);
	assert_in_range(t.happened, least, t.lives);
}

static void arrives_under_faults(void **state)
{
	(void)state;
	sweep(migrate, 50);
}

static void is_called_off_under_faults(void **state)
{
	(void)state;
	sweep(give_up, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrives_under_faults),
		cmocka_unit_test(is_called_off_under_faults),
	};

	return cmocka_run_group_tests_name("migration under faults", tests, NULL, NULL);
}
