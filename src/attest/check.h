/* SPDX-License-Identifier: MIT */
/*
 * The parts of a verification, for attest/verify.c.
 */
#ifndef ATTEST_CHECK_H
#define ATTEST_CHECK_H

#include "attest/chain.h"
#include "attest/verify.h"

/* Of a report that is parsed into result->report. */
void check_report(const struct attest_options *options, const uint8_t *bytes,
		  struct attest_result *result);
/* Of a quote that is parsed into result->quote. */
void check_quote(const struct attest_options *options, struct attest_result *result);

/* Replays a log; compares with rtmr[0..3] unless NULL. */
void check_eventlog(struct attest_blob log, const uint8_t (*rtmr)[48],
		    struct attest_result *result);

/* Revocation of each certificate of the chain but its root. */
void check_revocation(const struct attest_options *options, const struct chain *chain,
		      struct attest_links *links);

/* TCB info and QE identity against a quote; each says that it was not checked when it was not
 * supplied. */
void check_collateral(const struct attest_options *options, const struct chain *chain,
		      const struct quote *quote, struct attest_links *links);

/* REPORTDATA, MRTD and RTMRs against what the caller expects of them. */
void check_expected(const struct attest_options *options, const uint8_t reportdata[64],
		    const struct tdinfo *td, struct attest_links *links);

/* Notes on TD attributes and XFAM: what a relying party looks at first. */
void check_td(const struct tdinfo *td, struct attest_links *links);

#endif
