// SPDX-License-Identifier: MIT
/*
 * Metadata: enumeration visits every field once, masks keep hosts out of production TDs, and the fields with rules of
 * their own refuse what breaks them.
 */
#include "box.h"

#include "gen/metadata.h"
#include "vmx/vmcs.h"

#define NONE UINT64_MAX
#define CLASS_CPUID 20
#define ATTR_DEBUG 1ull
#define TD_FIELD(cls, code) (1ull << 52 | 3ull << 32 | (uint64_t)(cls) << 56 | (code))
#define VP_FIELD(cls, code) (2ull << 52 | 3ull << 32 | (uint64_t)(cls) << 56 | (code))
#define FIELD_HP_LOCK_TIMEOUT TD_FIELD(17, 0x11)
#define FIELD_RTMR0 TD_FIELD(19, 0x40)
#define FIELD_MIG_ENC_KEY TD_FIELD(24, 0x18)
#define VERSION_1 (1ull << 16)

static uint64_t rd(struct box *b, uint64_t leaf, uint64_t object, uint64_t field)
{
	return box_call(b, 0, leaf, object, field);
}

static uint64_t wr(struct box *b, uint64_t leaf, uint64_t object, uint64_t field, uint64_t value, uint64_t mask)
{
	return box_call4(b, 0, leaf, object, field, value, mask);
}

/* CPUID_VALUES has elements for leaves that are not virtualized: they can be named but not read. */
static bool is_cpuid(uint64_t id)
{
	return (id >> 52 & 7) == 1 && (id >> 56 & 63) == CLASS_CPUID;
}

/* Follows the chain from the first field to the last, for a TD to CPUID_VALUES: how many elements there are. */
static unsigned walk(struct box *b, uint64_t leaf, uint64_t object)
{
	uint64_t id, next;
	unsigned n = 0;

	assert_int_equal(rd(b, leaf, object, NONE), TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT);
	for (id = b->regs.gpr[GPR_RDX]; id != NONE && !is_cpuid(id); id = next, n++) {
		assert_int_equal(rd(b, leaf, object, id), TDX_SUCCESS);
		next = b->regs.gpr[GPR_RDX];
		assert_int_not_equal(next, id);
		assert_true(n < 20000);
	}
	return n;
}

static void enumeration_ends(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr, debug_vp, debug;
	unsigned td, vp;

	assert_true(walk(b, LEAF_TDH_SYS_RD, 0) > 100);
	tdr = box_td(b, BOX_HKID, &tdvpr);
	td = walk(b, LEAF_TDH_MNG_RD | VERSION_1, tdr);
	vp = walk(b, LEAF_TDH_VP_RD | VERSION_1, tdvpr);
	b->attributes = ATTR_DEBUG;
	debug = box_td(b, BOX_HKID + 1, &debug_vp);
	assert_true(walk(b, LEAF_TDH_MNG_RD | VERSION_1, debug) > td);
	assert_true(walk(b, LEAF_TDH_VP_RD | VERSION_1, debug_vp) > vp);
}

static void only_existing_fields(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr);

	assert_int_equal(rd(b, LEAF_TDH_MNG_RD, tdr, TD_FIELD(17, 0x7ff)), TDX_METADATA_FIELD_ID_INCORRECT);
	assert_int_equal(rd(b, LEAF_TDH_MNG_RD, tdr, TD_FIELD(63, 0)), TDX_METADATA_FIELD_ID_INCORRECT);
	assert_int_equal(rd(b, LEAF_TDH_MNG_RD, tdr, FIELD_RTMR0 | 1ull << 62), TDX_METADATA_FIELD_ID_INCORRECT);
	assert_int_equal(rd(b, LEAF_TDH_MNG_RD, tdr, FIELD_RTMR0 | 1ull << 38), TDX_METADATA_FIELD_ID_INCORRECT);
	/* the context is the leaf's, whatever the id says */
	assert_int_equal(rd(b, LEAF_TDH_MNG_RD, tdr, TD_FIELD(17, 0) ^ 3ull << 52), TDX_SUCCESS);
}

static void production_is_closed(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr), debug_vp, debug;
	const uint64_t rip = VP_FIELD(0, VMCS_GUEST_RIP);

	b->attributes = ATTR_DEBUG;
	debug = box_td(b, BOX_HKID + 1, &debug_vp);
	assert_int_equal(rd(b, LEAF_TDH_VP_RD, tdvpr, rip), TDX_METADATA_FIELD_NOT_READABLE);
	assert_int_equal(wr(b, LEAF_TDH_VP_WR, tdvpr, rip, 1, NONE), TDX_METADATA_FIELD_NOT_WRITABLE);
	assert_int_equal(rd(b, LEAF_TDH_VP_RD, debug_vp, rip), TDX_SUCCESS);
	assert_int_equal(b->regs.gpr[GPR_R8], 0xfffffff0);
	assert_int_equal(wr(b, LEAF_TDH_VP_WR, debug_vp, rip, 0x1234, 0xffff), TDX_SUCCESS);
	assert_int_equal(rd(b, LEAF_TDH_VP_RD, debug_vp, rip), TDX_SUCCESS);
	assert_int_equal(b->regs.gpr[GPR_R8], 0xffff1234);
	assert_int_equal(rd(b, LEAF_TDH_MNG_RD, tdr, FIELD_MIG_ENC_KEY), TDX_METADATA_FIELD_NOT_READABLE);
	assert_int_equal(rd(b, LEAF_TDH_MNG_RD, debug, FIELD_MIG_ENC_KEY), TDX_SUCCESS);
}

static void vmcs_rules_hold(void **state)
{
	struct box *b = *state;
	const uint64_t cr0 = VP_FIELD(0, VMCS_GUEST_CR0), pin = VP_FIELD(0, VMCS_PIN_CTLS) & ~(1ull << 32);
	const uint64_t vector = VP_FIELD(0, VMCS_POSTED_INTR_VECTOR) & ~(2ull << 32);
	const uint64_t desc = VP_FIELD(0, VMCS_POSTED_INTR_DESC), posted = 1ull << 7;
	uint64_t tdvpr;

	b->attributes = ATTR_DEBUG;
	box_td(b, BOX_HKID, &tdvpr);
	assert_int_equal(rd(b, LEAF_TDH_VP_RD, tdvpr, cr0), TDX_SUCCESS);
	assert_int_equal(wr(b, LEAF_TDH_VP_WR, tdvpr, cr0, 0, 1ull << 5), TDX_METADATA_FIELD_VALUE_NOT_VALID);
	assert_int_equal(wr(b, LEAF_TDH_VP_WR, tdvpr, pin, posted, posted),
			 TDX_TD_VMCS_FIELD_NOT_INITIALIZED | VMCS_POSTED_INTR_VECTOR);
	assert_int_equal(wr(b, LEAF_TDH_VP_WR, tdvpr, vector, 0xf2, NONE), TDX_SUCCESS);
	assert_int_equal(wr(b, LEAF_TDH_VP_WR, tdvpr, pin, posted, posted),
			 TDX_TD_VMCS_FIELD_NOT_INITIALIZED | VMCS_POSTED_INTR_DESC);
	assert_int_equal(wr(b, LEAF_TDH_VP_WR, tdvpr, desc, BOX_HOST + 32, NONE), TDX_METADATA_FIELD_VALUE_NOT_VALID);
	assert_int_equal(wr(b, LEAF_TDH_VP_WR, tdvpr, desc, BOX_HOST + 64, NONE), TDX_SUCCESS);
	assert_int_equal(wr(b, LEAF_TDH_VP_WR, tdvpr, pin, posted, posted), TDX_SUCCESS);
}

static void td_rules_hold(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr;

	b->attributes = ATTR_DEBUG;
	tdr = box_td(b, BOX_HKID, &tdvpr);
	assert_int_equal(rd(b, LEAF_TDH_MNG_RD, tdr, FIELD_HP_LOCK_TIMEOUT), TDX_SUCCESS);
	assert_int_equal(b->regs.gpr[GPR_R8], 1000000);
	assert_int_equal(wr(b, LEAF_TDH_MNG_WR, tdr, FIELD_HP_LOCK_TIMEOUT, 20000, NONE), TDX_SUCCESS);
	assert_int_equal(rd(b, LEAF_TDH_MNG_RD, tdr, FIELD_HP_LOCK_TIMEOUT), TDX_SUCCESS);
	assert_in_range(b->regs.gpr[GPR_R8], 19999, 20000);
	assert_int_equal(wr(b, LEAF_TDH_MNG_WR, tdr, FIELD_HP_LOCK_TIMEOUT, 9999, NONE),
			 TDX_METADATA_FIELD_VALUE_NOT_VALID);
	assert_int_equal(wr(b, LEAF_TDH_MNG_WR, tdr, FIELD_HP_LOCK_TIMEOUT, 20000, 0xff),
			 TDX_METADATA_WR_MASK_NOT_VALID);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(enumeration_ends), TEST(only_existing_fields), TEST(production_is_closed), TEST(vmcs_rules_hold),
		TEST(td_rules_hold),
	};

	return cmocka_run_group_tests_name("metadata", tests, NULL, NULL);
}
