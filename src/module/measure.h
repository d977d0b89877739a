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
/* One 128-byte record: the name of the leaf and a GPA. */
void mrtd_extend_gpa(struct tdcs *tdcs, const char *leaf, uint64_t gpa);
void mrtd_extend_bytes(struct tdcs *tdcs, const void *bytes, size_t len);
/* Ends the measurement: MRTD holds the hash. */
void mrtd_final(struct tdcs *tdcs);

#endif
