// SPDX-License-Identifier: MIT
/*
 * bzImage: the parts that the parser names lie in the file.
 */
#include "formats/bzimage.h"
#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct format_error err = { .text = "" };
	struct bzimage bz;

	if (bzimage_parse(&bz, data, size, &err)) {
		HOLDS(err.text[0]);
		return 0;
	}
	touch(data + BZIMAGE_HEADER, bz.header_size);
	touch(data + bz.kernel, bz.kernel_size);
	HOLDS(bz.kernel_size > BZIMAGE_ENTRY_64 && bz.init_size >= bz.kernel_size);
	return 0;
}
