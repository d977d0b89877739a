// SPDX-License-Identifier: MIT
/*
 * A TD quote, from the TD's measurements up to the trust anchor: attestation key, quoting enclave,
 * platform certificate, chain.
 */
#include <openssl/x509.h>
#include <string.h>

#include "attest/check.h"
#include "attest/digest.h"
#include "attest/pck.h"

static void check_quote_signature(const struct quote *q, struct attest_links *links)
{
	EVP_PKEY *key = p256_key(q->key);

	attest_check(links, p256_verify(key, q->signature, q->signed_part, q->signed_size),
		     "quote signature", "ECDSA P-256 by the attestation key over bytes 0 to %zu%s",
		     q->signed_size - 1, key ? "" : ": that key is no point of the curve");
	EVP_PKEY_free(key);
}

/* REPORTDATA of the QE = SHA-256(attestation key | authentication data), then zeros. */
static void check_qe_binding(const struct quote *q, struct attest_links *links)
{
	uint8_t want[64] = { 0 };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		    EVP_DigestUpdate(ctx, q->key, QUOTE_KEY_SIZE) == 1 &&
		    EVP_DigestUpdate(ctx, q->qe_auth, q->qe_auth_size) == 1 &&
		    EVP_DigestFinal_ex(ctx, want, NULL) == 1;
	char hex[65];

	EVP_MD_CTX_free(ctx);
	attest_check(
		links, good && !memcmp(want, q->qe.reportdata, sizeof(want)), "QE report binding",
		"SHA-256 of attestation key and QE authentication data = %s, compared with the "
		"QE's REPORTDATA",
		hex_of(want, 32, hex));
}

static void check_qe_signature(const struct quote *q, const struct chain *chain,
			       struct attest_links *links)
{
	EVP_PKEY *key = chain->count ? X509_get0_pubkey(chain->cert[0]) : NULL;

	attest_check(
		links, key && p256_verify(key, q->qe_signature, q->qe_bytes, QUOTE_QE_REPORT_SIZE),
		"QE report signature", "ECDSA P-256 by the PCK over the QE report of %u bytes%s",
		QUOTE_QE_REPORT_SIZE, key ? "" : ": no PCK certificate");
}

static void check_pck(const struct chain *chain, struct attest_links *links)
{
	struct pck_info info;
	char fmspc[13], pceid[5], cpusvn[33];

	if (!chain->count)
		return;
	if (!pck_read(chain->cert[0], &info)) {
		attest_check(links, false, "PCK platform",
			     "no SGX extensions in the certificate: not a PCK certificate");
		return;
	}
	attest_check(links, true, "PCK platform", "FMSPC %s, PCEID %s, PCESVN %u, CPUSVN %s",
		     hex_of(info.fmspc, 6, fmspc), hex_of(info.pceid, 2, pceid), info.pcesvn,
		     hex_of(info.cpusvn, 16, cpusvn));
}

static void read_chain(const struct quote *q, struct chain *chain, struct attest_links *links)
{
	if (q->cert_type == QUOTE_CERT_PCK_CHAIN) {
		chain_read(chain, q->cert, q->cert_size, (size_t)(q->cert - q->signed_part));
		return;
	}
	memset(chain, 0, sizeof(*chain));
	attest_check(links, false, "PCK certificate",
		     "certification data of type %u holds no certificate chain (type 5)",
		     q->cert_type);
}

void check_quote(const struct attest_options *options, struct attest_result *result)
{
	struct attest_links *links = &result->links;
	const struct quote *q = &result->quote;
	struct chain chain;

	attest_check(links, true, "structure", "quote version %u, TDX %s body, %zu bytes",
		     q->version, q->body_type == QUOTE_BODY_TD_1_5 ? "1.5" : "1.0", q->size);
	if (q->trailing)
		attest_add(links, ATTEST_NOTE, "trailing bytes",
			   "%zu after the quote: nothing covers them, they are ignored",
			   q->trailing);
	check_quote_signature(q, links);
	check_qe_binding(q, links);
	read_chain(q, &chain, links);
	check_qe_signature(q, &chain, links);
	if (q->cert_type == QUOTE_CERT_PCK_CHAIN)
		chain_check(&chain, "PCK certificate", options, links);
	check_pck(&chain, links);
	check_revocation(options, &chain, links);
	check_collateral(options, &chain, q, links);
	check_td(&q->td, links);
	chain_free(&chain);
}
