// SPDX-License-Identifier: MIT
/*
 * Live migration: what leaves the source arrives, however often it is interrupted; what was touched on the way does
 * not; and either side can call it off.
 */
#include "mig_box.h"

#include "module/gpa_list.h"

#define FATAL (1ull << 61)
#define MBMD_OPERAND (MIG_MBMD | 48ull << 52)
#define MBMD_MAC 32u

static int setup(void **state)
{
	static struct mig_box m;

	mig_open(&m);
	*state = &m;
	return 0;
}

static int teardown(void **state)
{
	mig_close(*state);
	return 0;
}

static void arrives(void **state)
{
	mig_all(*state, false);
	mig_check_arrival(*state);
}

static void arrives_in_place(void **state)
{
	mig_all(*state, true);
	mig_check_arrival(*state);
}

static void arrives_when_interrupted(void **state)
{
	struct mig_box *m = *state;

	m->interrupts = true;
	mig_all(m, false);
	mig_check_arrival(m);
}

/* A bundle that was changed anywhere ends the import, and says why. */
static void check_tampered(struct mig_box *m, uint64_t pa, uint64_t expected)
{
	assert_int_equal(mig_export_state(m, LEAF_TDH_EXPORT_STATE_IMMUTABLE, m->src.tdr), TDX_SUCCESS);
	mig_poke(m, pa, mig_peek(m, pa) ^ 1);
	assert_int_equal(mig_import_state(m, LEAF_TDH_IMPORT_STATE_IMMUTABLE, m->dst.tdr), expected | FATAL);
	assert_int_equal(mig_md(m, m->dst.tdr, FIELD_OP_STATE), OP_STATE_FAILED_IMPORT);
}

static void refuses_a_changed_page(void **state)
{
	check_tampered(*state, MIG_BUFFERS + 0x1230, TDX_INCORRECT_MBMD_MAC);
}

static void refuses_a_changed_mac(void **state)
{
	check_tampered(*state, MIG_MBMD + MBMD_MAC, TDX_INCORRECT_MBMD_MAC);
}

static void refuses_a_changed_header(void **state)
{
	check_tampered(*state, MIG_MBMD, TDX_INVALID_MBMD);
}

static void refuses_a_changed_iv(void **state)
{
	check_tampered(*state, MIG_MBMD + 16, TDX_INCORRECT_MBMD_MAC);
}

static void begin(struct mig_box *m)
{
	assert_int_equal(mig_export_state(m, LEAF_TDH_EXPORT_STATE_IMMUTABLE, m->src.tdr), TDX_SUCCESS);
	assert_int_equal(mig_import_state(m, LEAF_TDH_IMPORT_STATE_IMMUTABLE, m->dst.tdr), TDX_SUCCESS);
	mig_add_tables(m);
	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_PAUSE, (uint64_t[8]){ m->src.tdr }), TDX_SUCCESS);
	assert_int_equal(mig_export_mem(m, GPA_LIST_OP_MIGRATE), TDX_SUCCESS);
}

static void refuses_changed_memory(void **state)
{
	struct mig_box *m = *state;

	begin(m);
	mig_poke(m, m->buffer[1] + 0xff8, ~mig_peek(m, m->buffer[1] + 0xff8));
	assert_int_equal(mig_import_mem(m, false), TDX_INVALID_PAGE_MAC | TDX_OPERAND_ID_GPA_LIST_ENTRY | FATAL);
	assert_int_equal(m->b->regs.gpr[GPR_RCX] >> 3 & 511, 1);
	assert_int_equal(mig_peek(m, MIG_GPAS + 8) >> 56, GPA_LIST_STATUS_INVALID_PAGE_MAC);
}

static void refuses_a_bundle_twice(void **state)
{
	struct mig_box *m = *state;

	begin(m);
	assert_int_equal(mig_import_mem(m, false), TDX_SUCCESS);
	assert_int_equal(mig_import_mem(m, false), TDX_INVALID_MBMD);
}

static void epoch(struct mig_box *m)
{
	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_TRACK, (uint64_t[8]){ m->src.tdr, 0, MBMD_OPERAND }), TDX_SUCCESS);
	assert_int_equal(mig_call(m, LEAF_TDH_IMPORT_TRACK, (uint64_t[8]){ m->dst.tdr, 0, MBMD_OPERAND }), TDX_SUCCESS);
}

/* Pages are taken back in a later epoch and come again in the one after. */
static void cancels_and_sends_again(void **state)
{
	struct mig_box *m = *state;
	uint64_t st;

	begin(m);
	assert_int_equal(mig_import_mem(m, false), TDX_SUCCESS);
	epoch(m);
	assert_int_equal(mig_export_mem(m, GPA_LIST_OP_CANCEL), TDX_SUCCESS);
	assert_int_equal(mig_import_mem(m, false), TDX_SUCCESS);
	mig_page_of(m, m->dst.tdr, 0, &st);
	assert_int_equal(st, 5);
	assert_int_equal(mig_export_mem(m, GPA_LIST_OP_MIGRATE), TDX_SUCCESS);
	assert_int_equal(mig_import_mem(m, false),
			 TDX_DISALLOWED_IMPORT_OVER_REMOVED | TDX_OPERAND_ID_GPA_LIST_ENTRY | FATAL);
}

static void resumes_only_what_was_interrupted(void **state)
{
	struct mig_box *m = *state;
	const uint64_t list = MIG_LIST | 15ull << 55, resume = 1ull << 63;

	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_STATE_IMMUTABLE,
				  (uint64_t[8]){ m->src.tdr, 0, MBMD_OPERAND, list, resume }),
			 TDX_MIGRATION_STREAM_STATE_INCORRECT);
	begin(m);
	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_STATE_TD,
				  (uint64_t[8]){ m->src.tdr, 0, MBMD_OPERAND, list, resume }), TDX_INVALID_RESUMPTION);
}

static void source_aborts_and_restores(void **state)
{
	struct mig_box *m = *state;
	uint64_t st;

	begin(m);
	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_ABORT, (uint64_t[8]){ m->src.tdr }), TDX_SUCCESS);
	assert_int_equal(mig_md(m, m->src.tdr, FIELD_OP_STATE), OP_STATE_RUNNABLE);
	assert_int_equal(mig_export_state(m, LEAF_TDH_EXPORT_STATE_IMMUTABLE, m->src.tdr),
			 TDX_PREVIOUS_EXPORT_CLEANUP_INCOMPLETE);
	for (uint64_t i = 0; i < MIG_PAGES; i++)
		mig_poke(m, MIG_GPAS + 8 * i, i << 12 | 1ull << 52);
	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_RESTORE,
				  (uint64_t[8]){ MIG_GPAS | (MIG_PAGES - 1ull) << 55, m->src.tdr }), TDX_SUCCESS);
	mig_page_of(m, m->src.tdr, 0, &st);
	assert_int_equal(st, 4);
	mig_page_of(m, m->src.tdr, (MIG_PAGES - 1) * 4096, &st);
	assert_int_equal(st, 2);
	assert_int_equal(mig_export_state(m, LEAF_TDH_EXPORT_STATE_IMMUTABLE, m->src.tdr),
			 TDX_MIGRATION_DECRYPTION_KEY_NOT_SET);
}

/* After the start token the source runs again only with the destination's word. */
static void destination_aborts(void **state)
{
	struct mig_box *m = *state;
	const uint64_t token[8] = { m->src.tdr, 0, MBMD_OPERAND };

	begin(m);
	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_TRACK, (uint64_t[8]){ m->src.tdr, 0, MBMD_OPERAND, 0, 1ull << 63 }),
			 TDX_SUCCESS);
	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_ABORT, token), TDX_INVALID_MBMD);
	assert_int_equal(mig_call(m, LEAF_TDH_IMPORT_ABORT, (uint64_t[8]){ m->dst.tdr, 0, MBMD_OPERAND }),
			 TDX_SUCCESS | FATAL);
	mig_poke(m, MIG_MBMD + MBMD_MAC, ~mig_peek(m, MIG_MBMD + MBMD_MAC));
	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_ABORT, token), TDX_INCORRECT_MBMD_MAC);
	mig_poke(m, MIG_MBMD + MBMD_MAC, ~mig_peek(m, MIG_MBMD + MBMD_MAC));
	assert_int_equal(mig_call(m, LEAF_TDH_EXPORT_ABORT, token), TDX_SUCCESS);
	assert_int_equal(mig_md(m, m->src.tdr, FIELD_OP_STATE), OP_STATE_RUNNABLE);
	assert_int_equal(mig_md(m, m->dst.tdr, FIELD_OP_STATE), OP_STATE_FAILED_IMPORT);
}

/* ---- service TDs ---- */

static void service_td_sees_only_its_target(void **state)
{
	struct mig_box *m = *state;
	struct mig_td wrong = m->src;

	wrong.uuid[3] ^= 1;
	assert_int_equal(mig_tdcall(m, &wrong, LEAF_TDG_SERVTD_RD, FIELD_ATTRIBUTES, 0), TDX_TARGET_UUID_MISMATCH);
	wrong = m->src;
	wrong.handle += 1;
	assert_int_equal(mig_tdcall(m, &wrong, LEAF_TDG_SERVTD_RD, FIELD_ATTRIBUTES, 0), TDX_OPERAND_INVALID | 1);
	assert_int_equal(mig_tdcall(m, &m->src, LEAF_TDG_SERVTD_RD, FIELD_ATTRIBUTES, 0), TDX_SUCCESS);
	assert_int_equal(m->b->regs.gpr[GPR_R8], mig_md(m, m->src.tdr, FIELD_ATTRIBUTES));
}

/* What the service TD can't help becomes a TD exit that names the target. */
static void host_learns_of_a_lost_target(void **state)
{
	struct mig_box *m = *state;
	struct mig_td gone = m->src;

	gone.handle += 0x1000; /* a TDCX page */
	assert_int_equal(mig_tdcall(m, &gone, LEAF_TDG_SERVTD_RD, FIELD_ATTRIBUTES, 0), TDX_CROSS_TD_TRAP);
	assert_int_equal(m->b->regs.gpr[GPR_RDX], TDX_PAGE_METADATA_INCORRECT | TDX_OPERAND_ID_TDR);
	assert_int_equal(m->b->regs.gpr[GPR_R8], m->src.tdr + 0x1000);
}

/* A key comes by being read; that it can't be written changes nothing. */
static void refused_write_makes_no_key(void **state)
{
	struct mig_box *m = *state;
	uint64_t part;

	assert_int_equal(mig_tdcall(m, &m->src, LEAF_TDG_SERVTD_RD, FIELD_MIG_ENC_KEY, 0), TDX_SUCCESS);
	assert_int_equal(mig_tdcall(m, &m->src, LEAF_TDG_SERVTD_RD, FIELD_MIG_ENC_KEY + 1, 0), TDX_SUCCESS);
	part = m->b->regs.gpr[GPR_R8];
	assert_int_equal(mig_tdcall(m, &m->src, LEAF_TDG_SERVTD_WR, FIELD_MIG_ENC_KEY, 0), TDX_METADATA_FIELD_NOT_WRITABLE);
	assert_int_equal(mig_tdcall(m, &m->src, LEAF_TDG_SERVTD_RD, FIELD_MIG_ENC_KEY + 1, 0), TDX_SUCCESS);
	assert_int_equal(m->b->regs.gpr[GPR_R8], part);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(arrives), TEST(arrives_in_place), TEST(arrives_when_interrupted), TEST(refuses_a_changed_page),
		TEST(refuses_a_changed_mac), TEST(refuses_a_changed_header), TEST(refuses_a_changed_iv),
		TEST(refuses_changed_memory), TEST(refuses_a_bundle_twice), TEST(cancels_and_sends_again),
		TEST(resumes_only_what_was_interrupted), TEST(source_aborts_and_restores), TEST(destination_aborts),
		TEST(service_td_sees_only_its_target), TEST(host_learns_of_a_lost_target),
		TEST(refused_write_makes_no_key),
	};

	return cmocka_run_group_tests_name("live migration", tests, NULL, NULL);
}
