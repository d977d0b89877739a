// SPDX-License-Identifier: MIT
/*
 * Random calls on two TDs, and after every few of them the whole of PAMT and secure EPT against each other:
 *   - a page has one owner and one type, and the owner's count of children is the number of its pages;
 *   - every page of type REG or EPT hangs in its owner's secure EPT exactly once, and nothing else does;
 *   - every refusal has its sentence.
 */
#include "box.h"

#include "module/sept.h"

#define CALLS 30000u
#define CHECK_EVERY 500u
#define PAGES 96u

struct world {
	struct box *b;
	uint64_t random;
	uint64_t tdr[2], tdvpr[2], page[PAGES];
	uint8_t seen[1 << 18]; /* mappings found, by page of the TDMR */
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

/* Counts the pages and tables below @table in w->seen. */
static void count_tree(struct world *w, const uint64_t *table, unsigned level, uint64_t tdr)
{
	for (unsigned i = 0; i < 512; i++) {
		enum sept_state state = sept_state_of(table[i]);
		bool leaf = table[i] & SEPT_LEAF;
		struct sept_ref ref = { .value = table[i], .level = level };
		uint64_t pa = sept_pa(&ref);
		struct pamt_entry *e;

		if (state == SEPT_STATE_FREE || state == SEPT_STATE_REMOVED)
			continue;
		e = pamt_at(w->b->m, pa, leaf ? (enum page_size)level : PAGE_SIZE_4K);
		assert_non_null(e);
		assert_int_equal(e->type, leaf ? PT_REG : PT_EPT);
		assert_int_equal(pamt_owner(e), tdr);
		for (uint64_t k = 0; k < (leaf ? PAGE_SIZE_OF(level) : PAGE_BYTES); k += PAGE_BYTES)
			w->seen[(pa + k - BOX_TDMR) >> 12]++;
		if (!leaf)
			count_tree(w, pa_ptr(w->b->m, pa), level - 1, tdr);
	}
}

/* The entry that describes the page at @pa, and its size. */
static struct pamt_entry *description(struct world *w, uint64_t pa, enum page_size *size)
{
	struct pamt_entry *path[NUM_PAGE_SIZES];

	assert_true(pamt_path(w->b->m, pa, path));
	for (int s = PAGE_SIZE_1G; s > PAGE_SIZE_4K; s--) {
		*size = (enum page_size)s;
		if (path[s]->type != PT_NDA)
			return path[s];
	}
	*size = PAGE_SIZE_4K;
	return path[PAGE_SIZE_4K];
}

static void check_world(struct world *w)
{
	uint64_t children[2] = { 0 };

	memset(w->seen, 0, sizeof(w->seen));
	for (unsigned t = 0; t < 2; t++) {
		struct td td;

		td_load(w->b->m, w->tdr[t], &td);
		count_tree(w, td_page(w->b->m, &td, TDCS_PAGE_SEPT_ROOT), sept_root_level(&td), w->tdr[t]);
	}
	for (uint64_t pa = BOX_TDMR; pa < BOX_TDMR + (32 << 20);) {
		enum page_size size;
		struct pamt_entry *e = description(w, pa, &size);
		uint64_t next = (pa & ~(PAGE_SIZE_OF(size) - 1)) + PAGE_SIZE_OF(size);
		bool mapped = e->type == PT_REG || e->type == PT_EPT;

		for (uint64_t k = pa; k < next; k += PAGE_BYTES)
			assert_int_equal(w->seen[(k - BOX_TDMR) >> 12], mapped);
		for (unsigned t = 0; t < 2 && e->type != PT_NDA && e->type != PT_TDR; t++)
			children[t] += pamt_owner(e) == w->tdr[t] ? (next - pa) / PAGE_BYTES : 0;
		pa = next;
	}
	for (unsigned t = 0; t < 2; t++) {
		struct td td;

		td_load(w->b->m, w->tdr[t], &td);
		assert_int_equal(td.tdr->chldcnt, children[t]);
	}
}

static void pamt_and_sept_agree(void **state)
{
	static struct world w;

	(void)state;
	for (unsigned seed = 1; seed <= 3; seed++) {
		memset(&w, 0, sizeof(w));
		w.random = seed * 0x9e3779b97f4a7c15ull;
		w.b = box_create("");
		box_boot(w.b);
		for (unsigned t = 0; t < 2; t++)
			w.tdr[t] = box_td(w.b, BOX_HKID + t, &w.tdvpr[t]);
		for (unsigned i = 0; i < PAGES; i++)
			w.page[i] = box_page(w.b);
		box_ok(w.b, 0, LEAF_TDH_MR_FINALIZE, w.tdr[0], 0, 0, 0);
		for (unsigned i = 0; i < CALLS; i++) {
			random_call(&w);
			if (i % CHECK_EVERY == 0)
				check_world(&w);
		}
		check_world(&w);
		box_destroy(w.b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pamt_and_sept_agree),
	};

	return cmocka_run_group_tests_name("invariants", tests, NULL, NULL);
}
