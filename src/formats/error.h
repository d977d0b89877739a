/* SPDX-License-Identifier: MIT */
/*
 * How a parser says what is wrong with a file: the place, the field, the value seen and what was
 * expected. Every parser of this folder returns 0, or -1 with *err filled. `err` may be NULL.
 */
#ifndef FORMATS_ERROR_H
#define FORMATS_ERROR_H

#include <stdint.h>

struct format_error {
	uint64_t offset; /* of the field from the start of the file */
	uint64_t value;	 /* what stands there */
	char field[48];	 /* its name as the specification writes it */
	char text[256];	 /* one line for a person, with all of the above */
};

/*
 * Fills *err: "offset 0x10: FIELD is 0x5: " and the reason. Returns -1, so that a check reads
 * `return format_fail(...)`.
 */
int format_fail(struct format_error *err, uint64_t offset, const char *field, uint64_t value,
		const char *reason, ...) __attribute__((format(printf, 5, 6)));

#endif
