/* SPDX-License-Identifier: MIT */
/*
 * The measurement of a TD while it is built: a SHA-384 whose running context lies in the TDCS.
 */
#ifndef SEAMLESS_MODULE_MEASURE_H
#define SEAMLESS_MODULE_MEASURE_H

#include <stdint.h>
#include "module/td.h"

void mrtd_init(const struct module *m, const struct td *td);
#define MRTD_NAME 16u
#define MRTD_CHUNK 256u
/* One record of @name (zero padded) and a GPA, and then a chunk of content, if not NULL. */
void mrtd_extend(const struct module *m, const struct td *td, const char name[MRTD_NAME], uint64_t gpa,
		 const uint8_t *chunk);
/* Ends the measurement: MRTD holds the hash. */
void mrtd_final(const struct module *m, const struct td *td);

#endif
