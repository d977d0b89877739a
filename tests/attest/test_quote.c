// SPDX-License-Identifier: MIT
/*
 * Quotes of the test hierarchy: what holds, and that each broken link is the one that is named.
 */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attest/digest.h"
#include "attest/hierarchy.h"
#include "support.h"

#define DAY (24 * 3600)

static struct test_quote q;
static struct attest_result result;

static int setup(void **state)
{
	(void)state;
	return make_quote(&q, 5) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free_quote(&q);
	return 0;
}

static void verify(void)
{
	attest_verify(q.bytes, q.size, &q.options, &result);
}

static void both_versions_hold(void **state)
{
	uint8_t bytes[TDREPORT_SIZE];
	struct tdreport report;

	(void)state;
	make_report(bytes);
	assert_int_equal(tdreport_parse(&report, bytes, sizeof(bytes), NULL), 0);
	for (unsigned int version = 4; version <= 5; version++) {
		free_quote(&q);
		assert_true(make_quote(&q, version));
		verify();
		all_hold(&result.links);
		assert_int_equal(result.quote.version, version);
		assert_memory_equal(result.quote.td.rtmr, report.td.rtmr, 192);
		assert_memory_equal(result.quote.reportdata, report.reportdata, 64);
		assert_memory_equal(result.quote.tcb.mrseam, report.tcb.mrseam, 48);
		assert_int_equal(verdict_of(&result.links, "revocation", 1), ATTEST_NOT_CHECKED);
		assert_int_equal(verdict_of(&result.links, "TCB level", 0), ATTEST_NOT_CHECKED);
		assert_int_equal(verdict_of(&result.links, "QE identity", 0), ATTEST_NOT_CHECKED);
	}
	assert_memory_equal(result.quote.td.servtd_hash, report.td.servtd_hash, 48);
}

static void not_intels(void **state)
{
	(void)state;
	q.options.root.bytes = NULL;
	verify();
	only_fails(&result.links, "trust anchor");
}

static void another_root(void **state)
{
	struct quoting *other = quoting_create(TEST_NOW);

	(void)state;
	assert_non_null(other);
	q.options.root = (struct attest_blob){ quoting_root(other), strlen(quoting_root(other)) };
	verify();
	only_fails(&result.links, "trust anchor");
	q.options.root = (struct attest_blob){ "nothing", 7 };
	verify();
	only_fails(&result.links, "trust anchor");
	quoting_destroy(other);
}

static void time_counts(void **state)
{
	(void)state;
	q.options.time = TEST_NOW + 366 * (time_t)DAY;
	verify();
	assert_int_equal(attest_count(&result.links, ATTEST_FAILS), 3);
	assert_int_equal(verdict_of(&result.links, "PCK certificate validity", 0), ATTEST_FAILS);
	assert_int_equal(verdict_of(&result.links, "PCK certificate", 0), ATTEST_HOLDS);
	q.options.time = TEST_NOW - DAY;
	verify();
	assert_int_equal(attest_count(&result.links, ATTEST_FAILS), 3);
}

/* Offset of a part of the quote in its bytes. */
static size_t offset_of(const uint8_t *part)
{
	return (size_t)(part - q.bytes);
}

static void each_break_is_named(void **state)
{
	const struct quote *p = &result.quote;
	const struct {
		size_t offset;
		const char *name;
	} breaks[] = {
		{ 30, "quote signature" },  /* user data */
		{ 60, "quote signature" },  /* TEE_TCB_SVN */
		{ 700, "quote signature" }, /* end of the body */
		{ (verify(), offset_of(p->signature)), "quote signature" },
		{ offset_of(p->qe_auth), "QE report binding" },
		{ offset_of(p->qe_bytes) + 64, "QE report signature" },
		{ offset_of(p->qe_signature) + 63, "QE report signature" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		q.bytes[breaks[i].offset] ^= 1;
		verify();
		only_fails(&result.links, breaks[i].name);
		q.bytes[breaks[i].offset] ^= 1;
	}
}

/* Replaces the certificate chain of the quote; its length may change. */
static void replace_chain(const X509 *const *cert, int count)
{
	char *pem = hierarchy_pem(cert, count);
	uint8_t *copy = malloc(q.size);
	struct quote parts;

	assert_non_null(pem);
	assert_non_null(copy);
	memcpy(copy, q.bytes, q.size);
	assert_int_equal(quote_parse(&parts, copy, q.size, NULL), 0);
	parts.cert = (const uint8_t *)pem;
	parts.cert_size = strlen(pem);
	q.size = quote_write_signature(&parts, q.bytes, sizeof(q.bytes));
	assert_true(q.size > 0);
	free(copy);
	OPENSSL_free(pem);
}

static void chains_of_other_shape(void **state)
{
	const struct hierarchy *h = quoting_hierarchy(q.service);
	const X509 *const no_root[] = { h->pck.cert, h->platform_ca.cert };
	const X509 *const no_ca[] = { h->pck.cert, h->root.cert };
	const X509 *const tcb_leaf[] = { h->tcb_signing.cert, h->root.cert };
	const X509 *const swapped[] = { h->pck.cert, h->root.cert, h->platform_ca.cert };
	const X509 *const twice[] = { h->pck.cert, h->platform_ca.cert, h->root.cert,
				      h->root.cert };

	(void)state;
	replace_chain(no_root, 2);
	verify();
	assert_int_equal(verdict_of(&result.links, "trust anchor", 0), ATTEST_FAILS);
	replace_chain(no_ca, 2);
	verify();
	assert_int_equal(verdict_of(&result.links, "PCK certificate", 0), ATTEST_FAILS);
	replace_chain(tcb_leaf, 2);
	verify();
	assert_int_equal(verdict_of(&result.links, "PCK platform", 0), ATTEST_FAILS);
	assert_int_equal(verdict_of(&result.links, "QE report signature", 0), ATTEST_FAILS);
	replace_chain(swapped, 3);
	verify();
	assert_true(attest_count(&result.links, ATTEST_FAILS) > 0);
	replace_chain(twice, 4);
	verify();
	assert_true(attest_count(&result.links, ATTEST_FAILS) > 0);
}

static void forged_ca(void **state)
{
	/* A leaf of the hierarchy may not act as a CA. */
	const struct hierarchy *h = quoting_hierarchy(q.service);
	X509 *forged = X509_dup(h->pck.cert);
	const X509 *const chain[] = { forged, h->tcb_signing.cert, h->root.cert };

	(void)state;
	assert_non_null(forged);
	X509_set_issuer_name(forged, X509_get_subject_name(h->tcb_signing.cert));
	assert_true(X509_sign(forged, h->tcb_signing.key, EVP_sha256()) > 0);
	replace_chain(chain, 3);
	verify();
	assert_int_not_equal(verdict_of(&result.links, "intermediate CA", 0), ATTEST_HOLDS);
	assert_true(attest_count(&result.links, ATTEST_FAILS) > 0);
	X509_free(forged);
}

static void no_chain_at_all(void **state)
{
	struct quote parts;

	(void)state;
	assert_int_equal(quote_parse(&parts, q.bytes, q.size, NULL), 0);
	q.bytes[offset_of(parts.cert) - 6] = 3;
	verify();
	assert_int_equal(verdict_of(&result.links, "PCK certificate", 0), ATTEST_FAILS);
	assert_int_equal(verdict_of(&result.links, "QE report signature", 0), ATTEST_FAILS);
}

static void trailing_bytes(void **state)
{
	(void)state;
	memset(q.bytes + q.size, 0, 100);
	attest_verify(q.bytes, q.size + 100, &q.options, &result);
	all_hold(&result.links);
	assert_int_equal(verdict_of(&result.links, "trailing bytes", 0), ATTEST_NOTE);
}

/* A CRL of `issuer`, with `revoked` on it unless NULL. DER, to free with OPENSSL_free(). */
static struct attest_blob make_crl(const struct identity *issuer, const X509 *revoked, time_t from)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *entry = revoked ? X509_REVOKED_new() : NULL;
	ASN1_TIME *time = ASN1_TIME_set(NULL, from);
	unsigned char *der = NULL;
	int size;

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert));
	X509_CRL_set1_lastUpdate(crl, time);
	if (entry) {
		X509_REVOKED_set_serialNumber(entry,
					      (ASN1_INTEGER *)X509_get0_serialNumber(revoked));
		X509_REVOKED_set_revocationDate(entry, time);
		X509_CRL_add0_revoked(crl, entry);
	}
	ASN1_TIME_set(time, from + 30 * DAY);
	X509_CRL_set1_nextUpdate(crl, time);
	X509_CRL_sort(crl);
	X509_CRL_sign(crl, issuer->key, EVP_sha256());
	size = i2d_X509_CRL(crl, &der);
	assert_true(size > 0);
	ASN1_TIME_free(time);
	X509_CRL_free(crl);
	return (struct attest_blob){ der, (size_t)size };
}

static void revocation(void **state)
{
	const struct hierarchy *h = quoting_hierarchy(q.service);
	const struct identity imposter = { h->pck.key, h->platform_ca.cert };
	const struct attest_blob good = make_crl(&h->platform_ca, NULL, TEST_NOW - DAY);
	const struct attest_blob of_root = make_crl(&h->root, h->pck.cert, TEST_NOW - DAY);
	const struct {
		struct attest_blob crl;
		int want;
	} cases[] = {
		{ good, ATTEST_HOLDS },
		{ make_crl(&h->platform_ca, h->root.cert, TEST_NOW - DAY), ATTEST_HOLDS },
		{ make_crl(&h->platform_ca, h->pck.cert, TEST_NOW - DAY), ATTEST_FAILS },
		{ make_crl(&h->platform_ca, NULL, TEST_NOW - 31 * DAY), ATTEST_FAILS },
		{ make_crl(&h->platform_ca, NULL, TEST_NOW + DAY), ATTEST_FAILS },
		{ make_crl(&imposter, NULL, TEST_NOW - DAY), ATTEST_FAILS },
		{ make_crl(&h->tcb_signing, NULL, TEST_NOW - DAY), ATTEST_NOT_CHECKED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		q.options.crl[0] = cases[i].crl;
		verify();
		assert_int_equal(attest_count(&result.links, ATTEST_FAILS),
				 cases[i].want == ATTEST_FAILS);
		if (cases[i].want != ATTEST_NOT_CHECKED)
			assert_int_equal(verdict_of(&result.links, "revocation", 0), cases[i].want);
		OPENSSL_free((void *)cases[i].crl.bytes);
	}
	q.options.crl[0] = of_root;
	verify();
	all_hold(&result.links);
	assert_int_equal(verdict_of(&result.links, "revocation", 0), ATTEST_NOT_CHECKED);
	assert_int_equal(verdict_of(&result.links, "revocation", 1), ATTEST_HOLDS);
	OPENSSL_free((void *)of_root.bytes);
	q.options.crl[0] = (struct attest_blob){ "junk", 4 };
	verify();
	only_fails(&result.links, "revocation");
}

static void service_refuses(void **state)
{
	uint8_t report[TDREPORT_SIZE], out[QUOTING_MAX_SIZE];
	static const uint8_t other_key[32] = "another platform's key, 32 bytes";
	char why[200];

	(void)state;
	make_report(report);
	assert_int_equal(quoting_quote(q.service, report, NULL, 3, out, sizeof(out), why, 200), 0);
	assert_int_equal(quoting_quote(q.service, report, NULL, 4, out, 1000, why, 200), 0);
	assert_int_equal(quoting_quote(q.service, report, other_key, 4, out, sizeof(out), why, 200),
			 0);
	assert_non_null(strstr(why, "MAC"));
	report[TDREPORT_RTMR0]++;
	assert_int_equal(quoting_quote(q.service, report, NULL, 4, out, sizeof(out), why, 200), 0);
	assert_non_null(strstr(why, "TEE_INFO_HASH"));
	report[0] = 0;
	assert_int_equal(quoting_quote(q.service, report, NULL, 4, out, sizeof(out), why, 200), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(both_versions_hold), CASE(not_intels),	     CASE(another_root),
		CASE(time_counts),	  CASE(each_break_is_named), CASE(chains_of_other_shape),
		CASE(forged_ca),	  CASE(no_chain_at_all),     CASE(trailing_bytes),
		CASE(revocation),	  CASE(service_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
