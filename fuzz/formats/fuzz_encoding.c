// SPDX-License-Identifier: MIT
/*
 * Hex and base64: what is decoded is shorter than its text, what is not stays as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/encoding.h"
#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	size_t decoded = size;

	HOLDS(copy);
	memcpy(copy, data, size);
	switch (encoding_decode(copy, &decoded)) {
	case ENCODING_NONE: HOLDS(decoded == size && !memcmp(copy, data, size)); break;
	case ENCODING_HEX: HOLDS(decoded >= 32 && decoded <= size / 2); break;
	case ENCODING_BASE64: HOLDS(decoded >= 48 && decoded <= size / 4 * 3 + 2); break;
	}
	free(copy);
	return 0;
}
