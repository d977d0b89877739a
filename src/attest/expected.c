// SPDX-License-Identifier: MIT
/*
 * What the caller knows of a TD, against what its report or quote says.
 */
#include <string.h>

#include "attest/check.h"
#include "attest/digest.h"

static void check_value(struct attest_links *links, const char *name, const uint8_t *want,
			const uint8_t *got, size_t size)
{
	char want_hex[129], got_hex[129];

	hex_of(want, size, want_hex);
	hex_of(got, size, got_hex);
	if (!memcmp(want, got, size))
		attest_check(links, true, name, "as expected: %s", got_hex);
	else
		attest_check(links, false, name, "%s, but %s was expected", got_hex, want_hex);
}

static void check_nonce(struct attest_blob nonce, const uint8_t reportdata[64],
			struct attest_links *links)
{
	uint8_t want[64] = { 0 };

	if (nonce.size > sizeof(want)) {
		attest_check(links, false, "nonce", "%zu bytes; REPORTDATA has 64", nonce.size);
		return;
	}
	memcpy(want, nonce.bytes, nonce.size);
	check_value(links, "nonce", want, reportdata, sizeof(want));
}

void check_expected(const struct attest_options *options, const uint8_t reportdata[64],
		    const struct tdinfo *td, struct attest_links *links)
{
	static const char *const names[] = { "RTMR0 expected", "RTMR1 expected", "RTMR2 expected",
					     "RTMR3 expected" };

	if (options->nonce.bytes)
		check_nonce(options->nonce, reportdata, links);
	if (options->mrtd.bytes)
		check_value(links, "MRTD expected", options->mrtd.bytes, td->mrtd, 48);
	for (size_t i = 0; i < 4; i++) {
		if (options->rtmr[i].bytes)
			check_value(links, names[i], options->rtmr[i].bytes, td->rtmr[i], 48);
	}
}
