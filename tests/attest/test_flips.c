// SPDX-License-Identifier: MIT
/*
 * Every single-bit flip of a valid quote must fail: of everything before the certificates in both
 * versions, and with the argument "chain" of every bit of the certificates too. In their PEM text a
 * flip may leave the decoded certificates as they are (the case of a line's end): only then may the
 * quote still hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/chain.h"
#include "support.h"

static struct attest_result result;

static bool holds(const struct test_quote *q)
{
	attest_verify(q->bytes, q->size, &q->options, &result);
	return !attest_count(&result.links, ATTEST_FAILS);
}

/* Flips each bit of [from, to); returns how many flips went unnoticed. */
static size_t flip_all(struct test_quote *q, size_t from, size_t to,
		       bool (*excused)(const struct test_quote *))
{
	size_t unnoticed = 0;

	for (size_t bit = from * 8; bit < to * 8; bit++) {
		q->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (holds(q) && !(excused && excused(q))) {
			printf("version %u: bit %zu of byte %zu can change unnoticed\n",
			       result.quote.version, bit % 8, bit / 8);
			unnoticed++;
		}
		q->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	return unnoticed;
}

static struct chain whole;

/* Do the certificates decode to what they were? */
static bool same_certificates(const struct test_quote *q)
{
	struct chain now;
	struct quote parts;
	bool same;

	if (quote_parse(&parts, q->bytes, q->size, NULL))
		return false;
	chain_read(&now, parts.cert, parts.cert_size, 0);
	same = now.count == whole.count;
	for (int i = 0; same && i < now.count; i++)
		same = !X509_cmp(now.cert[i], whole.cert[i]);
	chain_free(&now);
	return same;
}

static size_t flip_quote(unsigned int version, bool chain_too)
{
	struct test_quote *q = malloc(sizeof(*q));
	size_t unnoticed = 1, cert;

	if (!q || !make_quote(q, version) || !holds(q)) {
		printf("version %u: the quote does not hold to begin with\n", version);
		return unnoticed;
	}
	cert = (size_t)(result.quote.cert - q->bytes);
	if (chain_too) {
		chain_read(&whole, result.quote.cert, result.quote.cert_size, 0);
		unnoticed = flip_all(q, cert, q->size, same_certificates);
		chain_free(&whole);
	} else {
		unnoticed = flip_all(q, 0, cert, NULL);
	}
	printf("version %u: %zu bits flipped, %zu unnoticed\n", version,
	       8 * (chain_too ? q->size - cert : cert), unnoticed);
	free_quote(q);
	free(q);
	return unnoticed;
}

int main(int argc, char **argv)
{
	bool chain_too = argc > 1 && !strcmp(argv[1], "chain");
	size_t unnoticed = flip_quote(5, chain_too);

	if (!chain_too)
		unnoticed += flip_quote(4, false);
	return unnoticed ? 1 : 0;
}
