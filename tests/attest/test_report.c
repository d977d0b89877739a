// SPDX-License-Identifier: MIT
/*
 * Verifying TDREPORTs and event logs made here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attest/digest.h"
#include "formats/bytes.h"
#include "support.h"

static struct attest_result result;

static void report_holds(void **state)
{
	struct attest_options options = { .mac_key = { test_mac_key, 32 }, .time = TEST_NOW };
	uint8_t report[TDREPORT_SIZE];

	(void)state;
	make_report(report);
	attest_verify(report, sizeof(report), &options, &result);
	assert_int_equal(result.kind, ATTEST_TDREPORT);
	all_hold(&result.links);
	assert_int_equal(verdict_of(&result.links, "MAC", 0), ATTEST_HOLDS);
	assert_int_equal(result.report.td.attributes, 0x10000000);
	options.mac_key.bytes = NULL;
	attest_verify(report, sizeof(report), &options, &result);
	all_hold(&result.links);
	assert_int_equal(verdict_of(&result.links, "MAC", 0), ATTEST_NOT_CHECKED);
	options.maybe_key = (struct attest_blob){ test_mac_key, 32 };
	attest_verify(report, sizeof(report), &options, &result);
	assert_int_equal(verdict_of(&result.links, "MAC", 0), ATTEST_HOLDS);
	options.maybe_key.size = 31;
	attest_verify(report, sizeof(report), &options, &result);
	all_hold(&result.links);
	assert_int_equal(verdict_of(&result.links, "MAC", 0), ATTEST_NOT_CHECKED);
}

static void every_bit_counts(void **state)
{
	struct attest_options options = { .mac_key = { test_mac_key, 32 }, .time = TEST_NOW };
	uint8_t report[TDREPORT_SIZE];

	(void)state;
	make_report(report);
	for (size_t bit = 0; bit < 8 * sizeof(report); bit++) {
		report[bit / 8] ^= (uint8_t)(1u << bit % 8);
		attest_verify(report, sizeof(report), &options, &result);
		if (!attest_count(&result.links, ATTEST_FAILS))
			fail_msg("bit %zu of byte %zu changes nothing", bit % 8, bit / 8);
		report[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void hashes_are_told_apart(void **state)
{
	struct attest_options options = { .time = TEST_NOW };
	uint8_t report[TDREPORT_SIZE];

	(void)state;
	make_report(report);
	report[TDREPORT_TEE_TCB_INFO + 24] ^= 1;
	attest_verify(report, sizeof(report), &options, &result);
	only_fails(&result.links, "TEE_TCB_INFO_HASH");
	make_report(report);
	report[TDREPORT_RTMR0] ^= 1;
	attest_verify(report, sizeof(report), &options, &result);
	only_fails(&result.links, "TEE_INFO_HASH");
}

static void other_files(void **state)
{
	struct attest_options options = { .time = TEST_NOW };
	uint8_t bytes[2000] = { TDREPORT_TYPE_TDX };

	(void)state;
	attest_verify(bytes, 1023, &options, &result);
	only_fails(&result.links, "structure");
	attest_verify(bytes, 1025, &options, &result);
	only_fails(&result.links, "structure");
	bytes[0] = 0;
	attest_verify(bytes, sizeof(bytes), &options, &result);
	only_fails(&result.links, "kind");
	attest_verify(bytes, 0, &options, &result);
	only_fails(&result.links, "kind");
	bytes[0] = 3;
	attest_verify(bytes, sizeof(bytes), &options, &result);
	only_fails(&result.links, "structure");
	memcpy(bytes, "CCEL", 4);
	attest_verify(bytes, 56, &options, &result);
	only_fails(&result.links, "structure");
}

/* A log of one event per register given, each with the digest 0x77 ... */
static size_t make_log(uint8_t *log, const uint32_t *mr, size_t count)
{
	size_t at = 32 + 33;

	memset(log, 0, at);
	put_le32(log + 4, EVENTLOG_NO_ACTION);
	put_le32(log + 28, 33);
	memcpy(log + 32, "Spec ID Event03", 16);
	put_le32(log + 32 + 24, 1);
	put_le16(log + 32 + 28, EVENTLOG_SHA384);
	put_le16(log + 32 + 30, 48);
	for (size_t i = 0; i < count; i++) {
		put_le32(log + at, mr[i]);
		put_le32(log + at + 4, 0xd);
		put_le32(log + at + 8, 1);
		put_le16(log + at + 12, EVENTLOG_SHA384);
		memset(log + at + 14, 0x77, 48);
		put_le32(log + at + 62, 0);
		at += 66;
	}
	return at;
}

static void replay_against_report(void **state)
{
	static const uint32_t mr[] = { 0, 1, 1, 2, 3 };
	uint8_t report[TDREPORT_SIZE], log[1024], digest[48], rtmr[48] = { 0 };
	struct attest_options options = { .time = TEST_NOW };
	struct tdreport r;

	(void)state;
	make_report(report);
	options.log = (struct attest_blob){ log, make_log(log, mr, 5) };
	assert_int_equal(tdreport_parse(&r, report, sizeof(report), NULL), 0);
	memset(digest, 0x77, 48);
	assert_true(digest_extend(rtmr, digest, rtmr));
	memcpy(r.td.rtmr[1], rtmr, 48);
	memcpy(r.td.rtmr[2], rtmr, 48);
	assert_true(digest_extend(rtmr, digest, rtmr));
	memcpy(r.td.rtmr[0], rtmr, 48);
	tdreport_build(&r, report);
	assert_true(digest_sha384(report + TDREPORT_TDINFO, TDREPORT_TDINFO_SIZE,
				  report + TDREPORT_TEE_INFO_HASH));
	attest_verify(report, sizeof(report), &options, &result);
	all_hold(&result.links);
	assert_int_equal(result.events, 5);
	assert_int_equal(verdict_of(&result.links, "RTMR3", 0), ATTEST_NOT_CHECKED);
	log[65 + 66 + 14] ^= 1;
	attest_verify(report, sizeof(report), &options, &result);
	only_fails(&result.links, "RTMR0");
	put_le32(log + 65 + 66 + 8, 0);
	attest_verify(report, sizeof(report), &options, &result);
	only_fails(&result.links, "event log");
}

static void log_alone(void **state)
{
	static const uint32_t mr[] = { 4 };
	struct attest_options options = { .time = TEST_NOW };
	uint8_t log[256];
	size_t size = make_log(log, mr, 1);

	(void)state;
	attest_verify(log, size, &options, &result);
	assert_int_equal(result.kind, ATTEST_EVENTLOG);
	all_hold(&result.links);
	assert_int_equal(verdict_of(&result.links, "RTMRs", 0), ATTEST_NOT_CHECKED);
	attest_verify(log, size - 1, &options, &result);
	only_fails(&result.links, "event log");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_holds),		 cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(hashes_are_told_apart), cmocka_unit_test(other_files),
		cmocka_unit_test(replay_against_report), cmocka_unit_test(log_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
