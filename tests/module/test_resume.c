// SPDX-License-Identifier: MIT
/*
 * Leaves that stop for an interrupt: how far they got, what the host is told, and that they end as if none had come.
 */
#include "box.h"

#define GPA_2M 0x200000ull
#define SEPT_ADD_V1 (LEAF_TDH_MEM_SEPT_ADD | 1u << 16)
#define L2_VMS 3u
#define TABLES (L2_VMS + 1)
#define NO_PAGE UINT64_MAX
#define SEPT_RD_NL_MAPPED 132u /* as TDH.MEM.SEPT.RD tells the state */

static uint64_t open_td(struct box *b)
{
	uint64_t tdvpr;

	b->l2_vms = L2_VMS;
	return box_td(b, BOX_HKID, &tdvpr);
}

/* With pages for the tables of L1 and each L2 VM in R8 to R11. */
static uint64_t table_call(struct box *b, uint64_t leaf, uint64_t gpa, uint64_t tdr, const uint64_t pages[TABLES])
{
	memset(&b->regs, 0, sizeof(b->regs));
	b->regs.gpr[GPR_RAX] = leaf;
	b->regs.gpr[GPR_RCX] = gpa;
	b->regs.gpr[GPR_RDX] = tdr;
	memcpy(&b->regs.gpr[GPR_R8], pages, TABLES * sizeof(*pages));
	assert_int_equal(module_seamcall(b->m, 0, &b->regs), MODULE_TO_HOST);
	return b->regs.gpr[GPR_RAX];
}

static uint64_t l1_entry(struct box *b, uint64_t gpa, uint64_t tdr)
{
	box_ok(b, 0, LEAF_TDH_MEM_SEPT_RD, gpa, tdr, 0, 0);
	return b->regs.gpr[GPR_RCX];
}

static void add_tables(struct box *b, uint64_t tdr, uint64_t gpa)
{
	for (uint64_t level = 3; level; level--) {
		uint64_t pages[TABLES] = { NO_PAGE };

		for (unsigned vm = 1; vm < TABLES; vm++)
			pages[vm] = box_page(b);
		assert_int_equal(table_call(b, SEPT_ADD_V1, (gpa & ~((1ull << (12 + 9 * level)) - 1)) | level, tdr,
					 pages), TDX_SUCCESS);
	}
}

/* One table a call while the interrupt is pending; the registers are those of the next call. */
static void sept_add_goes_on(void **state)
{
	struct box *b = *state;
	uint64_t tdr = open_td(b), left[TABLES], page[TABLES], gpa = GPA_2M | 1;

	add_tables(b, tdr, 0);
	for (unsigned vm = 0; vm < TABLES; vm++)
		left[vm] = page[vm] = box_page(b);
	platform_set_interrupt(b->p, true);
	for (unsigned done = 0; done < TABLES; done++) {
		assert_int_equal(table_call(b, SEPT_ADD_V1, gpa, tdr, left),
				 done < L2_VMS ? TDX_INTERRUPTED_RESUMABLE : TDX_SUCCESS);
		if (done < L2_VMS) {
			assert_int_equal(b->regs.gpr[GPR_RCX], gpa);
			assert_int_equal(b->regs.gpr[GPR_RDX], tdr);
		}
		memcpy(left, &b->regs.gpr[GPR_R8], sizeof(left));
		for (unsigned vm = 0; vm < TABLES; vm++) {
			assert_int_equal(left[vm], vm <= done ? NO_PAGE : page[vm]);
			assert_int_equal(box_page_type(b, page[vm]), vm <= done ? PT_EPT : PT_NDA);
		}
	}
	platform_set_interrupt(b->p, false);
	l1_entry(b, gpa, tdr);
	assert_int_equal(b->regs.gpr[GPR_RDX], 1 | SEPT_RD_NL_MAPPED << 8);
}

/* An operand that became wrong meanwhile is refused; what was added before stays. */
static void sept_add_checks_again(void **state)
{
	struct box *b = *state;
	uint64_t tdr = open_td(b), left[TABLES], gpa = GPA_2M | 1;

	add_tables(b, tdr, 0);
	for (unsigned vm = 0; vm < TABLES; vm++)
		left[vm] = box_page(b);
	platform_set_interrupt(b->p, true);
	assert_int_equal(table_call(b, SEPT_ADD_V1, gpa, tdr, left), TDX_INTERRUPTED_RESUMABLE);
	platform_set_interrupt(b->p, false);
	memcpy(left, &b->regs.gpr[GPR_R8], sizeof(left));
	left[2] = tdr + 4096;
	assert_int_equal(table_call(b, SEPT_ADD_V1, gpa, tdr, left), TDX_PAGE_METADATA_INCORRECT | (GPR_R8 + 2));
	assert_int_equal(box_page_type(b, left[1]), PT_NDA);
	left[2] = NO_PAGE;
	assert_int_equal(table_call(b, SEPT_ADD_V1, gpa, tdr, left), TDX_SUCCESS);
	assert_int_equal(box_page_type(b, left[1]), PT_EPT);
}

static uint64_t demote(struct box *b, uint64_t tdr, uint64_t table)
{
	return table_call(b, LEAF_TDH_MEM_PAGE_DEMOTE, GPA_2M | 1, tdr, (uint64_t[TABLES]){ table, NO_PAGE, NO_PAGE, NO_PAGE });
}

/* Nothing has changed before they are through. */
static void demote_and_promote_start_again(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr), table = box_page(b), large = BOX_TDMR + (8 << 20), entry;

	box_ok(b, 0, LEAF_TDH_MEM_PAGE_AUG, GPA_2M | 1, tdr, large, 0);
	entry = l1_entry(b, GPA_2M | 1, tdr);
	platform_set_interrupt(b->p, true);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(demote(b, tdr, table), TDX_INTERRUPTED_RESTARTABLE);
		assert_int_equal(b->regs.gpr[GPR_RCX], GPA_2M | 1);
		assert_int_equal(b->regs.gpr[GPR_RDX], tdr);
		assert_int_equal(b->regs.gpr[GPR_R8], table);
		assert_int_equal(l1_entry(b, GPA_2M | 1, tdr), entry);
		assert_int_equal(box_page_type(b, table), PT_NDA);
	}
	platform_set_interrupt(b->p, false);
	assert_int_equal(demote(b, tdr, table), TDX_SUCCESS);
	platform_set_interrupt(b->p, true);
	assert_int_equal(box_call(b, 0, LEAF_TDH_MEM_PAGE_PROMOTE, GPA_2M | 1, tdr), TDX_INTERRUPTED_RESTARTABLE);
	assert_int_equal(box_page_type(b, table), PT_EPT);
	platform_set_interrupt(b->p, false);
	box_ok(b, 0, LEAF_TDH_MEM_PAGE_PROMOTE, GPA_2M | 1, tdr, 0, 0);
	assert_int_equal(b->regs.gpr[GPR_RCX], table);
	assert_int_equal(l1_entry(b, GPA_2M | 1, tdr), entry);
}

static void flush_keys(struct box *b, uint64_t tdr, uint64_t tdvpr)
{
	box_ok(b, 0, LEAF_TDH_VP_FLUSH, tdvpr, 0, 0, 0);
	box_ok(b, 0, LEAF_TDH_MNG_VPFLUSHDONE, tdr, 0, 0, 0);
}

/* Block by block; RCX = 0 begins anew, RCX = 1 is for what was interrupted. */
static void write_back_goes_on(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr), blocks = platform_rdmsr(b->p, 0, 0x98);

	flush_keys(b, tdr, tdvpr);
	assert_true(blocks > 2);
	assert_int_equal(box_call(b, 0, LEAF_TDH_PHYMEM_CACHE_WB, 1, 0), TDX_WBCACHE_RESUME_ERROR);
	platform_set_interrupt(b->p, true);
	for (unsigned again = 0; again < 2; again++) {
		assert_int_equal(box_call(b, 0, LEAF_TDH_PHYMEM_CACHE_WB, 0, 0), TDX_INTERRUPTED_RESUMABLE);
		for (unsigned done = 1; done < blocks - 1; done++)
			assert_int_equal(box_call(b, 0, LEAF_TDH_PHYMEM_CACHE_WB, 1, 0), TDX_INTERRUPTED_RESUMABLE);
		assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_KEY_FREEID, tdr, 0), TDX_WBCACHE_NOT_COMPLETE);
	}
	box_ok(b, 0, LEAF_TDH_PHYMEM_CACHE_WB, 1, 0, 0, 0);
	platform_set_interrupt(b->p, false);
	assert_int_equal(box_call(b, 0, LEAF_TDH_PHYMEM_CACHE_WB, 1, 0), TDX_WBCACHE_RESUME_ERROR);
	for (unsigned pkg = 1; pkg < b->p->config.packages; pkg++)
		box_ok(b, pkg, LEAF_TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0);
	box_ok(b, 0, LEAF_TDH_MNG_KEY_FREEID, tdr, 0, 0, 0);
}

/* A block in between on another package is its own affair. */
static void packages_write_back_apart(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr);

	flush_keys(b, tdr, tdvpr);
	platform_set_interrupt(b->p, true);
	assert_int_equal(box_call(b, 0, LEAF_TDH_PHYMEM_CACHE_WB, 0, 0), TDX_INTERRUPTED_RESUMABLE);
	assert_int_equal(box_call(b, 1, LEAF_TDH_PHYMEM_CACHE_WB, 1, 0), TDX_WBCACHE_RESUME_ERROR);
	platform_set_interrupt(b->p, false);
	box_ok(b, 1, LEAF_TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0);
	assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_KEY_FREEID, tdr, 0), TDX_WBCACHE_NOT_COMPLETE);
	box_ok(b, 0, LEAF_TDH_PHYMEM_CACHE_WB, 1, 0, 0, 0);
	box_ok(b, 0, LEAF_TDH_MNG_KEY_FREEID, tdr, 0, 0, 0);
}

static int setup_two_packages(void **state)
{
	struct box *b = box_create("packages 2");

	box_boot(b);
	*state = b;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sept_add_goes_on, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(sept_add_checks_again, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(demote_and_promote_start_again, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(write_back_goes_on, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(packages_write_back_apart, setup_two_packages, box_teardown),
	};

	return cmocka_run_group_tests_name("leaves that are interrupted", tests, NULL, NULL);
}
