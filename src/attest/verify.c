// SPDX-License-Identifier: MIT
/*
 * Finds out what a file is and runs the checks of its kind.
 */
#include <string.h>

#include "attest/check.h"
#include "formats/bytes.h"

/* The smallest thing that could have been meant as a quote. */
#define QUOTE_MIN_SIZE (QUOTE_HEADER_SIZE + QUOTE_BODY_1_0_SIZE)

/* A broken file is named by what it looks most like, so that the parser can say what is broken. */
static enum attest_kind recognize(const uint8_t *bytes, size_t size)
{
	if (quote_recognize(bytes, size))
		return ATTEST_QUOTE;
	if (eventlog_recognize(bytes, size))
		return ATTEST_EVENTLOG;
	if (size == CCEL_SIZE || (size >= 4 && !memcmp(bytes, "CCEL", 4)))
		return ATTEST_CCEL;
	if (size == TDREPORT_SIZE || (size && bytes[0] == TDREPORT_TYPE_TDX))
		return ATTEST_TDREPORT;
	if (size >= QUOTE_MIN_SIZE && get_le16(bytes) >= 3 && get_le16(bytes) <= 5)
		return ATTEST_QUOTE;
	return ATTEST_UNKNOWN;
}

static void verify_report(const uint8_t *bytes, size_t size, const struct attest_options *options,
			  struct attest_result *result)
{
	struct format_error err;

	if (tdreport_parse(&result->report, bytes, size, &err)) {
		attest_check(&result->links, false, "structure", "TDREPORT, %s", err.text);
		return;
	}
	check_report(options, bytes, result);
	check_expected(options, result->report.reportdata, &result->report.td, &result->links);
	if (options->log.bytes)
		check_eventlog(options->log, result->report.td.rtmr, result);
}

static void verify_quote(const uint8_t *bytes, size_t size, const struct attest_options *options,
			 struct attest_result *result)
{
	struct format_error err;

	if (quote_parse(&result->quote, bytes, size, &err)) {
		attest_check(&result->links, false, "structure", "quote, %s", err.text);
		return;
	}
	check_quote(options, result);
	check_expected(options, result->quote.reportdata, &result->quote.td, &result->links);
	if (options->log.bytes)
		check_eventlog(options->log, result->quote.td.rtmr, result);
}

static void verify_ccel(const uint8_t *bytes, size_t size, const struct attest_options *options,
			struct attest_result *result)
{
	struct format_error err;

	if (ccel_parse(&result->ccel, bytes, size, &err)) {
		attest_check(&result->links, false, "structure", "CCEL table, %s", err.text);
		return;
	}
	attest_check(&result->links, true, "structure",
		     "CCEL table: log area of 0x%llx bytes at 0x%llx",
		     (unsigned long long)result->ccel.log_size,
		     (unsigned long long)result->ccel.log_gpa);
	if (options->log.bytes)
		check_eventlog(options->log, NULL, result);
}

#define OF(kind) (1u << (kind))
#define TD	 (OF(ATTEST_TDREPORT) | OF(ATTEST_QUOTE))

/* What may be given besides the file, and the kinds of file that it concerns. */
static const struct {
	const char *option;
	size_t at; /* in struct attest_options */
	unsigned kinds;
	bool expects; /* it says what must be: a file that can't show it does not hold */
} supplied[] = {
	{ "--nonce", offsetof(struct attest_options, nonce), TD, true },
	{ "--mrtd", offsetof(struct attest_options, mrtd), TD, true },
	{ "--log", offsetof(struct attest_options, log), TD | OF(ATTEST_CCEL), true },
	{ "--mac-key", offsetof(struct attest_options, mac_key), OF(ATTEST_TDREPORT), true },
	{ "--root", offsetof(struct attest_options, root), OF(ATTEST_QUOTE), false },
	{ "--crl", offsetof(struct attest_options, crl), OF(ATTEST_QUOTE), false },
	{ "--tcb", offsetof(struct attest_options, tcb), OF(ATTEST_QUOTE), false },
	{ "--qe-identity", offsetof(struct attest_options, qe_identity), OF(ATTEST_QUOTE), false },
	{ "--tcb-chain", offsetof(struct attest_options, tcb_chain), OF(ATTEST_QUOTE), false },
};

/* What was supplied and has nothing to be compared with is not passed over in silence. */
static void check_supplied(const struct attest_options *options, struct attest_result *result)
{
	static const char *const kinds[] = { "a file of unknown kind", "a TDREPORT", "a quote",
					     "an event log", "a CCEL table" };

	for (size_t i = 0; i < sizeof(supplied) / sizeof(supplied[0]); i++) {
		const struct attest_blob *blob =
			(const void *)((const char *)options + supplied[i].at);

		if (blob->bytes && !(supplied[i].kinds & OF(result->kind)))
			attest_add(&result->links, supplied[i].expects ? ATTEST_FAILS : ATTEST_NOTE,
				   supplied[i].option, "%s has nothing to compare it with",
				   kinds[result->kind]);
	}
}

void attest_verify(const void *bytes, size_t size, const struct attest_options *options,
		   struct attest_result *result)
{
	memset(result, 0, sizeof(*result));
	result->kind = recognize(bytes, size);
	switch (result->kind) {
	case ATTEST_TDREPORT: verify_report(bytes, size, options, result); break;
	case ATTEST_QUOTE: verify_quote(bytes, size, options, result); break;
	case ATTEST_EVENTLOG:
		check_eventlog((struct attest_blob){ bytes, size }, NULL, result);
		break;
	case ATTEST_CCEL: verify_ccel(bytes, size, options, result); break;
	case ATTEST_UNKNOWN:
		attest_check(&result->links, false, "kind",
			     "%zu bytes: not a TDREPORT (1024 bytes, first byte 0x81), a TD quote "
			     "(version 4 or 5, TEE type 0x81), an event log or a CCEL table",
			     size);
	}
	check_supplied(options, result);
}
