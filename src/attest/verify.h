/* SPDX-License-Identifier: MIT */
/*
 * Verifies a TDREPORT, a TD quote or an event log, link by link.
 *
 * A quote holds when its structure is right and every signature and hash in it verifies up to the
 * trust anchor: Intel's SGX Root CA, or the certificate given in `root`. Validity of certificates
 * is judged at `time`. What is not supplied is listed as not checked and does not fail. What is
 * supplied must hold.
 */
#ifndef ATTEST_VERIFY_H
#define ATTEST_VERIFY_H

#include <stdint.h>
#include <time.h>

#include "attest/result.h"
#include "formats/eventlog.h"
#include "formats/quote.h"
#include "formats/tdreport.h"

struct attest_blob {
	const void *bytes; /* NULL: not supplied */
	size_t size;
};

#define ATTEST_MAX_CRLS 8

struct attest_options {
	struct attest_blob root; /* trust anchor, a certificate in PEM or DER; else Intel's root */
	struct attest_blob crl[ATTEST_MAX_CRLS]; /* PEM or DER */
	struct attest_blob tcb;			 /* TCB info: JSON as Intel's PCS gives it */
	struct attest_blob qe_identity;		 /* QE identity: likewise */
	struct attest_blob tcb_chain; /* PEM: TCB signing certificate, root: who signed those two */
	struct attest_blob log;	      /* event log to replay against the RTMRs */
	struct attest_blob mac_key;   /* 32 bytes: the key that a TDREPORT's MAC must be of */
	struct attest_blob maybe_key; /* 32 bytes: of a software platform that may have made it */
	struct attest_blob nonce;     /* up to 64 bytes: REPORTDATA must be these, then zeros */
	struct attest_blob mrtd;      /* 48 bytes that MRTD must be */
	struct attest_blob rtmr[4];   /* and the RTMRs */
	time_t time;		      /* of judgement */
};

enum attest_kind {
	ATTEST_UNKNOWN,
	ATTEST_TDREPORT,
	ATTEST_QUOTE,
	ATTEST_EVENTLOG,
	ATTEST_CCEL, /* the ACPI table of an event log */
};

struct attest_result {
	enum attest_kind kind;
	struct attest_links links;
	struct tdreport report; /* of a TDREPORT */
	struct quote quote;	/* of a quote; points into the caller's bytes */
	struct ccel ccel;
	uint8_t replayed[4][48]; /* RTMRs that the event log gives, when there was one */
	uint32_t events;	 /* in that log */
};

/* Verifies a file of any kind. The verdict: attest_count(&result->links, ATTEST_FAILS) == 0. */
void attest_verify(const void *bytes, size_t size, const struct attest_options *options,
		   struct attest_result *result);

#endif
