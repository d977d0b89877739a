/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share. A property that does not hold is a crash.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define HOLDS(property)                                                                            \
	do {                                                                                       \
		if (!(property))                                                                   \
			abort();                                                                   \
	} while (0)

/* Reads every byte of a part, so that a sanitizer sees one that is not there. */
static inline void touch(const uint8_t *p, size_t size)
{
	static volatile uint8_t sink;

	for (size_t i = 0; i < size; i++)
		sink = (uint8_t)(sink ^ p[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
