/* SPDX-License-Identifier: MIT */
/*
 * The measurement of a TD while it is built: a SHA-384 whose running context lies in the TDCS.
 */
#ifndef SEAMLESS_MODULE_MEASURE_H
#define SEAMLESS_MODULE_MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include "module/td.h"

void mrtd_init(const struct module *m, const struct td *td);
#define MRTD_NAME 16u
/* One 128-byte record, the name of the leaf (zero padded) and a GPA, and then @len bytes of content, 256 or none. */
void mrtd_extend(const struct module *m, const struct td *td, const char name[MRTD_NAME], uint64_t gpa,
		 const void *chunk, size_t len);
/* Ends the measurement: MRTD holds the hash. */
void mrtd_final(const struct module *m, const struct td *td);

#endif
