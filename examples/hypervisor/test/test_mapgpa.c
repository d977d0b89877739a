// SPDX-License-Identifier: MIT
/*
 * MapGPA on one TD: what the guest is told, and what the pages are afterwards to the module, to the
 * guest and to the hypervisor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sharing.h"

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

static void assert_none(const char *problem)
{
	if (problem)
		fail_msg("%s", problem);
}

static uint64_t state_of(const struct hv *hv, uint64_t gpa)
{
	struct tdh_mem_sept_rd_out out = { 0 };

	if (!tdx_status_ok(tdh_mem_sept_rd(tdx_gpa(gpa), TDX_LEVEL_4K, hv->tdr, 0, &out)))
		return UINT64_MAX;
	return (out.sept_info & TDX_SEPT_INFO_STATE_MASK) >> TDX_SEPT_INFO_STATE_SHIFT;
}

/* The module's, the guest's and the hypervisor's idea of the pages are the same. */
static void pages_become_shared(void **state)
{
	struct world *world = *state;
	struct sharing s = few_pages(world);
	uint8_t seen[HV_PAGE], zeros[HV_PAGE] = { 0 };

	assert_int_equal(world_run(world, share, &s), HV_HALTED);
	assert_true(tdx_answer_ok(s.shared));
	assert_false(s.private_view.there);
	assert_true(s.shared_view.shared);
	assert_int_equal(s.shared_view.pa, world->hv.page[2].pa);
	for (unsigned i = 0; i < 8; i++) {
		bool shared = i >= 2 && i < 5;

		assert_int_equal(world->hv.page[i].kind, shared ? HV_SHARED : HV_PRIVATE);
		assert_int_equal(state_of(&world->hv, i * HV_PAGE),
				 shared ? TDX_SEPT_STATE_FREE : TDX_SEPT_STATE_MAPPED);
	}
	/* Neither the page that is shared nor the one that was private has anything of the guest's.
	 */
	assert_true(seamless_read(world->machine, s.shared_view.pa, seen, sizeof(seen)));
	assert_memory_equal(seen, zeros, sizeof(seen));
	assert_true(seamless_read(world->machine, s.before.pa, seen, sizeof(seen)));
	assert_memory_equal(seen, zeros, sizeof(seen));
	assert_none(world_end(world));
}

static void pages_come_back(void **state)
{
	struct world *world = *state;
	struct sharing s = few_pages(world);
	char seen[sizeof(SECRET)];

	assert_int_equal(world_run(world, share_and_take_back, &s), HV_HALTED);
	assert_none(sharing_wrong(&s));
	assert_int_equal(s.calls, 2);
	assert_true(seamless_private_read(world->machine, s.after.pa, seen, sizeof(seen)));
	assert_string_equal(seen, "");
	assert_none(world_end(world));
}

static void a_large_page_is_split(void **state)
{
	struct world *world = *state;
	struct sharing s = part_of_large(world);

	assert_int_equal(world_run(world, share_and_take_back, &s), HV_HALTED);
	assert_none(sharing_wrong(&s));
	assert_int_equal(state_of(&world->hv, LARGE_2 + 4 * HV_PAGE), TDX_SEPT_STATE_MAPPED);
	assert_none(world_end(world));
}

/* 300 small pages in two calls; then a 2 MiB page as a whole, which takes two as well. */
static void long_ranges_take_several_calls(void **state)
{
	struct world *world = *state;
	struct sharing s = few_pages(world);

	s.accepted = s.size = 300 * HV_PAGE;
	s.gpa = 0;
	assert_int_equal(world_run(world, share_and_take_back, &s), HV_HALTED);
	assert_none(sharing_wrong(&s));
	assert_int_equal(s.calls, 4);
	s = part_of_large(world);
	s.gpa = LARGE_2;
	s.size = HV_LARGE_PAGE;
	s.calls = 0;
	assert_int_equal(world_run(world, share, &s), HV_HALTED);
	assert_true(tdx_answer_ok(s.shared));
	assert_int_equal(s.calls, 2);
	assert_none(world_end(world));
}

struct question {
	uint64_t gpa, size, answer;
	tdx_answer_t got;
};

static void ask(void *opaque)
{
	for (struct question *q = opaque; q->size != UINT64_MAX; q++)
		q->got = tdg_vp_vmcall_map_gpa(tdx_gpa(q->gpa), q->size, NULL);
}

static void bad_ranges_are_refused(void **state)
{
	struct question questions[] = {
		{ 1, HV_PAGE, TDX_VMCALL_ALIGN_ERROR, { 0 } },
		{ 0, HV_PAGE + 8, TDX_VMCALL_ALIGN_ERROR, { 0 } },
		{ 0, 0, TDX_VMCALL_INVALID_OPERAND, { 0 } },
		{ HV_MEMORY, HV_PAGE, TDX_VMCALL_INVALID_OPERAND, { 0 } },
		{ SHARED | HV_MEMORY, HV_PAGE, TDX_VMCALL_INVALID_OPERAND, { 0 } },
		{ HV_PAGE, HV_MEMORY, TDX_VMCALL_INVALID_OPERAND, { 0 } },
		{ HV_PAGE, 0xfffffffffffff000, TDX_VMCALL_INVALID_OPERAND, { 0 } },
		{ 1ull << 48, HV_PAGE, TDX_VMCALL_INVALID_OPERAND, { 0 } },
		{ 0, HV_PAGE, TDX_VMCALL_SUCCESS, { 0 } }, /* nothing was there */
		{ .size = UINT64_MAX },
	};
	struct world *world = *state;

	assert_int_equal(world_run(world, ask, questions), HV_HALTED);
	for (struct question *q = questions; q->size != UINT64_MAX; q++)
		assert_true(tdx_answer_is(q->got, q->answer));
	assert_none(world_end(world));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(pages_become_shared),    WITH_WORLD(pages_come_back),
		WITH_WORLD(a_large_page_is_split),  WITH_WORLD(long_ranges_take_several_calls),
		WITH_WORLD(bad_ranges_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
