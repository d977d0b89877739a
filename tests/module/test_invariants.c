// SPDX-License-Identifier: MIT
/*
 * Random calls on two TDs, a part of their operands nonsense: every refusal has its sentence, and the checker of the whole
 * state finds nothing, whether it looks after each call or now and then.
 */
#include "box.h"

#include "audit/audit.h"

#define CALLS 30000u
#define CHECK_EVERY 100u
#define CALLS_CHECKED 3000u /* of another run, each of them */
#define PAGES 96u

struct world {
	struct box *b;
	uint64_t random;
	uint64_t tdr[2], tdvpr[2], page[PAGES];
	struct audit_history *history;
};

static uint64_t rnd(struct world *w, uint64_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random % n;
}

static uint64_t any_operand(struct world *w)
{
	switch (rnd(w, 6)) {
	case 0: return 1ull << rnd(w, 64);
	case 1: return ~0ull;
	case 2: return rnd(w, 16) << 12 | rnd(w, 4);
	case 3: return w->tdr[rnd(w, 2)];
	case 4: return w->tdvpr[rnd(w, 2)];
	default: return w->page[rnd(w, PAGES)];
	}
}

/* A call that mostly makes sense. */
static void random_call(struct world *w)
{
	static const uint16_t leaf[] = {
		LEAF_TDH_MEM_PAGE_ADD, LEAF_TDH_MEM_SEPT_ADD, LEAF_TDH_MEM_PAGE_RELOCATE, LEAF_TDH_MEM_PAGE_AUG,
		LEAF_TDH_MEM_PAGE_AUG, LEAF_TDH_MEM_RANGE_BLOCK, LEAF_TDH_MEM_RANGE_BLOCK, LEAF_TDH_MEM_PAGE_DEMOTE,
		LEAF_TDH_MR_EXTEND, LEAF_TDH_MEM_PAGE_PROMOTE, LEAF_TDH_MEM_SEPT_RD, LEAF_TDH_MEM_PAGE_REMOVE,
		LEAF_TDH_MEM_SEPT_REMOVE, LEAF_TDH_MEM_RANGE_UNBLOCK, LEAF_TDH_MEM_TRACK, LEAF_TDH_MEM_TRACK,
		LEAF_TDH_PHYMEM_PAGE_RECLAIM, LEAF_TDH_VP_CREATE, LEAF_TDH_MNG_ADDCX, LEAF_TDH_VP_ADDCX,
	};
	unsigned level = (unsigned)(rnd(w, 3) ? 0 : rnd(w, 3));
	uint64_t gpa = rnd(w, 4) << 12 | rnd(w, 3) << 21, tdr = w->tdr[rnd(w, 2)], page = w->page[rnd(w, PAGES)];
	uint64_t in[4] = { (gpa & ~(PAGE_SIZE_OF(level) - 1)) | level, tdr, page, BOX_HOST };
	uint64_t which = leaf[rnd(w, sizeof(leaf) / sizeof(leaf[0]))], status;
	char sentence[400];

	if (which == LEAF_TDH_MEM_PAGE_AUG && level)
		in[2] = BOX_TDMR + (16 << 20) + (rnd(w, 2) << 21);
	if (which == LEAF_TDH_MEM_TRACK)
		in[0] = tdr;
	if (which == LEAF_TDH_PHYMEM_PAGE_RECLAIM || which == LEAF_TDH_VP_CREATE || which == LEAF_TDH_MNG_ADDCX ||
	    which == LEAF_TDH_VP_ADDCX)
		in[0] = page;
	if (which == LEAF_TDH_VP_ADDCX)
		in[1] = w->tdvpr[rnd(w, 2)];
	if (!rnd(w, 8))
		in[rnd(w, 3)] = any_operand(w);
	status = box_call4(w->b, 0, which, in[0], in[1], in[2], in[3]);
	module_reason_format(w->b->m, 0, sentence, sizeof(sentence));
	if (status)
		assert_int_not_equal(strlen(sentence), 0);
	else
		assert_string_equal(sentence, "");
}

static void complain(void *opaque, const struct audit_finding *f)
{
	(void)opaque;
	print_error("%s: %s\n", f->rule, f->text);
}

static void open_world(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->random = seed * 0x9e3779b97f4a7c15ull;
	w->b = box_create("");
	box_boot(w->b);
	w->history = audit_history_new();
	assert_non_null(w->history);
	for (unsigned t = 0; t < 2; t++)
		w->tdr[t] = box_td(w->b, BOX_HKID + t, &w->tdvpr[t]);
	for (unsigned i = 0; i < PAGES; i++)
		w->page[i] = box_page(w->b);
	box_ok(w->b, 0, LEAF_TDH_MR_FINALIZE, w->tdr[0], 0, 0, 0);
}

static void run(uint64_t seed, unsigned calls, unsigned check_every)
{
	static struct world w;

	open_world(&w, seed);
	for (unsigned i = 0; i < calls; i++) {
		random_call(&w);
		if (i % check_every == 0)
			assert_int_equal(audit_step(w.history, w.b->m, check_every, complain, NULL), 0);
	}
	assert_int_equal(audit_step(w.history, w.b->m, check_every, complain, NULL), 0);
	audit_history_free(w.history);
	box_destroy(w.b);
}

static void state_agrees_now_and_then(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 3; seed++)
		run(seed, CALLS, CHECK_EVERY);
}

static void state_agrees_after_each_call(void **state)
{
	(void)state;
	run(4, CALLS_CHECKED, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_agrees_now_and_then),
		cmocka_unit_test(state_agrees_after_each_call),
	};

	return cmocka_run_group_tests_name("invariants", tests, NULL, NULL);
}
