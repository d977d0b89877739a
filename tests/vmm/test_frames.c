// SPDX-License-Identifier: MIT
/*
 * The host's page allocator: no frame is given twice, every frame comes back, large frames are
 * aligned and whole.
 */
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
		cmocka_unit_test_setup_teardown(lost_frames_stay_away, setup, teardown),
		cmocka_unit_test_setup_teardown(fails_on_demand, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
