// SPDX-License-Identifier: MIT
/*
 * The RTMRs of a measured direct boot.
 */
#include <string.h>

#include "attest/boot.h"
#include "attest/digest.h"

bool boot_predict(const struct attest_blob item[BOOT_ITEMS], uint8_t rtmr[4][48])
{
	uint8_t digest[BOOT_DIGEST_SIZE];

	memset(rtmr, 0, 4 * sizeof(rtmr[0]));
	for (int i = 0; i < BOOT_ITEMS; i++) {
		uint8_t *into = rtmr[boot_event((enum boot_item)i)->rtmr];

		if (item[i].size && (!digest_sha384(item[i].bytes, item[i].size, digest) ||
				     !digest_extend(into, digest, into)))
			return false;
	}
	return true;
}
