// SPDX-License-Identifier: MIT
/*
 * TCB info and QE identity made here and signed by the test hierarchy, against quotes of the same
 * hierarchy.
 */
#include <jansson.h>
#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attest/digest.h"
#include "attest/hierarchy.h"
#include "attest/pck.h"
#include "support.h"

static struct test_quote q;
static struct attest_result result;
static char *tcb_chain;
static char *document[2]; /* TCB info, QE identity: what the options point to */
static json_t *tcb_info, *qe_identity;

/* Sixteen components at or below `svn`. */
static json_t *components(const uint8_t svn[16], int delta)
{
	json_t *list = json_array();

	for (int i = 0; i < 16; i++)
		json_array_append_new(list, json_pack("{s:i}", "svn", svn[i] ? svn[i] + delta : 0));
	return list;
}

static json_t *level(const struct pck_info *pck, const uint8_t tdx[16], int delta,
		     const char *status)
{
	return json_pack("{s:{s:o, s:i, s:o}, s:s, s:s, s:[s]}", "tcb", "sgxtcbcomponents",
			 components(pck->component, delta), "pcesvn", pck->pcesvn,
			 "tdxtcbcomponents", components(tdx, delta), "tcbDate",
			 "2025-01-01T00:00:00Z", "tcbStatus", status, "advisoryIDs", "TEST-SA-1");
}

static json_t *module_identity(void)
{
	char zeros[97];

	memset(zeros, '0', 96);
	zeros[96] = 0;
	return json_pack("{s:s, s:s, s:s, s:s, s:[{s:{s:i}, s:s, s:s}, {s:{s:i}, s:s, s:s}]}", "id",
			 "TDX_01", "mrsigner", zeros, "attributes", "0000000000000000",
			 "attributesMask", "FFFFFFFFFFFFFFFF", "tcbLevels", "tcb", "isvsvn", 0x22,
			 "tcbDate", "2025-01-01T00:00:00Z", "tcbStatus", "UpToDate", "tcb",
			 "isvsvn", 2, "tcbDate", "2024-01-01T00:00:00Z", "tcbStatus", "UpToDate");
}

static void make_tcb_info(void)
{
	struct pck_info pck;
	char fmspc[13];

	assert_true(pck_read(quoting_hierarchy(q.service)->pck.cert, &pck));
	tcb_info = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:[o], s:[o, o]}", "id", "TDX",
			     "version", 3, "issueDate", "2025-06-01T00:00:00Z", "nextUpdate",
			     "2025-07-01T00:00:00Z", "fmspc", hex_of(pck.fmspc, 6, fmspc), "pceId",
			     "0000", "tdxModuleIdentities", module_identity(), "tcbLevels",
			     level(&pck, result.quote.tcb.tee_tcb_svn, 1, "UpToDate"),
			     level(&pck, result.quote.tcb.tee_tcb_svn, 0, "SWHardeningNeeded"));
	assert_non_null(tcb_info);
}

static void make_qe_identity(void)
{
	char signer[65];

	hex_of(result.quote.qe.mrsigner, 32, signer);
	qe_identity = json_pack(
		"{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, "
		"s:[{s:{s:i}, s:s, s:s}]}",
		"id", "TD_QE", "version", 2, "issueDate", "2025-06-01T00:00:00Z", "nextUpdate",
		"2025-07-01T00:00:00Z", "miscselect", "00000000", "miscselectMask", "FFFFFFFF",
		"attributes", "11000000000000000000000000000000", "attributesMask",
		"FBFFFFFFFFFFFFFF0000000000000000", "mrsigner", signer, "isvprodid", 2, "tcbLevels",
		"tcb", "isvsvn", 4, "tcbDate", "2025-01-01T00:00:00Z", "tcbStatus", "UpToDate");
	assert_non_null(qe_identity);
}

static int setup(void **state)
{
	const struct hierarchy *h;

	(void)state;
	if (!make_quote(&q, 5))
		return -1;
	attest_verify(q.bytes, q.size, &q.options, &result);
	h = quoting_hierarchy(q.service);
	tcb_chain = hierarchy_pem((const X509 *const[]){ h->tcb_signing.cert, h->root.cert }, 2);
	make_tcb_info();
	make_qe_identity();
	q.options.tcb_chain = (struct attest_blob){ tcb_chain, strlen(tcb_chain) };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(document[0]);
	free(document[1]);
	document[0] = document[1] = NULL;
	json_decref(tcb_info);
	json_decref(qe_identity);
	OPENSSL_free(tcb_chain);
	free_quote(&q);
	return 0;
}

/* Signs the body as it is printed and puts both into a document; white space as the service sends
 * it or not. */
static struct attest_blob sign(int slot, const char *name, const json_t *body,
			       const struct identity *by, const char *pattern)
{
	char *text = json_dumps(body, JSON_COMPACT), hex[129];
	uint8_t signature[64];

	assert_non_null(text);
	assert_true(p256_sign(by->key, text, strlen(text), signature));
	free(document[slot]);
	assert_true(asprintf(&document[slot], pattern, name, text, hex_of(signature, 64, hex)) > 0);
	free(text);
	return (struct attest_blob){ document[slot], strlen(document[slot]) };
}

#define PLAIN "{\"%s\":%s,\"signature\":\"%s\"}"

static void verify(void)
{
	const struct identity *by = &quoting_hierarchy(q.service)->tcb_signing;

	q.options.tcb = sign(0, "tcbInfo", tcb_info, by, PLAIN);
	q.options.qe_identity = sign(1, "enclaveIdentity", qe_identity, by, PLAIN);
	attest_verify(q.bytes, q.size, &q.options, &result);
}

static void all_of_it_holds(void **state)
{
	static const char *const names[] = { "TCB signing certificate",
					     "TCB info signature",
					     "TCB info validity",
					     "TCB info platform",
					     "TDX module identity",
					     "TDX module TCB level",
					     "TCB level",
					     "QE identity signature",
					     "QE identity validity",
					     "QE identity",
					     "QE TCB level" };

	(void)state;
	verify();
	all_hold(&result.links);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (verdict_of(&result.links, names[i], 0) != ATTEST_HOLDS)
			fail_msg("'%s' is not there", names[i]);
	}
}

static void spacing_is_what_is_signed(void **state)
{
	const struct identity *by = &quoting_hierarchy(q.service)->tcb_signing;

	(void)state;
	verify();
	q.options.qe_identity = sign(1, "enclaveIdentity", qe_identity, by,
				     "\n{ \"%s\" : %s ,\n \"signature\" : \"%s\" }\n");
	attest_verify(q.bytes, q.size, &q.options, &result);
	all_hold(&result.links);
	document[1][strlen(document[1]) / 3] ^= 1;
	attest_verify(q.bytes, q.size, &q.options, &result);
	assert_true(attest_count(&result.links, ATTEST_FAILS) > 0);
}

static void without_a_signer(void **state)
{
	(void)state;
	q.options.tcb_chain.bytes = NULL;
	verify();
	all_hold(&result.links);
	assert_int_equal(verdict_of(&result.links, "TCB info signature", 0), ATTEST_NOT_CHECKED);
	assert_int_equal(verdict_of(&result.links, "QE identity signature", 0), ATTEST_NOT_CHECKED);
}

static void another_signer(void **state)
{
	const struct hierarchy *h = quoting_hierarchy(q.service);

	(void)state;
	verify();
	q.options.tcb = sign(0, "tcbInfo", tcb_info, &h->pck, PLAIN);
	attest_verify(q.bytes, q.size, &q.options, &result);
	only_fails(&result.links, "TCB info signature");
	OPENSSL_free(tcb_chain);
	tcb_chain = hierarchy_pem(
		(const X509 *const[]){ h->pck.cert, h->platform_ca.cert, h->root.cert }, 3);
	q.options.tcb_chain = (struct attest_blob){ tcb_chain, strlen(tcb_chain) };
	attest_verify(q.bytes, q.size, &q.options, &result);
	assert_int_equal(verdict_of(&result.links, "TCB info signature", 0), ATTEST_FAILS);
	assert_int_equal(verdict_of(&result.links, "QE identity signature", 0), ATTEST_FAILS);
}

/* Sets one member of a document, then exactly one link must fail. */
static void set_fails(json_t *body, const char *member, json_t *value, const char *name)
{
	json_t *old = json_incref(json_object_get(body, member));

	json_object_set_new(body, member, value);
	verify();
	only_fails(&result.links, name);
	json_object_set_new(body, member, old);
}

static void each_claim_counts(void **state)
{
	(void)state;
	set_fails(tcb_info, "nextUpdate", json_string("2025-06-02T00:00:00Z"), "TCB info validity");
	set_fails(tcb_info, "issueDate", json_string("2025-06-30T00:00:00Z"), "TCB info validity");
	set_fails(tcb_info, "issueDate", json_string("yesterday"), "TCB info validity");
	set_fails(tcb_info, "issueDate", json_integer(1), "TCB info validity");
	set_fails(tcb_info, "fmspc", json_string("000000000000"), "TCB info platform");
	set_fails(tcb_info, "pceId", json_string("0001"), "TCB info platform");
	set_fails(tcb_info, "id", json_string("SGX"), "TCB info");
	set_fails(tcb_info, "version", json_integer(2), "TCB info");
	set_fails(tcb_info, "tdxModuleIdentities", json_array(), "TDX module identity");
	set_fails(tcb_info, "tcbLevels", json_array(), "TCB level");
	set_fails(tcb_info, "tcbLevels", json_string("none"), "TCB level");
	set_fails(qe_identity, "mrsigner", json_string("00"), "QE identity");
	set_fails(qe_identity, "id", json_string("QE"), "QE identity");
	set_fails(qe_identity, "isvprodid", json_integer(1), "QE identity");
	set_fails(qe_identity, "attributes", json_string("13000000000000000000000000000000"),
		  "QE identity");
	set_fails(qe_identity, "miscselect", json_string("00000001"), "QE identity");
	set_fails(qe_identity, "tcbLevels", json_array(), "QE TCB level");
}

static void statuses(void **state)
{
	static const struct {
		const char *status;
		int want;
	} cases[] = {
		{ "UpToDate", ATTEST_HOLDS },
		{ "ConfigurationNeeded", ATTEST_HOLDS },
		{ "OutOfDate", ATTEST_FAILS },
		{ "Revoked", ATTEST_FAILS },
		{ "OutOfDateConfigurationNeeded", ATTEST_FAILS },
		{ "", ATTEST_FAILS },
	};
	json_t *reached = json_array_get(json_object_get(tcb_info, "tcbLevels"), 1);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_object_set_new(reached, "tcbStatus", json_string(cases[i].status));
		verify();
		assert_int_equal(verdict_of(&result.links, "TCB level", 0), cases[i].want);
	}
}

static void malformed(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"null",
		"{}",
		"{\"tcbInfo\":{}}",
		"{\"tcbInfo\":1,\"signature\":\"00\"}",
		"{\"signature\":\"00\",\"tcbInfo\":{}}",
		"{\"tcbInfo\":{},\"tcbInfo\":{}}",
		"{\"tcbInfo\":{\"a\":1,\"a\":2},\"signature\":\"\"}",
		"\xff\xfe",
		"{\"tcbInfo\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		q.options.tcb = (struct attest_blob){ texts[i], strlen(texts[i]) };
		attest_verify(q.bytes, q.size, &q.options, &result);
		only_fails(&result.links, "TCB info");
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_of_it_holds), CASE(spacing_is_what_is_signed), CASE(without_a_signer),
		CASE(another_signer),  CASE(each_claim_counts),		CASE(statuses),
		CASE(malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
