/* SPDX-License-Identifier: MIT */
/*
 * A certificate chain, leaf first, and its verification up to a trust anchor. Path rules and
 * signatures are libcrypto's X509_verify_cert(); here each certificate gets a link of its own.
 */
#ifndef ATTEST_CHAIN_H
#define ATTEST_CHAIN_H

#include <openssl/x509.h>

#include "attest/verify.h"

#define CHAIN_MAX 6

struct chain {
	int count;
	X509 *cert[CHAIN_MAX]; /* leaf first */
	bool read;	       /* every certificate in the bytes could be read */
	size_t stopped;	       /* else where in the file the next one was looked for */
};

/*
 * Reads PEM certificates that stand at `offset` of a file; bytes between and after them are
 * ignored, as in a quote's NUL.
 */
void chain_read(struct chain *chain, const void *pem, size_t size, size_t offset);

/* Reads one certificate, PEM or DER. */
X509 *certificate_read(struct attest_blob blob);

void chain_free(struct chain *chain);

/*
 * Adds a link per certificate (issued by the next one), one for the trust anchor, and one for the
 * validity of each at options->time. `what` names the leaf: "PCK certificate". True when all hold.
 */
bool chain_check(const struct chain *chain, const char *what, const struct attest_options *options,
		 struct attest_links *links);

/* Common name of a certificate's subject or of a CRL's issuer. Returns `text`. */
char *name_of(const X509_NAME *name, char *text, size_t size);

/* A time as "2024-01-31T12:00:00Z". */
char *asn1_time_of(const ASN1_TIME *time, char text[32]);
char *time_of(time_t time, char text[32]);

#endif
