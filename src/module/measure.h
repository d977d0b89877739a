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
#define MRTD_RECORD 128u
/* One record, @name (zero padded) with a GPA at byte 16, and then @len bytes of content, 256 or none. */
void mrtd_extend(const struct module *m, const struct td *td, const char name[MRTD_RECORD], uint64_t gpa,
		 const void *chunk, size_t len);
/* Ends the measurement: MRTD holds the hash. */
void mrtd_final(const struct module *m, const struct td *td);

#endif
