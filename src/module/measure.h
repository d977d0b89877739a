/* SPDX-License-Identifier: MIT */
/*
 * The measurement of a TD while it is built: a SHA-384 whose running context lies in the TDCS.
 */
#ifndef SEAMLESS_MODULE_MEASURE_H
#define SEAMLESS_MODULE_MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include "module/td.h"

void mrtd_init(struct tdcs *tdcs);
#define MRTD_CHUNK_MAX 256u
/* One 128-byte record, the name of the leaf and a GPA, and then @len bytes of content (at most MRTD_CHUNK_MAX). */
void mrtd_extend(struct tdcs *tdcs, const char *leaf, uint64_t gpa, const void *chunk, size_t len);
/* Ends the measurement: MRTD holds the hash. */
void mrtd_final(struct tdcs *tdcs);

#endif
