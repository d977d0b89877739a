// SPDX-License-Identifier: MIT
/*
 * The verifier: an input is any file that `seamless verify` takes, as the thing examined and as
 * each kind of collateral. Nothing that nobody signed may verify up to Intel's root.
 *
 * The first byte says which: 0 the file itself, else one kind of collateral to a quote made here.
 */
#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "attest/verify.h"

#define NOW ((time_t)1750000000)

static struct attest_result result;

/* Collateral is judged against any well-formed quote; this one has empty signatures and no
 * certificates. */
static size_t hollow_quote(uint8_t *bytes, size_t size, const uint8_t *cert, size_t cert_size)
{
	static const uint8_t zero[QUOTE_QE_REPORT_SIZE];
	struct quote q = { .version = 5,
			   .key_type = QUOTE_KEY_ECDSA_P256,
			   .tee_type = QUOTE_TEE_TDX,
			   .signature = zero,
			   .key = zero,
			   .qe_bytes = zero,
			   .qe_signature = zero,
			   .qe_auth = zero,
			   .cert = cert,
			   .cert_size = cert_size };

	q.signed_size = quote_write_body(&q, bytes, size);
	return quote_write_signature(&q, bytes, size);
}

static void verify_with(uint8_t what, struct attest_blob blob)
{
	static uint8_t quote[20000];
	struct attest_options options = { .time = NOW };
	bool chain = what == 1;
	size_t size = hollow_quote(quote, sizeof(quote), chain ? blob.bytes : quote,
				   chain ? blob.size : 0);

	switch (what) {
	case 2: options.crl[0] = blob; break;
	case 3: options.tcb = blob; break;
	case 4: options.qe_identity = blob; break;
	case 5:
		options.tcb_chain = blob;
		options.tcb = (struct attest_blob){ "{\"tcbInfo\":{}}", 14 };
		break;
	case 6: options.root = blob; break;
	case 7: options.log = blob; break;
	default: break;
	}
	attest_verify(quote, size, &options, &result);
	HOLDS(attest_count(&result.links, ATTEST_FAILS));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_options options = { .time = NOW };

	if (!size)
		return 0;
	if (data[0]) {
		verify_with(data[0] & 7, (struct attest_blob){ data + 1, size - 1 });
		return 0;
	}
	attest_verify(data + 1, size - 1, &options, &result);
	HOLDS(result.links.count && result.links.count <= ATTEST_MAX_LINKS);
	return 0;
}
