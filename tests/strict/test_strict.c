// SPDX-License-Identifier: MIT
/*
 * Each mistake that the sanitizer knows, made on purpose: it is reported by its name, once, at the
 * call or access that makes it, with what happened to the page before. And the same lives without
 * the mistake: nothing is reported.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bring_up.h"
#include "gen/leaves.h"
#include "seamless/strict.h"
#include "tdx/status.h"

#define HKID_SHIFT 46
#define OTHER_TDR  (PAGES_BASE + 40 * 4096)
#define LARGE	   (PAGES_BASE + (2u << 20))
#define LARGE_GPA  (1ull << 21)

/* What was reported last, and how often anything was. */
static struct {
	unsigned count, total;
	int lp;
	uint64_t pa;
	char kind[32], text[8000];
} told;

static void tell(void *opaque, const struct seamless_strict_report *r)
{
	(void)opaque;
	told.count++;
	told.total++;
	told.lp = r->lp;
	told.pa = r->pa;
	snprintf(told.kind, sizeof(told.kind), "%s", r->kind);
	snprintf(told.text, sizeof(told.text), "%s", r->text);
}

static int setup(void **state)
{
	const struct seamless_config config = { .name = "default",
						.guest = SEAMLESS_GUEST_SCRIPTED };
	struct seamless_machine *m;
	char err[200];

	m = *state = seamless_create(&config, err, sizeof(err));
	memset(&told, 0, sizeof(told));
	if (!m || !seamless_strict_start(m, tell, NULL) || !seamless_lp_enter(m, 0))
		return -1;
	assert_false(seamless_strict_start(m, tell, NULL));
	bring_up_system(m);
	bring_up_td(m);
	return 0;
}

static int teardown(void **state)
{
	seamless_lp_leave();
	assert_int_equal(seamless_strict_stop(*state), told.total);
	assert_int_equal(seamless_strict_stop(*state), 0);
	seamless_destroy(*state);
	return 0;
}

static uint64_t call(uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	struct seamless_regs regs = { .gpr = { [0] = leaf, [1] = rcx, [2] = rdx, [8] = r8 } };

	seamless_transport_seamcall(&regs);
	return regs.gpr[0];
}

static void nothing_told(void)
{
	if (told.count)
		print_error("%s", told.text);
	assert_int_equal(told.count, 0);
}

/* One report of this kind; each of the texts is in it, in this order. */
static void was_told(const char *kind, uint64_t pa, const char *const *texts)
{
	const char *at = told.text;

	assert_int_equal(told.count, 1);
	assert_string_equal(told.kind, kind);
	assert_int_equal(told.pa, pa);
	for (; *texts; texts++) {
		const char *found = strstr(at, *texts);

		if (!found)
			print_error("'%s' is missing in\n%s", *texts, told.text);
		assert_non_null(found);
		at = found;
	}
	told.count = 0;
}

#define TOLD(kind, pa, ...) was_told(kind, pa, (const char *const[]){ __VA_ARGS__, NULL })

static void block(void)
{
	bring_up_call(LEAF_TDH_MEM_RANGE_BLOCK, GPA_PAGE, TDR, 0, 0);
}

static void take_page_away(void)
{
	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	block();
	bring_up_call(LEAF_TDH_MEM_TRACK, TDR, 0, 0, 0);
	bring_up_call(LEAF_TDH_MEM_PAGE_REMOVE, GPA_PAGE, TDR, 0, 0);
	nothing_told();
}

static void write_back(uint64_t pa, uint64_t hkid)
{
	bring_up_call(LEAF_TDH_PHYMEM_PAGE_WBINVD, pa | hkid << HKID_SHIFT, 0, 0, 0);
}

static void a_host_write(void **state)
{
	nothing_told();
	assert_true(seamless_write(*state, ADDED_PAGE + 100, "oops", 4));
	TOLD("private-write", ADDED_PAGE + 100,
	     "ERROR: strict-memory: private-write at 0x2014064\n",
	     "the host writes 4 bytes at 0x2014064, after ", " calls, on processor 0\n",
	     "page 0x2014000 is PT_REG of 4K of the TD at 0x2000000, MAPPED at GPA 0x1000; its "
	     "content is "
	     "under key id 33\n",
	     "processor 0: TDH.MEM.PAGE.ADD: free -> PT_REG of 4K of the TD at 0x2000000, MAPPED "
	     "at GPA "
	     "0x1000\n",
	     "SUMMARY: strict-memory: private-write 0x2014064\n");
}

static void a_host_read(void **state)
{
	uint8_t byte;
	uint64_t hash;

	seamless_lp_leave();
	assert_true(seamless_read(*state, TDR + 7, &byte, 1));
	TOLD("private-read", TDR + 7, "the host reads 1 bytes at 0x2000007", "on no processor\n",
	     "page 0x2000000 is PT_TDR; its content is under key id 32\n",
	     "TDH.MNG.CREATE: free -> PT_TDR\n");
	assert_int_equal(told.lp, -1);
	assert_true(seamless_hash(*state, TDR, 8, &hash));
	nothing_told(); /* said already */
	assert_true(seamless_hash(*state, TDVPR, 8, &hash));
	TOLD("private-read", TDVPR, "TDH.VP.CREATE: free -> PT_TDVPR of the TD at 0x2000000\n");
}

static void a_write_to_the_pamt(void **state)
{
	assert_true(seamless_fill(*state, 0x400000, 64, 0));
	TOLD("private-write", 0x400000,
	     "page 0x400000 is part of a PAMT; its content is under key id 32",
	     "none: it was not in use");
}

static void an_operand(void **state)
{
	struct seamless_regs regs = { .gpr = { [0] = LEAF_TDH_SYS_INFO,
					       [1] = ADDED_PAGE,
					       [2] = 4096,
					       [8] = SHARED_BASE,
					       [9] = 32 } };

	(void)state;
	seamless_transport_seamcall(&regs);
	TOLD("private-operand", ADDED_PAGE, "TDH.SYS.INFO writes", "TDH.MEM.PAGE.ADD: free ->");
}

static void a_page_in_use(void **state)
{
	(void)state;
	assert_int_not_equal(call(LEAF_TDH_MNG_CREATE, ADDED_PAGE, FIRST_HKID + 2, 0), TDX_SUCCESS);
	TOLD("page-in-use", ADDED_PAGE, "TDH.MNG.CREATE, operand tdr: 0x2014000",
	     "page 0x2014000 is PT_REG", "TDH.MEM.PAGE.ADD: free ->");
	assert_int_not_equal(call(LEAF_TDH_MNG_ADDCX, TDVPR, TDR, 0), TDX_SUCCESS);
	TOLD("page-in-use", TDVPR, "TDH.MNG.ADDCX, operand tdcx", "TDH.VP.CREATE");
}

static void no_track(void **state)
{
	uint64_t status;

	(void)state;
	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	block();
	status = call(LEAF_TDH_MEM_PAGE_REMOVE, GPA_PAGE, TDR, 0);
	assert_int_equal(status >> 32, TDX_TLB_TRACKING_NOT_DONE >> 32);
	TOLD("tlb-track", ADDED_PAGE, "  TDH.MEM.PAGE.REMOVE, after", "BLOCKED at GPA 0x1000",
	     "TDH.MEM.PAGE.ADD: free ->",
	     "TDH.MEM.RANGE.BLOCK: PT_REG of 4K of the TD at 0x2000000, MAPPED at GPA 0x1000 -> "
	     "PT_REG of "
	     "4K of the TD at 0x2000000, BLOCKED at GPA 0x1000\n");
	bring_up_call(LEAF_TDH_MEM_TRACK, TDR, 0, 0, 0);
	assert_int_equal(call(LEAF_TDH_MEM_PAGE_REMOVE, GPA_PAGE, TDR, 0), TDX_SUCCESS);
	nothing_told();
}

/* After TRACK a page may still wait for a vCPU to leave: that is no mistake. */
static void track_that_waits(void **state)
{
	struct seamless_regs enter = { .gpr = { [0] = LEAF_TDH_VP_ENTER, [1] = TDVPR } };
	uint64_t status;

	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	assert_int_equal(seamless_seamcall(&enter), SEAMLESS_TO_GUEST);
	seamless_lp_leave();
	assert_true(seamless_lp_enter(*state, 1));
	block();
	bring_up_call(LEAF_TDH_MEM_TRACK, TDR, 0, 0, 0);
	status = call(LEAF_TDH_MEM_PAGE_REMOVE, GPA_PAGE, TDR, 0);
	assert_int_equal(status >> 32, TDX_TLB_TRACKING_NOT_DONE >> 32);
	nothing_told();
}

static void no_write_back_before_the_host(void **state)
{
	take_page_away();
	assert_true(seamless_fill(*state, ADDED_PAGE, 4096, 0));
	TOLD("dirty-cache", ADDED_PAGE, "the host writes 4096 bytes at 0x2014000",
	     "page 0x2014000 is free; its content is under key id 33", "TDH.MEM.PAGE.ADD",
	     "TDH.MEM.RANGE.BLOCK",
	     "TDH.MEM.PAGE.REMOVE: PT_REG of 4K of the TD at 0x2000000, BLOCKED at GPA 0x1000 -> "
	     "free\n",
	     "TDH.PHYMEM.PAGE.WBINVD of the page");
	assert_true(seamless_fill(*state, ADDED_PAGE, 4096, 0));
	nothing_told();
}

static void no_write_back_before_another_key(void **state)
{
	(void)state;
	take_page_away();
	bring_up_call(LEAF_TDH_MNG_CREATE, ADDED_PAGE, FIRST_HKID + 2, 0, 0);
	TOLD("dirty-cache", ADDED_PAGE, "TDH.MNG.CREATE: page 0x2014000 is given to the module",
	     "TDH.MEM.PAGE.REMOVE", "TDH.MNG.CREATE: free -> PT_TDR");
}

static void written_back(void **state)
{
	uint8_t byte;

	take_page_away();
	write_back(ADDED_PAGE, FIRST_HKID + 1);
	assert_true(seamless_read(*state, ADDED_PAGE, &byte, 1));
	TOLD("private-read", ADDED_PAGE, "page 0x2014000 is free; its content is under key id 33",
	     "TDH.MEM.PAGE.REMOVE", "TDH.PHYMEM.PAGE.WBINVD\n");
	assert_true(seamless_fill(*state, ADDED_PAGE, 4096, 0));
	assert_true(seamless_read(*state, ADDED_PAGE, &byte, 1));
	bring_up_call(LEAF_TDH_MNG_CREATE, ADDED_PAGE, FIRST_HKID + 2, 0, 0);
	nothing_told();
}

/* The wrong key id writes nothing back. */
static void written_back_under_another_key(void **state)
{
	take_page_away();
	write_back(ADDED_PAGE, FIRST_HKID + 2);
	assert_true(seamless_fill(*state, ADDED_PAGE, 4096, 0));
	TOLD("dirty-cache", ADDED_PAGE, "TDH.MEM.PAGE.REMOVE");
}

/* The TD's end: its key is flushed, so its pages need no more; the TDR is under the module's. */
static void the_end_of_a_td(void **state)
{
	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	bring_up_call(LEAF_TDH_VP_FLUSH, TDVPR, 0, 0, 0);
	bring_up_call(LEAF_TDH_MNG_VPFLUSHDONE, TDR, 0, 0, 0);
	bring_up_call(LEAF_TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0);
	for (unsigned lp = 1; lp < seamless_packages(*state); lp++) {
		seamless_lp_leave();
		assert_true(seamless_lp_enter(*state, lp));
		bring_up_call(LEAF_TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0);
	}
	bring_up_call(LEAF_TDH_MNG_KEY_FREEID, TDR, 0, 0, 0);
	for (unsigned n = 1; n <= 20; n++) {
		if (n == 7 || (n >= 14 && n <= 16)) /* not the TD's */
			continue;
		bring_up_call(LEAF_TDH_PHYMEM_PAGE_RECLAIM, PAGES_BASE + n * 4096, 0, 0, 0);
	}
	assert_true(seamless_fill(*state, PAGES_BASE + 4096, 20 * 4096, 0));
	nothing_told();
	bring_up_call(LEAF_TDH_PHYMEM_PAGE_RECLAIM, TDR, 0, 0, 0);
	assert_true(seamless_fill(*state, TDR, 4096, 0));
	TOLD("dirty-cache", TDR, "page 0x2000000 is free; its content is under key id 32",
	     "TDH.PHYMEM.PAGE.RECLAIM: PT_TDR -> free");
}

static void a_large_page(void **state)
{
	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	bring_up_call(LEAF_TDH_MEM_PAGE_AUG, LARGE_GPA | 1, TDR, LARGE, 0);
	assert_true(seamless_write(*state, LARGE + 0x5008, "x", 1));
	TOLD("private-write", LARGE + 0x5008,
	     "page 0x2200000 is PT_REG of 2M of the TD at 0x2000000, PENDING at "
	     "GPA 0x200000",
	     "TDH.MEM.PAGE.AUG: free -> PT_REG of 2M");
	bring_up_call(LEAF_TDH_MEM_RANGE_BLOCK, LARGE_GPA | 1, TDR, 0, 0);
	bring_up_call(LEAF_TDH_MEM_TRACK, TDR, 0, 0, 0);
	bring_up_call(LEAF_TDH_MEM_PAGE_REMOVE, LARGE_GPA | 1, TDR, 0, 0);
	for (unsigned i = 0; i < 512; i++) {
		if (i != 9)
			write_back(LARGE + i * 4096, FIRST_HKID + 1);
	}
	nothing_told();
	assert_true(seamless_fill(*state, LARGE, 2u << 20, 0));
	TOLD("dirty-cache", LARGE + 9 * 4096, "TDH.MEM.PAGE.AUG",
	     "TDH.MEM.PAGE.REMOVE: PT_REG of 2M");
}

/* A page of a large one that was split has a state of its own. */
static void a_split_page(void **state)
{
	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	bring_up_call(LEAF_TDH_MEM_PAGE_AUG, LARGE_GPA | 1, TDR, LARGE, 0);
	bring_up_call(LEAF_TDH_MEM_RANGE_BLOCK, LARGE_GPA | 1, TDR, 0, 0);
	bring_up_call(LEAF_TDH_MEM_TRACK, TDR, 0, 0, 0);
	bring_up_call(LEAF_TDH_MEM_PAGE_DEMOTE, LARGE_GPA | 1, TDR, PAGES_BASE + 41 * 4096, 0);
	bring_up_call(LEAF_TDH_MEM_RANGE_BLOCK, LARGE_GPA + 0x3000, TDR, 0, 0);
	bring_up_call(LEAF_TDH_MEM_TRACK, TDR, 0, 0, 0);
	bring_up_call(LEAF_TDH_MEM_PAGE_REMOVE, LARGE_GPA + 0x3000, TDR, 0, 0);
	nothing_told();
	assert_true(seamless_fill(*state, LARGE + 0x3000, 4096, 0));
	TOLD("dirty-cache", LARGE + 0x3000, "TDH.MEM.PAGE.REMOVE: PT_REG of 4K", "-> free");
}

#define WITH_TD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TD(a_host_write),
		WITH_TD(a_host_read),
		WITH_TD(a_write_to_the_pamt),
		WITH_TD(an_operand),
		WITH_TD(a_page_in_use),
		WITH_TD(no_track),
		WITH_TD(track_that_waits),
		WITH_TD(no_write_back_before_the_host),
		WITH_TD(no_write_back_before_another_key),
		WITH_TD(written_back),
		WITH_TD(written_back_under_another_key),
		WITH_TD(the_end_of_a_td),
		WITH_TD(a_large_page),
		WITH_TD(a_split_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
