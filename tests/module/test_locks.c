// SPDX-License-Identifier: MIT
/*
 * Try-locks: who excludes whom, host priority, and threads that fight for one TD.
 */
#include "box.h"

#include <pthread.h>

static void readers_share_and_writers_exclude(void **state)
{
	uint16_t lock = 0;

	(void)state;
	assert_true(lock_try(&lock, LOCK_SHARED));
	assert_true(lock_try(&lock, LOCK_SHARED));
	assert_false(lock_try(&lock, LOCK_EXCLUSIVE));
	lock_release(&lock, LOCK_SHARED);
	lock_release(&lock, LOCK_SHARED);
	assert_true(lock_try(&lock, LOCK_EXCLUSIVE));
	assert_false(lock_try(&lock, LOCK_SHARED));
	assert_false(lock_try(&lock, LOCK_EXCLUSIVE));
	lock_release(&lock, LOCK_EXCLUSIVE);
	assert_int_equal(lock, 0);
}

static void host_goes_first(void **state)
{
	uint16_t lock = 0;

	(void)state;
	assert_true(lock_try_hp(&lock, LOCK_EXCLUSIVE, true));
	assert_false(lock_try_hp(&lock, LOCK_EXCLUSIVE, false));
	lock_release_hp(&lock, LOCK_EXCLUSIVE);
	assert_false(lock_try_hp(&lock, LOCK_SHARED, true));
	assert_true(lock_try_hp(&lock, LOCK_EXCLUSIVE, false));
	lock_release_hp(&lock, LOCK_EXCLUSIVE);
	assert_true(lock_try_hp(&lock, LOCK_SHARED, true));
	lock_release_hp(&lock, LOCK_SHARED);
	assert_int_equal(lock, 0);
}

static void readers_do_not_overflow(void **state)
{
	uint16_t lock = 0;
	unsigned n = 0;

	(void)state;
	while (n < 0x10000 && lock_try_hp(&lock, LOCK_SHARED, false))
		n++;
	assert_int_equal(n, 0x3fff);
	assert_false(lock_try_hp(&lock, LOCK_EXCLUSIVE, false));
}

#define PAGES 64
#define THREADS 4

struct worker {
	struct box *b;
	uint64_t tdr, base;
	unsigned lp, done, busy;
	bool wrong;
};

static uint64_t call(struct worker *w, uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	struct cpu_regs regs = { .gpr = { [GPR_RAX] = leaf, [GPR_RCX] = rcx, [GPR_RDX] = rdx, [GPR_R8] = r8 } };

	module_seamcall(w->b->m, w->lp, &regs);
	return regs.gpr[GPR_RAX];
}

/* Repeats while somebody else holds a lock; any other answer is final. */
static uint64_t insist(struct worker *w, uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	uint64_t st;

	while (TDX_STATUS_CODE(st = call(w, leaf, rcx, rdx, r8)) == TDX_OPERAND_BUSY)
		w->busy++;
	return st;
}

/* Adds, blocks, unblocks and removes pages of the one TD, each thread its own, while others do the same. */
static void *work(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < PAGES; i++) {
		uint64_t gpa = (w->lp * PAGES + i) * 4096ull, page = w->base + i * 4096ull;

		w->wrong |= insist(w, LEAF_TDH_MEM_PAGE_AUG, gpa, w->tdr, page) != TDX_SUCCESS;
		w->wrong |= insist(w, LEAF_TDH_MEM_RANGE_BLOCK, gpa, w->tdr, 0) != TDX_SUCCESS;
		w->wrong |= insist(w, LEAF_TDH_MEM_TRACK, w->tdr, 0, 0) != TDX_SUCCESS;
		if (i & 1)
			w->wrong |= insist(w, LEAF_TDH_MEM_RANGE_UNBLOCK, gpa, w->tdr, 0) != TDX_SUCCESS;
		else
			w->wrong |= insist(w, LEAF_TDH_MEM_PAGE_REMOVE, gpa, w->tdr, 0) != TDX_SUCCESS;
		w->done++;
	}
	return NULL;
}

static void threads_share_a_td(void **state)
{
	struct box *b = box_create("");
	struct worker w[THREADS];
	pthread_t thread[THREADS];
	uint64_t tdr, tdvpr, children;
	struct td td;

	(void)state;
	box_boot(b);
	tdr = box_td(b, BOX_HKID, &tdvpr);
	box_ok(b, 0, LEAF_TDH_MR_FINALIZE, tdr, 0, 0, 0);
	td_load(b->m, tdr, &td);
	children = td.tdr->chldcnt;
	for (unsigned i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ .b = b, .tdr = tdr, .lp = i, .base = BOX_TDMR + ((i + 4ull) << 21) };
		assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		assert_false(w[i].wrong);
		assert_int_equal(w[i].done, PAGES);
	}
	assert_int_equal(td.tdr->chldcnt, children + THREADS * PAGES / 2);
	box_destroy(b);
}

#define LARGE (BOX_TDMR + (8ull << 21))
#define LARGE_SIZE (1ull << 21)

/* A TD that runs, with a table for 2 MiB pages but none below GPA 2 MiB. */
static uint64_t running_td(struct box *b, uint64_t *tdvpr, struct cpu_regs *guest)
{
	uint64_t tdr;

	box_boot(b);
	tdr = box_td(b, BOX_HKID, tdvpr);
	box_ok(b, 0, LEAF_TDH_MR_FINALIZE, tdr, 0, 0, 0);
	*guest = (struct cpu_regs){ .gpr = { [GPR_RAX] = LEAF_TDH_VP_ENTER, [GPR_RCX] = *tdvpr } };
	assert_int_equal(module_seamcall(b->m, 0, guest), MODULE_TO_GUEST);
	return tdr;
}

static void stop(struct box *b, struct cpu_regs *guest)
{
	const struct vm_exit interrupt = { .reason = 1, .intr_info = 0x80000020 };

	platform_tsc_advance(b->p, 1 << 20);
	assert_int_equal(module_vm_exit(b->m, 0, guest, &interrupt), MODULE_TO_HOST);
}

static uint16_t *lock_of(struct box *b, uint64_t pa, enum page_size size)
{
	return &pamt_at(b->m, pa, size)->lock;
}

/* A locked page holds the entries above it shared: the 2 MiB around are busy for who wants them exclusively, not for readers. */
static void larger_entries_are_held_shared(void **state)
{
	struct box *b = box_create("");
	struct cpu_regs guest;
	uint64_t tdvpr, tdr;

	(void)state;
	tdr = running_td(b, &tdvpr, &guest);
	assert_int_equal(box_call4(b, 1, LEAF_TDH_MEM_PAGE_AUG, 1ull << 21 | 1, tdr, tdvpr & ~0x1fffffull, 0),
			 TDX_OPERAND_BUSY | GPR_R8);
	box_ok(b, 1, LEAF_TDH_MEM_PAGE_AUG, 1ull << 21 | 1, tdr, LARGE, 0);
	box_ok(b, 1, LEAF_TDH_MEM_PAGE_AUG, 0, tdr, LARGE + LARGE_SIZE, 0);
	assert_true(lock_try_hp(lock_of(b, LARGE + LARGE_SIZE, PAGE_SIZE_4K), LOCK_SHARED, false));
	assert_int_equal(box_call4(b, 1, LEAF_TDH_MEM_PAGE_AUG, 2ull << 21 | 1, tdr, LARGE + LARGE_SIZE, 0),
			 TDX_OPERAND_BUSY | GPR_R8);
	lock_release_hp(lock_of(b, LARGE + LARGE_SIZE, PAGE_SIZE_4K), LOCK_SHARED);
	assert_int_equal(box_call4(b, 1, LEAF_TDH_MEM_PAGE_AUG, 2ull << 21 | 1, tdr, LARGE + LARGE_SIZE, 0),
			 TDX_PAGE_METADATA_INCORRECT | GPR_R8);
	stop(b, &guest);
	box_destroy(b);
}

/*
 * And the other way: while somebody has the 2 MiB or the 1 GiB exclusively, no page inside can be had; not the TDR either
 * that the processor had a moment ago.
 */
static void nothing_inside_a_locked_page(void **state)
{
	struct box *b = box_create("");
	uint64_t tdvpr, tdr;

	(void)state;
	box_boot(b);
	tdr = box_td(b, BOX_HKID, &tdvpr);
	for (int size = PAGE_SIZE_2M; size <= PAGE_SIZE_1G; size++) {
		uint16_t *lock = lock_of(b, LARGE, (enum page_size)size);

		assert_true(lock_try_hp(lock, LOCK_EXCLUSIVE, false));
		assert_int_equal(box_call(b, 0, LEAF_TDH_PHYMEM_PAGE_RDMD, LARGE + 0x5000, 0), TDX_OPERAND_BUSY | GPR_RCX);
		lock_release_hp(lock, LOCK_EXCLUSIVE);
		box_ok(b, 0, LEAF_TDH_MNG_RD, tdr, 0x8010000200000005ull, 0, 0);
		assert_true(lock_try_hp(lock_of(b, tdr, (enum page_size)size), LOCK_EXCLUSIVE, false));
		assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_RD, tdr, 0x8010000200000005ull), TDX_OPERAND_BUSY | GPR_RCX);
		lock_release_hp(lock_of(b, tdr, (enum page_size)size), LOCK_EXCLUSIVE);
		assert_true(lock_try_hp(lock, LOCK_SHARED, false));
		box_ok(b, 0, LEAF_TDH_PHYMEM_PAGE_RDMD, LARGE + 0x5000, 0, 0, 0);
		box_ok(b, 0, LEAF_TDH_MNG_RD, tdr, 0x8010000200000005ull, 0, 0);
		lock_release_hp(lock, LOCK_SHARED);
	}
	box_destroy(b);
}

/* The entry that describes a large page is locked as its 4 KiB pages would be: two can't both take it back. */
static void large_pages_are_locked_as_asked(void **state)
{
	struct box *b = box_create("");
	struct cpu_regs guest;
	uint64_t tdvpr, tdr;
	uint16_t *lock;

	(void)state;
	tdr = running_td(b, &tdvpr, &guest);
	box_ok(b, 1, LEAF_TDH_MEM_PAGE_AUG, 1ull << 21 | 1, tdr, LARGE, 0);
	stop(b, &guest);
	box_ok(b, 0, LEAF_TDH_VP_FLUSH, tdvpr, 0, 0, 0);
	box_ok(b, 0, LEAF_TDH_MNG_VPFLUSHDONE, tdr, 0, 0, 0);
	for (unsigned pkg = 0; pkg < b->p->config.packages; pkg++)
		box_ok(b, pkg, LEAF_TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0);
	box_ok(b, 0, LEAF_TDH_MNG_KEY_FREEID, tdr, 0, 0, 0);
	lock = &pamt_at(b->m, LARGE, PAGE_SIZE_2M)->lock;
	assert_true(lock_try_hp(lock, LOCK_SHARED, false));
	assert_int_equal(box_call(b, 0, LEAF_TDH_PHYMEM_PAGE_RECLAIM, LARGE, 0), TDX_OPERAND_BUSY | GPR_RCX);
	box_ok(b, 0, LEAF_TDH_PHYMEM_PAGE_RDMD, LARGE, 0, 0, 0);
	lock_release_hp(lock, LOCK_SHARED);
	box_ok(b, 0, LEAF_TDH_PHYMEM_PAGE_RECLAIM, LARGE, 0, 0, 0);
	assert_int_equal(*lock, 0);
	box_destroy(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_share_and_writers_exclude),
		cmocka_unit_test(host_goes_first),
		cmocka_unit_test(readers_do_not_overflow),
		cmocka_unit_test(threads_share_a_td),
		cmocka_unit_test(larger_entries_are_held_shared),
		cmocka_unit_test(nothing_inside_a_locked_page),
		cmocka_unit_test(large_pages_are_locked_as_asked),
	};

	return cmocka_run_group_tests_name("locks", tests, NULL, NULL);
}
