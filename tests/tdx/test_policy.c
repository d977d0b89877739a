// SPDX-License-Identifier: MIT
/*
 * Repeats: on missing entropy with the original operands, after an interruption with those that the
 * leaf asks for, on busy as long as the caller wants, and never on anything else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "recorder.h"
#include "tdx/tdx.h"

#define CALL(n, name) recorder.history[n].gpr[GPR_##name]

static void script(uint64_t status, unsigned times)
{
	recorder_reset(0);
	recorder.num_scripted = times;
	for (unsigned i = 0; i < times; i++)
		recorder.script[i] = status;
}

static void test_entropy_repeats_original_operands(void **state)
{
	(void)state;
	script(TDX_RND_NO_ENTROPY, 3);
	assert_status(tdh_mng_create_retry(tdx_tdr(0x1000), tdx_hkid(33)), TDX_SUCCESS);
	assert_int_equal(recorder.seamcalls, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(CALL(i, RAX), 9);
		assert_int_equal(CALL(i, RCX), 0x1000);
		assert_int_equal(CALL(i, RDX), 33);
	}
}

static void test_entropy_gives_up(void **state)
{
	(void)state;
	script(TDX_KEY_GENERATION_FAILED, 16);
	assert_status(tdh_mng_key_config_retry(tdx_tdr(0x1000)), TDX_KEY_GENERATION_FAILED);
	assert_int_equal(recorder.seamcalls, TDX_ENTROPY_TRIES);
}

static void test_other_statuses_are_not_repeated(void **state)
{
	(void)state;
	script(TDX_OPERAND_BUSY | 1, 1);
	assert_status(tdh_mng_create_retry(tdx_tdr(0x1000), tdx_hkid(33)), TDX_OPERAND_BUSY | 1);
	assert_int_equal(recorder.seamcalls, 1);
	script(TDX_OPERAND_INVALID | 1, 1);
	assert_status(tdh_phymem_cache_wb_finish(0, 5), TDX_OPERAND_INVALID | 1);
	assert_int_equal(recorder.seamcalls, 1);
}

static void test_cache_wb_resumes(void **state)
{
	(void)state;
	script(TDX_INTERRUPTED_RESUMABLE, 2);
	assert_status(tdh_phymem_cache_wb_finish(0, 10), TDX_SUCCESS);
	assert_int_equal(recorder.seamcalls, 3);
	assert_int_equal(CALL(0, RCX), 0);
	assert_int_equal(CALL(1, RCX), 1);
	assert_int_equal(CALL(2, RCX), 1);
}

static void test_finish_stops_after_its_tries(void **state)
{
	(void)state;
	script(TDX_INTERRUPTED_RESUMABLE, 16);
	assert_status(tdh_phymem_cache_wb_finish(0, 3), TDX_INTERRUPTED_RESUMABLE);
	assert_int_equal(recorder.seamcalls, 3);
	script(TDX_INTERRUPTED_RESUMABLE, 16);
	assert_status(tdh_phymem_cache_wb_finish(0, 0), TDX_INTERRUPTED_RESUMABLE);
	assert_int_equal(recorder.seamcalls, 1);
}

static void test_blockw_goes_on_in_the_list(void **state)
{
	tdx_gpa_list_t end;

	(void)state;
	script(TDX_INTERRUPTED_RESUMABLE, 1);
	assert_status(tdh_export_blockw_finish(tdx_gpa_list(0x2000), tdx_tdr(0x1000), &end, 10),
		      TDX_SUCCESS);
	assert_int_equal(CALL(0, RCX), 0x2000);
	assert_int_equal(CALL(1, RCX), RECORDER_ANSWER(GPR_RCX));
	assert_int_equal(CALL(1, RDX), 0x1000);
	assert_int_equal(end.value, RECORDER_ANSWER(GPR_RCX));
}

static void test_migration_sets_the_command_bit(void **state)
{
	(void)state;
	script(TDX_INTERRUPTED_RESUMABLE, 2);
	recorder.script[1] = TDX_RND_NO_ENTROPY;
	assert_status(tdh_export_state_immutable_finish(tdx_tdr(1), tdx_mbmd(2), tdx_page_list(3),
							tdx_migs(4), NULL, 10),
		      TDX_SUCCESS);
	assert_int_equal(recorder.seamcalls, 3);
	assert_int_equal(CALL(0, R10), 4);
	assert_int_equal(CALL(1, R10), 4 | 1ULL << 63);
	assert_int_equal(CALL(2, R10), 4 | 1ULL << 63);
	assert_int_equal(CALL(2, RCX), 1);
	assert_int_equal(CALL(2, R9), 3);
}

static void test_sept_add_passes_returned_pages(void **state)
{
	struct tdh_mem_sept_add_v1_args args = {
		.gpa = tdx_gpa(0x40000000),
		.level = TDX_LEVEL_2M,
		.tdr = tdx_tdr(0x1000),
		.sept_page = tdx_hpa(0x5000),
		.sept_page_vm1 = TDX_NO_HPA,
		.sept_page_vm2 = TDX_NO_HPA,
		.sept_page_vm3 = tdx_hpa(0x6000),
	};

	(void)state;
	script(TDX_INTERRUPTED_RESUMABLE, 1);
	assert_status(tdh_mem_sept_add_v1_finish(args, NULL, NULL, 10), TDX_SUCCESS);
	assert_int_equal(CALL(0, RAX), 0x10003);
	assert_int_equal(CALL(0, R11), 0x6000);
	assert_int_equal(CALL(1, RCX), 0x40000001);
	assert_int_equal(CALL(1, R8), RECORDER_ANSWER(GPR_R8));
	assert_int_equal(CALL(1, R11), RECORDER_ANSWER(GPR_R11));
}

/* It has kept nothing: the same operands again. */
static void test_demote_restarts(void **state)
{
	struct tdh_mem_page_demote_args args = {
		.gpa = tdx_gpa(0x40000000),
		.level = TDX_LEVEL_2M,
		.tdr = tdx_tdr(0x1000),
		.sept_page = tdx_hpa(0x5000),
		.sept_page_vm1 = tdx_hpa(0x7000),
		.sept_page_vm2 = TDX_NO_HPA,
		.sept_page_vm3 = TDX_NO_HPA,
	};

	(void)state;
	script(TDX_INTERRUPTED_RESTARTABLE, 1);
	assert_status(tdh_mem_page_demote_finish(args, NULL, NULL, 10), TDX_SUCCESS);
	assert_int_equal(CALL(1, R8), 0x5000);
	assert_int_equal(CALL(1, R9), 0x7000);
}

static void test_busy_is_the_callers(void **state)
{
	unsigned tries = 4;

	(void)state;
	script(TDX_OPERAND_BUSY | TDX_OPERAND_ID_SEPT_TREE, 2);
	assert_status(tdx_while_busy(tdh_mem_track(tdx_tdr(0x1000)), --tries), TDX_SUCCESS);
	assert_int_equal(recorder.seamcalls, 3);
	script(TDX_SYS_BUSY, 16);
	tries = 4;
	assert_status(tdx_while_busy(tdh_mem_track(tdx_tdr(0x1000)), --tries), TDX_SYS_BUSY);
	assert_int_equal(recorder.seamcalls, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entropy_repeats_original_operands),
		cmocka_unit_test(test_entropy_gives_up),
		cmocka_unit_test(test_other_statuses_are_not_repeated),
		cmocka_unit_test(test_cache_wb_resumes),
		cmocka_unit_test(test_finish_stops_after_its_tries),
		cmocka_unit_test(test_blockw_goes_on_in_the_list),
		cmocka_unit_test(test_migration_sets_the_command_bit),
		cmocka_unit_test(test_sept_add_passes_returned_pages),
		cmocka_unit_test(test_demote_restarts),
		cmocka_unit_test(test_busy_is_the_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
