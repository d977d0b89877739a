// SPDX-License-Identifier: MIT
/*
 * The host's page allocator: no frame is given twice, also by threads at the same time, every frame
 * comes back, large frames are aligned and whole, owners keep out of each other's blocks.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "vmm/frames.h"

#define TD (FRAME_TD + 3)

/* 3 MiB that start in the middle of a 2 MiB block: only one whole block; and 64 KiB apart from it.
 */
static const struct vmm_range ranges[] = { { 0x1100000, 0x300000 }, { 0x2000000, 0x10000 } };
#define TOTAL ((0x300000 + 0x10000) / 0x1000)

static int setup(void **state)
{
	static struct vmm_frames frames;

	*state = &frames;
	return vmm_frames_init(&frames, ranges, 2) ? 0 : -1;
}

static int teardown(void **state)
{
	vmm_frames_free_all(*state);
	return 0;
}

static void gives_each_frame_once(void **state)
{
	struct vmm_frames *f = *state;
	uint64_t last = 0;

	for (int i = 0; i < TOTAL; i++) {
		uint64_t hpa = vmm_frames_alloc(f, TD, VMM_LEVEL_4K);

		assert_true(hpa > last && hpa % VMM_4K == 0);
		assert_true(range_holds(ranges[0], hpa, VMM_4K) ||
			    range_holds(ranges[1], hpa, VMM_4K));
		last = hpa;
	}
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_4K) == VMM_NO_FRAME);
	assert_int_equal(vmm_frames_count(f, TD), TOTAL);
	assert_int_equal(vmm_frames_count(f, FRAME_FREE), 0);
}

static void reuses_what_comes_back(void **state)
{
	struct vmm_frames *f = *state;
	uint64_t first = vmm_frames_alloc(f, TD, VMM_LEVEL_4K);
	uint64_t second = vmm_frames_alloc(f, FRAME_HOST, VMM_LEVEL_4K);

	vmm_frames_release(f, first);
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_4K) == first);
	vmm_frames_release(f, first);
	vmm_frames_release(f, second);
	assert_int_equal(vmm_frames_count(f, FRAME_FREE), TOTAL);
}

static void large_frames_are_whole_blocks(void **state)
{
	struct vmm_frames *f = *state;
	enum vmm_level level = VMM_LEVEL_4K;
	uint64_t large = vmm_frames_alloc(f, TD, VMM_LEVEL_2M);

	assert_true(large == 0x1200000);
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_2M) == VMM_NO_FRAME);
	assert_int_equal(vmm_frames_count(f, TD), 512);
	assert_true(vmm_frames_next(f, TD, 0, &level) == large && level == VMM_LEVEL_2M);
	vmm_frames_release(f, large);
	assert_int_equal(vmm_frames_count(f, FRAME_FREE), TOTAL);
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_2M) == large);
}

static void a_used_block_is_not_large(void **state)
{
	struct vmm_frames *f = *state;
	uint64_t hpa = 0;

	while (hpa != 0x1200000)
		hpa = vmm_frames_alloc(f, TD, VMM_LEVEL_4K);
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_2M) == VMM_NO_FRAME);
	vmm_frames_release(f, hpa);
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_2M) == hpa);
}

static void walks_one_owner_only(void **state)
{
	struct vmm_frames *f = *state;
	enum vmm_level level = VMM_LEVEL_2M;
	uint64_t mine = vmm_frames_alloc(f, TD, VMM_LEVEL_4K);

	vmm_frames_alloc(f, TD + 1, VMM_LEVEL_4K);
	assert_true(vmm_frames_next(f, TD, 0, &level) == mine && level == VMM_LEVEL_4K);
	assert_true(vmm_frames_next(f, TD, mine + VMM_4K, &level) == VMM_NO_FRAME);
}

static void owners_have_blocks_of_their_own(void **state)
{
	struct vmm_frames *f = *state;
	uint64_t mine = vmm_frames_alloc(f, TD, VMM_LEVEL_4K);
	uint64_t other = vmm_frames_alloc(f, TD + 1, VMM_LEVEL_4K);

	assert_int_not_equal(mine / VMM_2M, other / VMM_2M);
	for (int i = 2; i < 0x100; i++) {
		uint64_t hpa = vmm_frames_alloc(f, i % 2 ? TD + 1 : TD, VMM_LEVEL_4K);

		assert_int_equal(hpa / VMM_2M, (i % 2 ? other : mine) / VMM_2M);
	}
	/* With no block left for it, an owner takes what there is. */
	for (int i = 0x100; i < TOTAL; i++)
		assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_4K) != VMM_NO_FRAME);
	vmm_frames_release(f, other);
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_4K) == other);
}

/* However many owners have a frame or two, large frames remain. */
static void many_owners_share_blocks(void **state)
{
	const struct vmm_range wide = { 0x40000000, 256 * VMM_2M };
	struct vmm_frames f;
	unsigned large = 0;

	(void)state;
	assert_true(vmm_frames_init(&f, &wide, 1));
	for (uint16_t i = 0; i < 1000; i++)
		assert_true(vmm_frames_alloc(&f, TD + i, VMM_LEVEL_4K) != VMM_NO_FRAME);
	while (vmm_frames_alloc(&f, TD, VMM_LEVEL_2M) != VMM_NO_FRAME)
		large++;
	assert_true(large >= 256 - 256 / 16 - 4);
	vmm_frames_free_all(&f);
}

#define THREADS 4
#define TURNS	20000

struct taker {
	struct vmm_frames *frames;
	uint16_t owner;
	uint64_t taken[TOTAL / THREADS];
	pthread_t thread;
};

/* Takes all that it may have, so that at times hardly any is left, and gives back in another order.
 */
static void *take_and_give(void *opaque)
{
	struct taker *t = opaque;

	for (unsigned turn = 0; turn < TURNS; turn++) {
		uint64_t *at = &t->taken[turn * 7919u % (TOTAL / THREADS)];

		if (*at != VMM_NO_FRAME)
			vmm_frames_release(t->frames, *at);
		*at = vmm_frames_alloc(t->frames, t->owner, VMM_LEVEL_4K);
	}
	return NULL;
}

/* What it has is its own; the rest of what it may have is there. */
static void check_and_fill(struct taker *t)
{
	unsigned have = 0;

	for (unsigned k = 0; k < TOTAL / THREADS; k++)
		have += t->taken[k] != VMM_NO_FRAME;
	assert_int_equal(vmm_frames_count(t->frames, t->owner), have);
	for (unsigned k = 0; k < TOTAL / THREADS; k++) {
		if (t->taken[k] == VMM_NO_FRAME)
			t->taken[k] = vmm_frames_alloc(t->frames, t->owner, VMM_LEVEL_4K);
		assert_true(t->taken[k] != VMM_NO_FRAME);
	}
}

static void threads_never_get_the_same(void **state)
{
	static struct taker taker[THREADS];
	struct vmm_frames *f = *state;

	for (unsigned i = 0; i < THREADS; i++) {
		taker[i] = (struct taker){ .frames = f, .owner = (uint16_t)(TD + i) };
		for (unsigned k = 0; k < TOTAL / THREADS; k++)
			taker[i].taken[k] = VMM_NO_FRAME;
		assert_int_equal(pthread_create(&taker[i].thread, NULL, take_and_give, &taker[i]),
				 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(taker[i].thread, NULL);
	for (unsigned i = 0; i < THREADS; i++)
		check_and_fill(&taker[i]);
	assert_int_equal(vmm_frames_count(f, FRAME_FREE), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(vmm_frames_count(f, taker[i].owner), TOTAL / THREADS);
		for (unsigned k = 0; k < TOTAL / THREADS; k++)
			vmm_frames_release(f, taker[i].taken[k]);
	}
	assert_int_equal(vmm_frames_count(f, FRAME_FREE), TOTAL);
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_2M) == 0x1200000);
}

static void lost_frames_stay_away(void **state)
{
	struct vmm_frames *f = *state;
	enum vmm_level level;
	uint64_t large = vmm_frames_alloc(f, TD, VMM_LEVEL_2M);
	uint64_t small = vmm_frames_alloc(f, TD, VMM_LEVEL_4K);

	vmm_frames_lose(f, large);
	vmm_frames_lose(f, small);
	assert_true(vmm_frames_next(f, TD, 0, &level) == VMM_NO_FRAME);
	assert_int_equal(vmm_frames_count(f, FRAME_FREE), TOTAL - 513);
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_2M) == VMM_NO_FRAME);
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_4K) != small);
}

static void fails_on_demand(void **state)
{
	struct vmm_frames *f = *state;

	f->fail_after = 1;
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_4K) != VMM_NO_FRAME);
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_4K) == VMM_NO_FRAME);
	assert_true(vmm_frames_alloc(f, TD, VMM_LEVEL_2M) == VMM_NO_FRAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gives_each_frame_once, setup, teardown),
		cmocka_unit_test_setup_teardown(reuses_what_comes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(large_frames_are_whole_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(a_used_block_is_not_large, setup, teardown),
		cmocka_unit_test_setup_teardown(walks_one_owner_only, setup, teardown),
		cmocka_unit_test_setup_teardown(owners_have_blocks_of_their_own, setup, teardown),
		cmocka_unit_test(many_owners_share_blocks),
		cmocka_unit_test_setup_teardown(threads_never_get_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_frames_stay_away, setup, teardown),
		cmocka_unit_test_setup_teardown(fails_on_demand, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
