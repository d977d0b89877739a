// SPDX-License-Identifier: MIT
/*
 * The life of a TD, leaf by leaf: built, measured, made runnable, pages added and taken back, torn down.
 */
#include "box.h"

#include "module/measure.h"
#include "platform/crypto.h"

#define MD_TD_OP_STATE_ID 0x9010000200000004ull
#define MD_TD_MRTD_ID 0x1310000300000000ull

static uint64_t md_read(struct box *b, uint64_t tdr, uint64_t field)
{
	assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_RD, tdr, field), TDX_SUCCESS);
	return b->regs.gpr[GPR_R8];
}

/* The measurement, written once more from the specification's words. */
static void expected_mrtd(uint64_t gpa, uint8_t byte, uint8_t mrtd[48])
{
	uint8_t block[128] = { 0 }, chunk[256];
	struct sha384 ctx;

	sha384_start(&ctx);
	memcpy(block, "MEM.PAGE.ADD", 12);
	memcpy(block + 16, &gpa, 8);
	sha384_add(&ctx, block, sizeof(block));
	memset(block, 0, sizeof(block));
	memcpy(block, "MR.EXTEND", 9);
	memcpy(block + 16, &gpa, 8);
	sha384_add(&ctx, block, sizeof(block));
	memset(chunk, byte, sizeof(chunk));
	sha384_add(&ctx, chunk, sizeof(chunk));
	sha384_value(&ctx, mrtd);
}

static void measures_what_it_adds(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr), part;
	uint8_t want[48];

	box_add_page(b, tdr, 0x1000, 0xa5);
	box_ok(b, 0, LEAF_TDH_MR_FINALIZE, tdr, 0, 0, 0);
	assert_int_equal(md_read(b, tdr, MD_TD_OP_STATE_ID), OP_STATE_RUNNABLE);
	expected_mrtd(0x1000, 0xa5, want);
	for (unsigned i = 0; i < 6; i++) {
		part = md_read(b, tdr, MD_TD_MRTD_ID + i);
		assert_memory_equal(&part, want + 8 * i, 8);
	}
	assert_int_equal(box_call(b, 0, LEAF_TDH_MR_EXTEND, 0x1000, tdr), TDX_OP_STATE_INCORRECT);
}

/* A page that was put together of 512 is measured like any other. */
static void measures_in_large_pages(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr), part, gpa = 0x205100;
	uint64_t large = BOX_TDMR + (8 << 20);
	uint8_t block[128] = { 0 }, chunk[256], want[48];
	struct sha384 ctx;

	box_ok(b, 0, LEAF_TDH_MEM_SEPT_ADD, 0x200000 | 1, tdr, box_page(b), 0);
	sha384_start(&ctx);
	memcpy(block, "MEM.PAGE.ADD", 12);
	for (uint64_t offset = 0; offset < 2 << 20; offset += PAGE_BYTES) {
		assert_true(mem_host_fill(&b->p->mem, MEM_NO_LP, BOX_HOST, PAGE_BYTES, (uint8_t)(offset / PAGE_BYTES)));
		box_ok(b, 0, LEAF_TDH_MEM_PAGE_ADD, 0x200000 + offset, tdr, large + offset, BOX_HOST);
		memcpy(block + 16, &(uint64_t){ 0x200000 + offset }, 8);
		sha384_add(&ctx, block, sizeof(block));
	}
	box_ok(b, 0, LEAF_TDH_MEM_PAGE_PROMOTE, 0x200000 | 1, tdr, 0, 0);
	box_ok(b, 0, LEAF_TDH_MR_EXTEND, gpa, tdr, 0, 0);
	memset(block, 0, sizeof(block));
	memcpy(block, "MR.EXTEND", 9);
	memcpy(block + 16, &gpa, 8);
	sha384_add(&ctx, block, sizeof(block));
	memset(chunk, 5, sizeof(chunk));
	sha384_add(&ctx, chunk, sizeof(chunk));
	sha384_value(&ctx, want);
	box_ok(b, 0, LEAF_TDH_MR_FINALIZE, tdr, 0, 0, 0);
	for (unsigned i = 0; i < 6; i++) {
		part = md_read(b, tdr, MD_TD_MRTD_ID + i);
		assert_memory_equal(&part, want + 8 * i, 8);
	}
}

static void host_sees_no_plaintext(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr);
	uint64_t page = box_add_page(b, tdr, 0x1000, 0x5a);
	uint8_t seen[64], plain[64];

	memset(plain, 0x5a, sizeof(plain));
	assert_memory_equal(mem_ptr(&b->p->mem, page, 64), plain, 64);
	assert_true(mem_host_read(&b->p->mem, page, seen, sizeof(seen)));
	assert_memory_not_equal(seen, plain, sizeof(plain));
	assert_true(mem_host_read(&b->p->mem, tdr, seen, sizeof(seen)));
	assert_int_equal(mem_key(&b->p->mem, tdr), 32);
	assert_int_equal(mem_key(&b->p->mem, page), BOX_HKID);
}

static void blocks_tracks_removes(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr), page = box_page(b);

	box_ok(b, 0, LEAF_TDH_MR_FINALIZE, tdr, 0, 0, 0);
	box_ok(b, 0, LEAF_TDH_MEM_PAGE_AUG, 0x3000, tdr, page, 0);
	assert_int_equal(box_page_type(b, page), PT_REG);
	assert_int_equal(box_call(b, 0, LEAF_TDH_MEM_PAGE_REMOVE, 0x3000, tdr), TDX_GPA_RANGE_NOT_BLOCKED | 1);
	box_ok(b, 0, LEAF_TDH_MEM_RANGE_BLOCK, 0x3000, tdr, 0, 0);
	assert_int_equal(box_call(b, 0, LEAF_TDH_MEM_PAGE_REMOVE, 0x3000, tdr), TDX_TLB_TRACKING_NOT_DONE | 1);
	box_ok(b, 0, LEAF_TDH_MEM_TRACK, tdr, 0, 0, 0);
	box_ok(b, 0, LEAF_TDH_MEM_PAGE_REMOVE, 0x3000, tdr, 0, 0);
	assert_int_equal(b->regs.gpr[GPR_RCX], page);
	assert_int_equal(box_page_type(b, page), PT_NDA);
}

static void large_pages_split_and_join(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr), large = BOX_TDMR + (8 << 20), table = box_page(b);

	box_ok(b, 0, LEAF_TDH_MEM_PAGE_AUG, 0x200000 | 1, tdr, large, 0);
	assert_int_equal(box_call4(b, 0, LEAF_TDH_MEM_PAGE_AUG, 0x400000, tdr, large + 0x5000, 0),
			 TDX_EPT_WALK_FAILED | 1);
	assert_int_equal(box_page_type(b, large + 0x5000), PT_REG);
	assert_int_equal(b->regs.gpr[GPR_R8], PAGE_SIZE_2M);
	box_ok(b, 0, LEAF_TDH_MEM_PAGE_DEMOTE, 0x200000 | 1, tdr, table, 0);
	assert_int_equal(box_page_type(b, large + 0x5000), PT_REG);
	assert_int_equal(b->regs.gpr[GPR_R8], PAGE_SIZE_4K);
	box_ok(b, 0, LEAF_TDH_MEM_SEPT_RD, 0x205000, tdr, 0, 0);
	assert_int_equal(b->regs.gpr[GPR_RCX] & SEPT_PA, large + 0x5000);
	box_ok(b, 0, LEAF_TDH_MEM_PAGE_PROMOTE, 0x200000 | 1, tdr, 0, 0);
	assert_int_equal(b->regs.gpr[GPR_RCX], table);
	assert_int_equal(box_page_type(b, table), PT_NDA);
	assert_int_equal(box_call(b, 0, LEAF_TDH_MEM_SEPT_RD, 0x205000, tdr), TDX_EPT_WALK_FAILED | 1);
}

static uint64_t mapped_at(struct box *b, uint64_t tdr, uint64_t gpa)
{
	struct sept_ref ref;
	struct td td;

	td_load(b->m, tdr, &td);
	sept_walk(b->m, &td, gpa, 0, &ref);
	return ref.state == SEPT_STATE_MAPPED ? sept_pa(&ref) : 0;
}

/* A walk may start where the last one on this logical processor ended. */
static void no_walk_ends_in_a_table_that_is_gone(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr), page = box_add_page(b, tdr, 0x1000, 1), table;

	assert_int_equal(mapped_at(b, tdr, 0x1000), page);
	assert_int_equal(box_call(b, 0, LEAF_TDH_MEM_SEPT_REMOVE, 1, tdr), TDX_EPT_PAGE_NOT_FREE | 1);
	box_ok(b, 0, LEAF_TDH_MEM_PAGE_REMOVE, 0x1000, tdr, 0, 0);
	box_ok(b, 0, LEAF_TDH_MEM_SEPT_REMOVE, 1, tdr, 0, 0);
	table = b->regs.gpr[GPR_RCX];
	assert_int_equal(box_call4(b, 0, LEAF_TDH_MEM_PAGE_ADD, 0x2000, tdr, page, BOX_HOST), TDX_EPT_WALK_FAILED | 1);
	box_ok(b, 0, LEAF_TDH_MEM_SEPT_ADD, 1, tdr, box_page(b), 0);
	page = box_add_page(b, tdr, 0x2000, 2);
	assert_int_equal(mapped_at(b, tdr, 0x2000), page);
	assert_int_equal(box_page_type(b, table), PT_NDA);
}

static void flush_and_free_key(struct box *b, uint64_t tdr, uint64_t tdvpr)
{
	assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_VPFLUSHDONE, tdr, 0), TDX_FLUSHVP_NOT_DONE);
	box_ok(b, 0, LEAF_TDH_VP_FLUSH, tdvpr, 0, 0, 0);
	box_ok(b, 0, LEAF_TDH_MNG_VPFLUSHDONE, tdr, 0, 0, 0);
	assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_KEY_FREEID, tdr, 0), TDX_WBCACHE_NOT_COMPLETE);
	box_ok(b, 0, LEAF_TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0);
	box_ok(b, 0, LEAF_TDH_MNG_KEY_FREEID, tdr, 0, 0, 0);
}

static void tears_down_completely(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr), other, page;

	box_add_page(b, tdr, 0, 1);
	box_ok(b, 0, LEAF_TDH_MR_FINALIZE, tdr, 0, 0, 0);
	assert_int_equal(box_call(b, 0, LEAF_TDH_PHYMEM_PAGE_RECLAIM, tdvpr, 0), TDX_LIFECYCLE_STATE_INCORRECT);
	flush_and_free_key(b, tdr, tdvpr);
	assert_int_equal(box_call(b, 0, LEAF_TDH_PHYMEM_PAGE_RECLAIM, tdr, 0), TDX_TD_ASSOCIATED_PAGES_EXIST);
	for (uint64_t pa = tdr + 4096; pa < b->free; pa += 4096)
		box_ok(b, 0, LEAF_TDH_PHYMEM_PAGE_RECLAIM, pa, 0, 0, 0);
	assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_KEY_FREEID, tdr, 0), TDX_LIFECYCLE_STATE_INCORRECT);
	box_ok(b, 0, LEAF_TDH_PHYMEM_PAGE_RECLAIM, tdr, 0, 0, 0);
	/* where the processor's last TDR was there is none any more */
	assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_KEY_FREEID, tdr, 0), TDX_PAGE_METADATA_INCORRECT | GPR_RCX);
	for (uint64_t pa = tdr; pa < b->free; pa += 4096)
		assert_int_equal(box_page_type(b, pa), PT_NDA);
	b->free = BOX_TDMR;
	b->l2_vms = 1; /* its tables lie elsewhere */
	other = box_td(b, BOX_HKID, &tdvpr);
	assert_int_equal(other, tdr);
	page = box_add_page(b, tdr, 0x1000, 1);
	assert_int_equal(mapped_at(b, tdr, 0x1000), page);
}

/* A module that is replaced by another takes its TDs along. */
static void survives_an_update(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr);

	box_ok(b, 0, LEAF_TDH_SYS_SHUTDOWN, 0, 0, 0, 0);
	assert_int_equal(box_call(b, 0, LEAF_TDH_MR_FINALIZE, tdr, 0), TDX_SYS_SHUTDOWN);
	module_reload(b->m);
	box_ok(b, 0, LEAF_TDH_SYS_INIT, 0, 0, 0, 0);
	for (unsigned lp = 0; lp < 4; lp++)
		box_ok(b, lp, LEAF_TDH_SYS_LP_INIT, 0, 0, 0, 0);
	box_ok(b, 0, LEAF_TDH_SYS_UPDATE, 0, 0, 0, 0);
	box_ok(b, 0, LEAF_TDH_MR_FINALIZE, tdr, 0, 0, 0);
	assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_CREATE, box_page(b), BOX_HKID), TDX_HKID_NOT_FREE);
}

/* The host uses pages of a TD again as soon as it has them back, in whatever order: no leaf looks into them any more. */
static void reclaimed_pages_are_the_hosts(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr);

	flush_and_free_key(b, tdr, tdvpr);
	for (uint64_t page = tdr + PAGE_BYTES; page < b->free; page += PAGE_BYTES) {
		box_ok(b, 0, LEAF_TDH_PHYMEM_PAGE_RECLAIM, page, 0, 0, 0);
		assert_true(mem_host_fill(&b->p->mem, MEM_NO_LP, page, PAGE_BYTES, 0xff));
		assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_INIT, tdr, BOX_HOST), TDX_TD_KEYS_NOT_CONFIGURED);
	}
	box_ok(b, 0, LEAF_TDH_PHYMEM_PAGE_RECLAIM, tdr, 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(measures_what_it_adds, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(measures_in_large_pages, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(host_sees_no_plaintext, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(blocks_tracks_removes, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(large_pages_split_and_join, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(no_walk_ends_in_a_table_that_is_gone, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(tears_down_completely, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(reclaimed_pages_are_the_hosts, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(survives_an_update, box_setup, box_teardown),
	};

	return cmocka_run_group_tests_name("life of a TD", tests, NULL, NULL);
}
