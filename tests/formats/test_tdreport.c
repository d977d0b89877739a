// SPDX-License-Identifier: MIT
/*
 * TDREPORT: what is built is what is read, every byte has one home, and what is not a report is
 * refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "formats/tdreport.h"

static struct format_error err;

static void fill(uint8_t *p)
{
	for (size_t i = 0; i < TDREPORT_SIZE; i++)
		p[i] = (uint8_t)(i * 7 + 1);
	p[TDREPORT_TYPE] = TDREPORT_TYPE_TDX;
	p[TDREPORT_SUBTYPE] = 0;
	p[TDREPORT_VERSION] = 1;
	memset(p + 3, 0, 13);
	memset(p + 192, 0, 32);
	memset(p + 400, 0, 112);
	memset(p + 960, 0, 64);
}

static void round_trip(void **state)
{
	uint8_t in[TDREPORT_SIZE], out[TDREPORT_SIZE];
	struct tdreport report;

	(void)state;
	fill(in);
	assert_int_equal(tdreport_parse(&report, in, sizeof(in), &err), 0);
	assert_memory_equal(report.td.rtmr[0], in + TDREPORT_RTMR0, 48);
	assert_memory_equal(report.td.servtd_hash, in + 912, 48);
	assert_memory_equal(report.tcb.mrseam, in + 280, 48);
	assert_memory_equal(report.reportdata, in + 128, 64);
	tdreport_build(&report, out);
	assert_memory_equal(in, out, sizeof(in));
}

static void refused(const uint8_t *p, size_t size, const char *words)
{
	struct tdreport report;

	assert_int_equal(tdreport_parse(&report, p, size, &err), -1);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void broken(void **state)
{
	uint8_t p[TDREPORT_SIZE + 1] = { 0 };

	(void)state;
	fill(p);
	refused(p, 0, "expected 0x400");
	refused(p, 1023, "expected 0x400");
	refused(p, 1025, "expected 0x400");
	p[0] = 0x80;
	refused(p, 1024, "REPORTTYPE.TYPE is 0x80");
	p[0] = 0x81;
	p[1] = 1;
	refused(p, 1024, "REPORTTYPE.SUBTYPE is 0x1");
	p[1] = 0;
	p[2] = 2;
	refused(p, 1024, "REPORTTYPE.VERSION is 0x2");
	p[2] = 0;
	p[223] = 4;
	refused(p, 1024, "offset 0xdf: reserved byte is 0x4");
	p[223] = 0;
	p[495] = 1;
	refused(p, 1024, "offset 0x1ef: reserved byte");
}

static void bit_names(void **state)
{
	char text[512], small[8];

	(void)state;
	assert_string_equal(tdx_attributes_names(0, text, sizeof(text)), "none");
	assert_string_equal(tdx_attributes_names(0x10000001, text, sizeof(text)),
			    "DEBUG, SEPT_VE_DISABLE");
	assert_string_equal(tdx_attributes_names(0x8000000000000002, text, sizeof(text)),
			    "bit 1, PERFMON");
	assert_string_equal(tdx_xfam_names(7, text, sizeof(text)), "X87, SSE, AVX");
	assert_string_equal(tdx_xfam_names(UINT64_MAX, small, sizeof(small)), "X87, SS");
	assert_null(tdx_xfam_wrong(0x618e7));
	assert_non_null(tdx_xfam_wrong(0x618e5));
	assert_non_null(tdx_xfam_wrong(0x618c7));
	assert_non_null(tdx_xfam_wrong(0x610e7));
	assert_non_null(tdx_xfam_wrong(0x418e7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(broken),
		cmocka_unit_test(bit_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
