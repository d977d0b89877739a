// SPDX-License-Identifier: MIT
/*
 * Reports, quotes and an event log made by hardware, where they are: `vectors` beside the source
 * tree, or the folder that SEAMLESS_VECTORS names. Without them this test is skipped, and says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../test_file.h"
#include "support.h"

#define SKIPPED 77

/* Times at which the certificates and collateral of the samples are valid. */
#define T_2023_06_20 ((time_t)1687219200)
#define T_2026_06_01 ((time_t)1780272000)
#define T_2031_01_01 ((time_t)1924992000)

static const char *dir = TEST_VECTORS;
static struct attest_result result;

static struct attest_blob load(const char *name)
{
	size_t size = 0;
	uint8_t *bytes = read_in(dir, name, &size);

	if (!bytes)
		fail_msg("%s/%s can't be read", dir, name);
	return (struct attest_blob){ bytes, size };
}

static void unload(struct attest_blob *blob, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((void *)blob[i].bytes);
}

static void report(void **state)
{
	struct attest_blob file = load("reports/hardware_tdreport.bin");
	struct attest_options options = { .time = T_2026_06_01 };

	(void)state;
	attest_verify(file.bytes, file.size, &options, &result);
	all_hold(&result.links);
	assert_int_equal(verdict_of(&result.links, "TEE_TCB_INFO_HASH", 0), ATTEST_HOLDS);
	assert_int_equal(verdict_of(&result.links, "TEE_INFO_HASH", 0), ATTEST_HOLDS);
	assert_int_equal(verdict_of(&result.links, "MAC", 0), ATTEST_NOT_CHECKED);
	assert_int_equal(result.report.td.xfam, 0x618e7);
	unload(&file, 1);
}

static void quotes_up_to_intel(void **state)
{
	static const char *const names[] = { "quotes/v4_spr.bin", "quotes/v5_sample.bin",
					     "eventlog/quote_of_the_same_td.bin" };
	struct attest_options options = { .time = T_2026_06_01 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct attest_blob file = load(names[i]);

		attest_verify(file.bytes, file.size, &options, &result);
		all_hold(&result.links);
		assert_int_equal(verdict_of(&result.links, "trust anchor", 0), ATTEST_HOLDS);
		assert_int_equal(verdict_of(&result.links, "quote signature", 0), ATTEST_HOLDS);
		assert_int_equal(verdict_of(&result.links, "QE report signature", 0), ATTEST_HOLDS);
		unload(&file, 1);
	}
}

static void sample_collateral(void **state)
{
	struct attest_blob file[] = { load("quotes/v4_spr.bin"), load("quotes/pck.crl"),
				      load("quotes/root.crl"), load("quotes/qe_identity.json"),
				      load("quotes/tcb_info.json") };
	struct attest_options options = { .time = T_2023_06_20,
					  .crl = { file[1], file[2] },
					  .qe_identity = file[3] };

	(void)state;
	attest_verify(file[0].bytes, file[0].size, &options, &result);
	all_hold(&result.links);
	assert_int_equal(verdict_of(&result.links, "revocation", 0), ATTEST_HOLDS);
	assert_int_equal(verdict_of(&result.links, "revocation", 1), ATTEST_HOLDS);
	assert_int_equal(verdict_of(&result.links, "QE identity", 0), ATTEST_HOLDS);
	assert_int_equal(verdict_of(&result.links, "QE TCB level", 0), ATTEST_HOLDS);
	options.tcb = file[4];
	attest_verify(file[0].bytes, file[0].size, &options, &result);
	assert_int_equal(verdict_of(&result.links, "TCB info platform", 0), ATTEST_HOLDS);
	assert_int_equal(verdict_of(&result.links, "TDX module identity", 0), ATTEST_HOLDS);
	only_fails(&result.links, "TCB level");
	options.time = T_2031_01_01;
	attest_verify(file[0].bytes, file[0].size, &options, &result);
	assert_int_equal(verdict_of(&result.links, "PCK certificate validity", 0), ATTEST_FAILS);
	assert_int_equal(verdict_of(&result.links, "revocation", 0), ATTEST_FAILS);
	unload(file, 5);
}

static void log_of_a_cloud_td(void **state)
{
	struct attest_blob file[] = { load("eventlog/quote_of_the_same_td.bin"),
				      load("eventlog/ccel_data.bin"),
				      load("eventlog/ccel_table.bin") };
	struct attest_options options = { .time = T_2026_06_01, .log = file[1] };

	(void)state;
	attest_verify(file[0].bytes, file[0].size, &options, &result);
	all_hold(&result.links);
	for (int i = 0; i < 3; i++)
		assert_memory_equal(result.replayed[i], result.quote.td.rtmr[i], 48);
	assert_int_equal(result.events, 43);
	attest_verify(file[2].bytes, file[2].size, &options, &result);
	all_hold(&result.links);
	assert_int_equal(result.ccel.log_size, file[1].size);
	unload(file, 3);
}

static void flips_of_a_real_quote(void **state)
{
	struct attest_blob file = load("quotes/v5_sample.bin");
	struct attest_options options = { .time = T_2026_06_01 };
	uint8_t *bytes = malloc(file.size);

	(void)state;
	assert_non_null(bytes);
	memcpy(bytes, file.bytes, file.size);
	for (size_t bit = 0; bit < 8 * 1300; bit += 13) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		attest_verify(bytes, file.size, &options, &result);
		if (!attest_count(&result.links, ATTEST_FAILS))
			fail_msg("bit %zu of byte %zu changes nothing", bit % 8, bit / 8);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(bytes);
	unload(&file, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report),
		cmocka_unit_test(quotes_up_to_intel),
		cmocka_unit_test(sample_collateral),
		cmocka_unit_test(log_of_a_cloud_td),
		cmocka_unit_test(flips_of_a_real_quote),
	};

	if (getenv("SEAMLESS_VECTORS"))
		dir = getenv("SEAMLESS_VECTORS");
	if (access(dir, R_OK)) {
		printf("%s: not there: skipped\n", dir);
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
