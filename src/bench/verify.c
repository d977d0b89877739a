// SPDX-License-Identifier: MIT
/*
 * Verifying a quote, against the libcrypto operations that this takes: reading three certificates
 * and the attestation key, and five ECDSA P-256 signatures.
 */
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "attest/digest.h"
#include "attest/hierarchy.h"
#include "attest/quoting.h"
#include "attest/verify.h"
#include "bench/bench.h"
#include "bench/internal.h"

#define TIMES	     20u
#define CERTIFICATES 3

struct bench_quote {
	struct quoting *service;
	uint8_t bytes[QUOTING_MAX_SIZE];
	size_t size;
	struct quote quote; /* the same, parsed */
	char *pem;	    /* of the chain, from the PCK certificate to the root */
	struct attest_result result;
};

static void make_report(uint8_t bytes[TDREPORT_SIZE])
{
	const struct tdreport report = { .type = TDREPORT_TYPE_TDX, .version = 1 };

	tdreport_build(&report, bytes);
	digest_sha384(bytes + TDREPORT_TEE_TCB_INFO, TDREPORT_TEE_TCB_INFO_SIZE,
		      bytes + TDREPORT_TEE_TCB_INFO_HASH);
	digest_sha384(bytes + TDREPORT_TDINFO, TDREPORT_TDINFO_SIZE,
		      bytes + TDREPORT_TEE_INFO_HASH);
}

static int make_quote(struct bench_quote *q, struct vmm_error *err)
{
	uint8_t report[TDREPORT_SIZE];
	const struct hierarchy *h;
	char why[160] = "libcrypto failed";

	make_report(report);
	q->service = quoting_create(time(NULL));
	if (q->service)
		q->size = quoting_quote(q->service, report, NULL, 4, q->bytes, sizeof(q->bytes),
					why, sizeof(why));
	if (!q->size)
		return vmm_fail(err, "no quote to verify: %s", why);
	h = quoting_hierarchy(q->service);
	q->pem = hierarchy_pem(
		(const X509 *const[]){ h->pck.cert, h->platform_ca.cert, h->root.cert },
		CERTIFICATES);
	if (!q->pem || quote_parse(&q->quote, q->bytes, q->size, NULL))
		return vmm_fail(err, "libcrypto failed");
	return 0;
}

static bool verify(struct bench_quote *q)
{
	const struct attest_options options = {
		.root = { quoting_root(q->service), strlen(quoting_root(q->service)) },
		.time = time(NULL),
	};

	attest_verify(q->bytes, q->size, &options, &q->result);
	return !attest_count(&q->result.links, ATTEST_FAILS);
}

static bool read_chain(const struct bench_quote *q, X509 *cert[CERTIFICATES])
{
	BIO *in = BIO_new_mem_buf(q->pem, -1);
	bool good = in != NULL;

	for (int i = 0; i < CERTIFICATES && good; i++) {
		cert[i] = PEM_read_bio_X509(in, NULL, NULL, NULL);
		good = cert[i] != NULL;
	}
	BIO_free(in);
	return good;
}

static bool signatures(const struct quote *q, EVP_PKEY *pck)
{
	EVP_PKEY *key = p256_key(q->key);
	bool good = key && p256_verify(key, q->signature, q->signed_part, q->signed_size) &&
		    p256_verify(pck, q->qe_signature, q->qe_bytes, QUOTE_QE_REPORT_SIZE);

	EVP_PKEY_free(key);
	return good;
}

static bool libcrypto_alone(const struct bench_quote *q)
{
	X509 *cert[CERTIFICATES] = { NULL };
	bool good = read_chain(q, cert);

	for (int i = 0; i < CERTIFICATES && good; i++) {
		X509 *issuer = cert[i + 1 < CERTIFICATES ? i + 1 : i];

		good = X509_verify(cert[i], X509_get0_pubkey(issuer)) == 1;
	}
	good = good && signatures(&q->quote, X509_get0_pubkey(cert[0]));
	for (int i = 0; i < CERTIFICATES; i++)
		X509_free(cert[i]);
	return good;
}

static int measure(struct bench_quote *q, struct bench_verify *out, struct vmm_error *err)
{
	for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
		double start = bench_now(), middle;
		bool good = true;

		for (unsigned i = 0; i < TIMES; i++)
			good &= verify(q);
		middle = bench_now();
		for (unsigned i = 0; i < TIMES; i++)
			good &= libcrypto_alone(q);
		if (!good)
			return vmm_fail(err, "the bench's quote does not verify");
		bench_keep_best(&out->verify, (middle - start) / TIMES);
		bench_keep_best(&out->libcrypto, (bench_now() - middle) / TIMES);
	}
	return 0;
}

int bench_verify(struct bench_verify *out, struct vmm_error *err)
{
	struct bench_quote *q = calloc(1, sizeof(*q));
	int result;

	if (!q)
		return vmm_fail(err, "out of memory");
	*out = (struct bench_verify){ 0 };
	result = make_quote(q, err) || measure(q, out, err) ? -1 : 0;
	OPENSSL_free(q->pem);
	quoting_destroy(q->service);
	free(q);
	return result;
}
