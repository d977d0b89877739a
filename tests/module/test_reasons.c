// SPDX-License-Identifier: MIT
/*
 * Every refusal comes with a sentence that names operand, value, rule and the object's state, and that changes with
 * the value.
 */
#include "box.h"

static void expect(struct box *b, const char *sentence)
{
	char got[300];

	module_reason_format(b->m, 0, got, sizeof(got));
	assert_string_equal(got, sentence);
}

static void names_page_type_and_owner(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr);

	box_call4(b, 0, LEAF_TDH_MEM_PAGE_ADD, 0x1000, tdr, tdr + 0x1000, BOX_HOST);
	expect(b, "TDH.MEM.PAGE.ADD: PAGE_METADATA_INCORRECT(R8): page 0x40001000 is PT_TDCX of the TD at 0x40000000, "
		  "must be PT_NDA");
	box_call4(b, 0, LEAF_TDH_MEM_PAGE_ADD, 0x1000, tdr, tdvpr, BOX_HOST);
	expect(b, "TDH.MEM.PAGE.ADD: PAGE_METADATA_INCORRECT(R8): page 0x40007000 is PT_TDVPR of the TD at 0x40000000, "
		  "must be PT_NDA");
}

static void names_address_faults(void **state)
{
	struct box *b = *state;

	box_call(b, 0, LEAF_TDH_MEM_TRACK, 0x40000123, 0);
	expect(b, "TDH.MEM.TRACK: OPERAND_INVALID(RCX): address 0x40000123 is not aligned to its page size of 0x1000");
	box_call(b, 0, LEAF_TDH_MEM_TRACK, 0x30000000, 0);
	expect(b, "TDH.MEM.TRACK: OPERAND_ADDR_RANGE_ERROR(RCX): page 0x30000000 is in no TDMR");
	box_call(b, 0, LEAF_TDH_MNG_CREATE, BOX_TDMR, 5);
	expect(b, "TDH.MNG.CREATE: OPERAND_INVALID(RDX): key id 0x5 is not private, those are 32 to 63");
}

static void names_states(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr);

	box_call(b, 0, LEAF_TDH_PHYMEM_PAGE_RECLAIM, tdr, 0);
	expect(b, "TDH.PHYMEM.PAGE.RECLAIM: LIFECYCLE_STATE_INCORRECT: page 0x40000000 is of the TD at 0x40000000, "
		  "which is KEYS_CONFIGURED, must be TEARDOWN");
	box_call(b, 0, LEAF_TDH_MEM_SEPT_RD, 0x40000000, tdr);
	expect(b, "TDH.MEM.SEPT.RD: EPT_WALK_FAILED(RCX): the walk to GPA 0x40000000 ends at level 2, whose entry is "
		  "FREE");
}

static void is_empty_after_success_and_fits_any_buffer(void **state)
{
	struct box *b = *state;
	char all[300], part[12];
	size_t len;

	box_ok(b, 0, LEAF_TDH_PHYMEM_PAGE_RDMD, BOX_TDMR, 0, 0, 0);
	assert_int_equal(module_reason_format(b->m, 0, all, sizeof(all)), 0);
	assert_string_equal(all, "");
	box_call(b, 0, 0x123, 0, 0);
	len = module_reason_format(b->m, 0, all, sizeof(all));
	assert_int_equal(len, strlen(all));
	assert_int_equal(module_reason_format(b->m, 0, part, sizeof(part)), len);
	assert_memory_equal(part, all, sizeof(part) - 1);
	assert_int_equal(part[sizeof(part) - 1], 0);
	assert_int_equal(module_reason_format(b->m, 0, NULL, 0), len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_page_type_and_owner, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(names_address_faults, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(names_states, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(is_empty_after_success_and_fits_any_buffer, box_setup, box_teardown),
	};

	return cmocka_run_group_tests_name("reasons", tests, NULL, NULL);
}
