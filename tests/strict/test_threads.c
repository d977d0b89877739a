// SPDX-License-Identifier: MIT
/*
 * The sanitizer while several processors make calls about the same pages: each thread makes all
 * calls of a TD's making and undoing, of the same TD, again and again, so that most are refused and
 * all overlap; the host reads a page of the first TD meanwhile. What is looked at is that nothing
 * races (under TSan), that the module's state is right, and that mistakes are told.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bring_up.h"
#include "gen/leaves.h"
#include "seamless/strict.h"

#define THREADS	     4
#define ROUNDS	     400
#define KEYED(n, id) (PAGE(n) | (uint64_t)(id) << 46)
#define PAGE(n)	     (PAGES_BASE + (n)*4096ull)
#define OTHER_TDR    PAGE(40)
#define OTHER_HKID   (FIRST_HKID + 2)
#define TD_PARAMS    (SHARED_BASE + 0x2000) /* as bring_up_td() left them */
#define PAGE_SOURCE  (SHARED_BASE + 0x3000)

/* The other TD; and a second page of the first one, which is taken away from it. */
static const struct step {
	uint64_t leaf, rcx, rdx, r8, r9;
} steps[] = {
	{ LEAF_TDH_MNG_CREATE, OTHER_TDR, OTHER_HKID, 0, 0 },
	{ LEAF_TDH_MNG_KEY_CONFIG, OTHER_TDR, 0, 0, 0 },
	{ LEAF_TDH_MNG_ADDCX, PAGE(41), OTHER_TDR, 0, 0 },
	{ LEAF_TDH_MNG_ADDCX, PAGE(42), OTHER_TDR, 0, 0 },
	{ LEAF_TDH_MNG_ADDCX, PAGE(43), OTHER_TDR, 0, 0 },
	{ LEAF_TDH_MNG_ADDCX, PAGE(44), OTHER_TDR, 0, 0 },
	{ LEAF_TDH_MNG_ADDCX, PAGE(47), OTHER_TDR, 0, 0 },
	{ LEAF_TDH_MNG_ADDCX, PAGE(48), OTHER_TDR, 0, 0 },
	{ LEAF_TDH_MNG_INIT, OTHER_TDR, TD_PARAMS, 0, 0 },
	{ LEAF_TDH_VP_CREATE, PAGE(45), OTHER_TDR, 0, 0 },
	{ LEAF_TDH_MEM_SEPT_ADD, 3, OTHER_TDR, PAGE(46), 0 },
	{ LEAF_TDH_MEM_PAGE_AUG, GPA_PAGE + 0x1000, TDR, PAGE(50), 0 },
	{ LEAF_TDH_MEM_RANGE_BLOCK, GPA_PAGE + 0x1000, TDR, 0, 0 },
	{ LEAF_TDH_MEM_TRACK, TDR, 0, 0, 0 },
	{ LEAF_TDH_MEM_PAGE_REMOVE, GPA_PAGE + 0x1000, TDR, 0, 0 },
	{ LEAF_TDH_PHYMEM_PAGE_WBINVD, KEYED(50, FIRST_HKID + 1), 0, 0, 0 },
	{ LEAF_TDH_PHYMEM_PAGE_RDMD, PAGE(50), 0, 0, 0 },
	{ LEAF_TDH_MNG_VPFLUSHDONE, OTHER_TDR, 0, 0, 0 },
	{ LEAF_TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0 },
	{ LEAF_TDH_MNG_KEY_FREEID, OTHER_TDR, 0, 0, 0 },
	{ LEAF_TDH_PHYMEM_PAGE_RECLAIM, PAGE(48), 0, 0, 0 },
	{ LEAF_TDH_PHYMEM_PAGE_RECLAIM, PAGE(47), 0, 0, 0 },
	{ LEAF_TDH_PHYMEM_PAGE_RECLAIM, PAGE(46), 0, 0, 0 },
	{ LEAF_TDH_PHYMEM_PAGE_RECLAIM, PAGE(45), 0, 0, 0 },
	{ LEAF_TDH_PHYMEM_PAGE_RECLAIM, PAGE(44), 0, 0, 0 },
	{ LEAF_TDH_PHYMEM_PAGE_RECLAIM, PAGE(43), 0, 0, 0 },
	{ LEAF_TDH_PHYMEM_PAGE_RECLAIM, PAGE(42), 0, 0, 0 },
	{ LEAF_TDH_PHYMEM_PAGE_RECLAIM, PAGE(41), 0, 0, 0 },
	{ LEAF_TDH_PHYMEM_PAGE_RECLAIM, OTHER_TDR, 0, 0, 0 },
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

static struct seamless_machine *machine;
static atomic_uint done[STEPS], told;

static void tell(void *opaque, const struct seamless_strict_report *r)
{
	(void)opaque;
	atomic_fetch_add(&told, 1);
	assert_non_null(strstr(r->text, "SUMMARY: strict-memory: "));
}

static void *live(void *opaque)
{
	unsigned lp = *(const unsigned *)opaque;
	uint8_t bytes[64] = { 0 };

	assert_true(seamless_lp_enter(machine, lp));
	for (unsigned i = 0; i < ROUNDS * STEPS; i++) {
		unsigned n = i % STEPS;
		struct seamless_regs regs = { .gpr = { [0] = steps[n].leaf,
						       [1] = steps[n].rcx,
						       [2] = steps[n].rdx,
						       [8] = steps[n].r8,
						       [9] = steps[n].r9 } };

		seamless_transport_seamcall(&regs);
		atomic_fetch_add(&done[n], !regs.gpr[0]);
		seamless_read(machine, ADDED_PAGE, bytes, sizeof(bytes));
	}
	seamless_lp_leave();
	return NULL;
}

static void calls_about_the_same_pages(void **state)
{
	const struct seamless_config config = { .name = "default",
						.guest = SEAMLESS_GUEST_SCRIPTED };
	unsigned number[THREADS];
	pthread_t thread[THREADS];
	char err[200];

	(void)state;
	machine = seamless_create(&config, err, sizeof(err));
	assert_non_null(machine);
	assert_true(seamless_strict_start(machine, tell, NULL));
	assert_true(seamless_lp_enter(machine, 0));
	bring_up_system(machine);
	bring_up_td(machine);
	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	seamless_lp_leave();
	for (unsigned i = 0; i < THREADS; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&thread[i], NULL, live, &number[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < STEPS; i++)
		if (!atomic_load(&done[i]))
			fail_msg("step %u was never done", i);
	assert_int_equal(seamless_check(machine, NULL, NULL), 0);
	assert_int_equal(seamless_strict_stop(machine), atomic_load(&told));
	assert_int_not_equal(atomic_load(&told), 0);
	seamless_destroy(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_about_the_same_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
