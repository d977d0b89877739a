// SPDX-License-Identifier: MIT
/*
 * Quotes: every part that the parser names lies in the file.
 */
#include "formats/quote.h"
#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct format_error err = { .text = "" };
	struct quote q;

	if (quote_parse(&q, data, size, &err)) {
		HOLDS(err.text[0]);
		return 0;
	}
	HOLDS(quote_recognize(data, size) && q.size + q.trailing == size);
	touch(q.signed_part, q.signed_size);
	touch(q.signature, QUOTE_SIGNATURE_SIZE);
	touch(q.key, QUOTE_KEY_SIZE);
	touch(q.qe_bytes, QUOTE_QE_REPORT_SIZE);
	touch(q.qe_signature, QUOTE_SIGNATURE_SIZE);
	touch(q.qe_auth, q.qe_auth_size);
	touch(q.cert, q.cert_size);
	return 0;
}
