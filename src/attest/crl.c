// SPDX-License-Identifier: MIT
/*
 * Revocation: each certificate of a chain against the CRL of its issuer, when one was supplied.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "attest/check.h"

static X509_CRL *crl_read(struct attest_blob blob)
{
	const unsigned char *p = blob.bytes;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)blob.size);
	BIO *bio;

	if (!crl && (bio = BIO_new_mem_buf(blob.bytes, (int)blob.size))) {
		crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
		BIO_free(bio);
	}
	ERR_clear_error();
	return crl;
}

/* A critical extension narrows what a CRL says (to some certificates, to a delta): none is taken.
 */
static bool crl_is_plain(const X509_CRL *crl)
{
	return X509_CRL_get_ext_by_critical(crl, 1, -1) < 0;
}

static const char *crl_wrong(X509_CRL *crl, X509 *issuer, time_t time)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

	if (X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1)
		return "its signature is not the issuer's";
	if (!(X509_get_key_usage(issuer) & KU_CRL_SIGN))
		return "its issuer may not sign CRLs";
	if (!crl_is_plain(crl))
		return "it has a critical extension";
	if (X509_cmp_time(X509_CRL_get0_lastUpdate(crl), &time) >= 0)
		return "it is not yet valid";
	if (!next || X509_cmp_time(next, &time) <= 0)
		return "it has expired";
	return NULL;
}

static void check_one(X509_CRL *crl, X509 *cert, X509 *issuer, time_t time,
		      struct attest_links *links)
{
	char subject[96], from[96], last[32], next[32], at[32];
	const char *wrong = crl_wrong(crl, issuer, time);
	X509_REVOKED *entry = NULL;

	/* 2: the entry says "removed from CRL" */
	if (!wrong && X509_CRL_get0_by_cert(crl, &entry, cert) == 1)
		wrong = "the certificate is revoked";
	ERR_clear_error();
	attest_check(links, !wrong, "revocation",
		     "'%s' against the CRL of '%s', %s to %s, at %s%s%s",
		     name_of(X509_get_subject_name(cert), subject, sizeof(subject)),
		     name_of(X509_CRL_get_issuer(crl), from, sizeof(from)),
		     asn1_time_of(X509_CRL_get0_lastUpdate(crl), last),
		     asn1_time_of(X509_CRL_get0_nextUpdate(crl), next), time_of(time, at),
		     wrong ? ": " : "", wrong ? wrong : "");
}

/* Each CRL that was supplied, or NULL where there is none or it can't be read. */
struct crls {
	X509_CRL *crl[ATTEST_MAX_CRLS];
	bool used[ATTEST_MAX_CRLS];
};

static void check_certificate(struct crls *crls, const struct chain *chain, int depth, time_t time,
			      struct attest_links *links)
{
	X509 *cert = chain->cert[depth], *issuer = chain->cert[depth + 1];
	char subject[96], from[96];
	bool any = false;

	for (int i = 0; i < ATTEST_MAX_CRLS; i++) {
		if (!crls->crl[i] ||
		    X509_NAME_cmp(X509_CRL_get_issuer(crls->crl[i]), X509_get_issuer_name(cert)))
			continue;
		check_one(crls->crl[i], cert, issuer, time, links);
		crls->used[i] = any = true;
	}
	if (!any)
		attest_add(links, ATTEST_NOT_CHECKED, "revocation",
			   "'%s': no CRL of '%s' supplied (--crl FILE)",
			   name_of(X509_get_subject_name(cert), subject, sizeof(subject)),
			   name_of(X509_get_issuer_name(cert), from, sizeof(from)));
}

void check_revocation(const struct attest_options *options, const struct chain *chain,
		      struct attest_links *links)
{
	struct crls crls = { 0 };
	char from[96];

	for (int i = 0; i < ATTEST_MAX_CRLS && options->crl[i].bytes; i++) {
		crls.crl[i] = crl_read(options->crl[i]);
		if (!crls.crl[i])
			attest_check(links, false, "revocation", "CRL %d can't be read", i + 1);
	}
	for (int i = 0; i + 1 < chain->count; i++)
		check_certificate(&crls, chain, i, options->time, links);
	for (int i = 0; i < ATTEST_MAX_CRLS; i++) {
		if (crls.crl[i] && !crls.used[i])
			attest_add(links, ATTEST_NOTE, "revocation",
				   "the CRL of '%s' concerns no certificate of this chain",
				   name_of(X509_CRL_get_issuer(crls.crl[i]), from, sizeof(from)));
		X509_CRL_free(crls.crl[i]);
	}
}
