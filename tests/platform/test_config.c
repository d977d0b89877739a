// SPDX-License-Identifier: MIT
/*
 * Platform files: what is read, and what each kind of wrong line is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "platform/config.h"
#include "platform/platform.h"

static struct platform_config config;

static bool parse(const char *text, char *err, size_t err_len)
{
	return platform_config_parse(&config, "f", text, strlen(text), err, err_len);
}

static void every_directive_is_read(void **state)
{
	char err[200] = "";

	(void)state;
	assert_true(
		parse("# comment\n\nmemory 2G # more\n\tencryption off\nlps 4\npackages 2\n"
		      "maxpa 46\ncmr 1M 0x1000\ncmr 2M 4K\nseamrr 0x40000000 32M\n"
		      "keyids mktme 3 tdx 4\ncpuid 7 1 = 1 2 3 0xffffffff\ncpuid 1 - = 9 8 7 6\n"
		      "msr 0x3b 0xffffffffffffffff\nseed random\n"
		      "tsc start 5 event 6 read 7 instruction 8\nfms 0x806f8\nloader handoff_pages 2\n"
		      "loader module_hv 3\nloader no_downgrade 1\n"
		      "cpusvn 000102030405060708090a0b0c0d0eFF\n"
		      "seamdb size 2 last 1 nonce 1 2 3 4",
		      err, sizeof(err)));
	assert_string_equal(err, "");
	assert_int_equal(config.memory, 2ull << 30);
	assert_false(config.encrypted);
	assert_int_equal(config.lps, 4);
	assert_int_equal(config.packages, 2);
	assert_int_equal(config.maxpa, 46);
	assert_int_equal(config.n_cmr, 2);
	assert_int_equal(config.cmr[1].base, 2u << 20);
	assert_int_equal(config.cmr[1].size, 4096);
	assert_int_equal(config.seamrr.size, 32u << 20);
	assert_int_equal(config.tdx_keys, 4);
	assert_int_equal(config.cpuid[0].regs.edx, 0xffffffff);
	assert_int_equal(config.cpuid[1].subleaf, CPUID_NO_SUBLEAF);
	assert_int_equal(config.msr[0].value, UINT64_MAX);
	assert_true(config.random);
	assert_false(config.tsc.real);
	assert_int_equal(config.tsc.per_read, 7);
	assert_int_equal(config.tsc.per_instruction, 8);
	assert_int_equal(config.loader.handoff_pages, 2);
	assert_int_equal(config.loader.module_hv, 3);
	assert_true(config.loader.no_downgrade);
	assert_int_equal(config.tcb.cpusvn[15], 0xff);
	assert_int_equal(config.seamdb.nonce[3], 4);
}

static void wrong_lines_are_told(void **state)
{
	static const struct {
		const char *text, *err;
	} cases[] = {
		{ "memroy 1G", "f:1: unknown directive 'memroy'" },
		{ "\nmemory", "f:2: memory: 1 values expected, not 0" },
		{ "memory 1X", "f:1: memory: '1X': a size ends in K, M, G, T or nothing" },
		{ "memory 99999999T", "f:1: memory: '99999999T' does not fit in 64 bits" },
		{ "memory -1", "f:1: memory: '-1' is not a size" },
		{ "lps 65", "f:1: lps: '65' is not a number up to 0x40" },
		{ "lps 0x", "f:1: lps: '0x' is not a number up to 0x40" },
		{ "lps 99999999999999999999", "f:1: lps: '99999999999999999999' is not a number "
					      "up to 0x40" },
		{ "encryption maybe", "f:1: encryption: 'maybe' is neither on nor off" },
		{ "seamrr 0x1000 0x3000", "f:1: seamrr: the size is a power of two and the base a "
					  "multiple of it" },
		{ "max_hkids 63", "f:1: max_hkids: '63' is below 64" },
		{ "max_hkids 32769", "f:1: max_hkids: '32769' is not a number up to 0x8000" },
		{ "keyids mktme 3 tdy 4", "f:1: keyids: 'tdy' where 'tdx' is expected" },
		{ "cpuid 1 - 2 3 4 5", "f:1: cpuid: 7 values expected, not 6" },
		{ "msr 0x100000000 1", "f:1: msr: '0x100000000' is not a number up to 0xfffffffe" },
		{ "tsc real 5", "f:1: tsc real: '5' is too much" },
		{ "tsc start 5", "f:1: tsc: expected 'real' or 'start N event N read N [instruction N]'" },
		{ "loader stak_pages 1", "f:1: loader: unknown name 'stak_pages'" },
		{ "cpusvn 00", "f:1: cpusvn: 32 hexadecimal digits expected, not 2" },
		{ "cpusvn 0001020304050607080900000000000g",
		  "f:1: cpusvn: '0g' is not hexadecimal" },
		{ "a b c d e f g h i j k l m n o p q", "f:1: more than 16 words" },
	};
	char err[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err[0] = 0;
		assert_false(parse(cases[i].text, err, sizeof(err)));
		assert_string_equal(err, cases[i].err);
	}
}

static void hostile_text_is_refused(void **state)
{
	static char big[4000];
	char err[60];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	assert_false(parse(big, err, sizeof(err)));
	assert_string_equal(err, "f:1: the line is longer than 511 bytes");
	assert_false(platform_config_parse(&config, "f", "lps\0 4", 6, err, sizeof(err)));
	assert_string_equal(err, "f:1: a zero byte: this is not a text file");
	assert_false(platform_config_parse(&config, "f", "lps 4 5", 7, err, 8));
	assert_int_equal(strlen(err), 7);
	big[0] = 0;
	for (unsigned i = 0; i < 33; i++)
		strcat(big, "cmr 0 4K\n");
	assert_false(parse(big, err, sizeof(err)));
	assert_string_equal(err, "f:33: cmr: more than 32");
}

static void expect_refused(const char *text, const char *expected)
{
	char err[200] = "";

	assert_true(parse(text, err, sizeof(err)));
	assert_null(platform_create(&config, err, sizeof(err)));
	assert_string_equal(err, expected);
}

static void values_that_do_not_fit_together(void **state)
{
	(void)state;
	expect_refused("lps 0", "lps 0: 1..64");
	expect_refused("packages 2", "packages 2: 1..8 and not more than lps (1)");
	expect_refused("keyids mktme 1 tdx 0",
		       "keyids mktme 1 tdx 0: each up to 16383, tdx 1 or more");
	expect_refused("maxpa 40\nmemory 32G\ntsc start 0 event 0 read 1",
		       "memory of 0x800000000 bytes reaches into the 6 key-id bits below bit 40");
	expect_refused("maxpa 46\ncpuid 0x80000008 - = 0x3934 0 0 0",
		       "maxpa 46: cpuid leaf 0x80000008 says 52");
	expect_refused("cmr 0 2G", "cmr 0x0 0x80000000: 4 KiB multiples, ascending, within "
				   "memory of 0x40000000 bytes");
	expect_refused("tsc real", "tsc real: needs a cpuid line for leaf 0x15");
}

static void built_in_platforms_work(void **state)
{
	static const char *const names[] = { "default", "transcripts" };
	char err[200];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		size_t len = 0;
		const char *text = platform_builtin(names[i], &len);
		struct platform *p;

		assert_non_null(text);
		assert_true(platform_config_parse(&config, names[i], text, len, err, sizeof(err)));
		p = platform_create(&config, err, sizeof(err));
		assert_non_null(p);
		assert_int_equal(p->tsc_hz, 2000000000);
		platform_destroy(p);
	}
	assert_null(platform_builtin("no such", &(size_t){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_directive_is_read),
		cmocka_unit_test(wrong_lines_are_told),
		cmocka_unit_test(hostile_text_is_refused),
		cmocka_unit_test(values_that_do_not_fit_together),
		cmocka_unit_test(built_in_platforms_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
