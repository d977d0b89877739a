// SPDX-License-Identifier: MIT
/*
 * Quotes: what the builder writes the parser reads, and each broken length or type is refused.
 * Signatures are the attest tests' affair; here they are plain bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/bytes.h"
#include "formats/quote.h"

static uint8_t noise[1024], bytes[4096];
static size_t size;
static struct format_error err;

static size_t build(uint16_t version)
{
	struct quote q = { .version = version,
			   .key_type = QUOTE_KEY_ECDSA_P256,
			   .tee_type = QUOTE_TEE_TDX };

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 11 + 3);
	memcpy(q.td.mrtd, noise, 48);
	memcpy(q.td.rtmr, noise + 48, 192);
	memcpy(q.td.servtd_hash, noise + 240, 48);
	memcpy(q.tcb.tee_tcb_svn2, noise + 288, 16);
	memcpy(q.reportdata, noise + 304, 64);
	q.td.xfam = 0x618e7;
	q.signature = noise;
	q.key = noise + 64;
	q.qe_bytes = noise + 128;
	q.qe_signature = noise + 512;
	q.qe_auth = noise + 576;
	q.qe_auth_size = 32;
	q.cert = noise + 700;
	q.cert_size = 100;
	q.signed_part = bytes;
	q.signed_size = quote_write_body(&q, bytes, sizeof(bytes));
	size = quote_write_signature(&q, bytes, sizeof(bytes));
	assert_int_equal(quote_write_signature(&q, bytes, size - 1), 0);
	return size;
}

static void round_trip(void **state)
{
	struct quote q;

	(void)state;
	for (uint16_t v = 4; v <= 5; v++) {
		assert_int_not_equal(build(v), 0);
		assert_int_equal(quote_parse(&q, bytes, size + 3, &err), 0);
		assert_int_equal(q.size, size);
		assert_int_equal(q.trailing, 3);
		assert_int_equal(q.version, v);
		assert_true(quote_recognize(bytes, size));
		assert_int_equal(q.signed_size, v == 4 ? 632 : 702);
		assert_int_equal(q.td.xfam, 0x618e7);
		assert_memory_equal(q.td.mrtd, noise, 48);
		assert_memory_equal(q.td.rtmr, noise + 48, 192);
		assert_memory_equal(q.reportdata, noise + 304, 64);
		assert_int_equal(q.td.servtd_hash[0], v == 5 ? noise[240] : 0);
		assert_memory_equal(q.signature, noise, 64);
		assert_memory_equal(q.key, noise + 64, 64);
		assert_memory_equal(q.qe_bytes, noise + 128, 384);
		assert_memory_equal(q.qe_signature, noise + 512, 64);
		assert_int_equal(q.qe_auth_size, 32);
		assert_memory_equal(q.qe_auth, noise + 576, 32);
		assert_int_equal(q.cert_type, QUOTE_CERT_PCK_CHAIN);
		assert_int_equal(q.cert_size, 100);
		assert_memory_equal(q.cert, noise + 700, 100);
	}
}

static void qe_report_round_trip(void **state)
{
	uint8_t in[QUOTE_QE_REPORT_SIZE] = { 0 }, out[QUOTE_QE_REPORT_SIZE];
	struct qe_report qe;

	(void)state;
	memset(in, 1, 20);
	memset(in + 48, 2, 16 + 32);
	memset(in + 128, 3, 32);
	memset(in + 256, 4, 4);
	memset(in + 320, 5, 64);
	qe_report_read(&qe, in);
	qe_report_write(&qe, out);
	assert_memory_equal(in, out, sizeof(in));
}

static void truncated(void **state)
{
	struct quote q;

	(void)state;
	for (uint16_t v = 4; v <= 5; v++) {
		build(v);
		for (size_t n = 0; n < size; n++) {
			uint8_t *cut = malloc(n ? n : 1);

			memcpy(cut, bytes, n);
			assert_int_equal(quote_parse(&q, cut, n, &err), -1);
			free(cut);
		}
	}
	assert_int_equal(quote_parse(&q, bytes, QUOTE_MAX_SIZE + 1, &err), -1);
}

static void broken(void **state)
{
	static const struct {
		uint16_t version;
		size_t at;
		uint32_t value;
		const char *words;
	} cases[] = {
		{ 4, 0, 0x20003, "version is 0x3" },
		{ 4, 0, 0x30004, "attestation key type is 0x3" },
		{ 4, 4, 0, "TEE type is 0x0" },
		{ 5, 48, 0x02880001, "body type is 0x1" },
		{ 5, 48, 0x02870003, "body size is 0x287" },
		{ 5, 48, 0x02880002, "expected 0x248 for body type 2" },
		{ 4, 632, 0xffffffff, "signature data length is 0xffffffff" },
		{ 4, 632, 100, "signature and attestation key" },
		{ 4, 632, 128, "certification data is 0x6" },
		{ 4, 764, 0xffff0006, "certification data size is 0x" },
		{ 4, 764, 0x01000005, "certification data size" },
		{ 4, 766, 10, "bytes after it belong to nothing" },
		{ 4, 770 + 448, 0xffff, "QE authentication data" },
	};
	struct quote q;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build(cases[i].version);
		put_le32(bytes + cases[i].at, cases[i].value);
		assert_int_equal(quote_parse(&q, bytes, size, &err), -1);
		if (!strstr(err.text, cases[i].words))
			fail_msg("case %zu: '%s' does not say '%s'", i, err.text, cases[i].words);
	}
	build(4);
	put_le16(bytes + 764, 5);
	assert_int_equal(quote_parse(&q, bytes, size, &err), -1);
	assert_non_null(strstr(err.text, "expected 6"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(qe_report_round_trip),
		cmocka_unit_test(truncated),
		cmocka_unit_test(broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
