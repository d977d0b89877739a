// SPDX-License-Identifier: MIT
/*
 * The RTMRs of a measured direct boot.
 */
#include <string.h>

#include "attest/boot.h"
#include "attest/digest.h"

bool boot_predict(const struct vmm_image *image, uint8_t rtmr[4][BOOT_DIGEST_SIZE])
{
	uint8_t digest[BOOT_DIGEST_SIZE];
	const void *bytes;
	size_t size;

	memset(rtmr, 0, 4 * sizeof(rtmr[0]));
	for (int i = 0; i < BOOT_ITEMS; i++) {
		uint8_t *into = rtmr[boot_event((enum boot_item)i)->rtmr];

		if (image_boot_item(image, (enum boot_item)i, &bytes, &size) &&
		    (!digest_sha384(bytes, size, digest) || !digest_extend(into, digest, into)))
			return false;
	}
	return true;
}
