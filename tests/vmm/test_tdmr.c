// SPDX-License-Identifier: MIT
/*
 * The plan of TDMRs for machines of several shapes: every byte of a TDMR is either usable or
 * reserved, never both, and the PAMTs lie in convertible memory that is reserved.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "vmm/tdmr.h"

static const struct tdmr_limits limits = { 64, 16, 16, 16, 16 };

static struct vmm_range area(const struct tdmr_info *t, size_t i)
{
	return (struct vmm_range){ t->base + t->reserved[i].offset, t->reserved[i].size };
}

static struct vmm_range pamts(const struct tdmr_info *t)
{
	return (struct vmm_range){ t->pamt_4k_base,
				   t->pamt_4k_size + t->pamt_2m_size + t->pamt_1g_size };
}

static uint64_t overlap(struct vmm_range a, struct vmm_range b)
{
	uint64_t from = a.base > b.base ? a.base : b.base;
	uint64_t to = range_end(a) < range_end(b) ? range_end(a) : range_end(b);

	return from < to ? to - from : 0;
}

static void check_tdmr(const struct tdmr_plan *plan, const struct tdmr_info *t)
{
	struct vmm_range whole = { t->base, t->size };
	uint64_t covered = 0, at = t->base;

	assert_true(t->base % VMM_1G == 0 && t->size % VMM_1G == 0 && t->size);
	assert_int_equal(t->pamt_4k_size, t->size / VMM_4K * 16);
	for (size_t i = 0; i < TDMR_RESERVED && t->reserved[i].size; i++) {
		assert_true(area(t, i).base >= at &&
			    range_holds(whole, area(t, i).base, area(t, i).size));
		at = range_end(area(t, i));
		covered += area(t, i).size;
		for (size_t u = 0; u < plan->usable_count; u++)
			assert_false(range_overlaps(area(t, i), plan->usable[u]));
	}
	for (size_t u = 0; u < plan->usable_count; u++)
		covered += overlap(whole, plan->usable[u]);
	assert_true(covered == t->size);
}

static void check(const struct vmm_range *cmr, size_t count, size_t tdmrs)
{
	struct tdmr_plan plan;
	struct vmm_error err;

	if (tdmr_make_plan(&plan, cmr, count, &limits, &err))
		fail_msg("%s", err.text);
	assert_int_equal(plan.count, tdmrs);
	for (size_t i = 0; i < plan.count; i++) {
		uint64_t convertible = 0;

		check_tdmr(&plan, &plan.tdmr[i]);
		for (size_t c = 0; c < count; c++)
			convertible += overlap(cmr[c], pamts(&plan.tdmr[i]));
		assert_true(convertible == pamts(&plan.tdmr[i]).size);
		for (size_t u = 0; u < plan.usable_count; u++)
			assert_false(range_overlaps(pamts(&plan.tdmr[i]), plan.usable[u]));
	}
}

static void one_gibibyte(void **state)
{
	const struct vmm_range cmr[] = { { VMM_1G, VMM_1G } };

	(void)state;
	check(cmr, 1, 1);
}

static void a_hole_at_the_bottom(void **state)
{
	const struct vmm_range cmr[] = { { 0x1000000, 0xff000000 } };

	(void)state;
	check(cmr, 1, 1);
}

static void several_ranges_in_one_tdmr(void **state)
{
	const struct vmm_range cmr[] = { { 0x1000000, 0x10000000 },
					 { 0x20000000, 0x8000000 },
					 { 0x38000000, 0x10000000 },
					 { 4 * VMM_1G, 2 * VMM_1G } };

	(void)state;
	check(cmr, 4, 2);
}

static void a_small_range_borrows_room_below(void **state)
{
	const struct vmm_range cmr[] = { { VMM_1G, VMM_1G }, { 8 * VMM_1G, 0x10000 } };

	(void)state;
	check(cmr, 2, 2);
}

static void refuse(const struct vmm_range *cmr, size_t count, const struct tdmr_limits *l,
		   const char *why)
{
	struct tdmr_plan plan;
	struct vmm_error err = { 0 };

	assert_int_equal(tdmr_make_plan(&plan, cmr, count, l, &err), -1);
	assert_non_null(strstr(err.text, why));
}

static void refuses_what_cannot_be(void **state)
{
	const struct vmm_range tiny[] = { { VMM_1G, 0x100000 } };
	const struct vmm_range apart[] = { { VMM_1G, VMM_1G }, { 3 * VMM_1G, VMM_1G } };
	struct vmm_range holes[20];
	const struct tdmr_limits one = { 1, 16, 16, 16, 16 };

	(void)state;
	refuse(NULL, 0, &limits, "no convertible memory");
	refuse(tiny, 1, &limits, "no room for the PAMTs");
	refuse(apart, 2, &one, "takes 1 TDMRs");
	for (size_t i = 0; i < 20; i++)
		holes[i] = (struct vmm_range){ VMM_1G + i * 0x2000000, 0x1000000 };
	refuse(holes, 20, &limits, "too many holes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_gibibyte),
		cmocka_unit_test(a_hole_at_the_bottom),
		cmocka_unit_test(several_ranges_in_one_tdmr),
		cmocka_unit_test(a_small_range_borrows_room_below),
		cmocka_unit_test(refuses_what_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
