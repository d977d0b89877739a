// SPDX-License-Identifier: MIT
/*
 * What the parsers of src/formats/ say when they run inside the TD: the field alone, for there is
 * no printf here. The VMM, which parsed the same bytes, has said the rest.
 */
#include <stddef.h>

#include "formats/error.h"

int format_fail(struct format_error *err, uint64_t offset, const char *field, uint64_t value,
		const char *reason, ...)
{
	size_t n = 0;

	(void)reason;
	if (!err)
		return -1;
	err->offset = offset;
	err->value = value;
	for (; field[n] && n < sizeof(err->field) - 1; n++)
		err->field[n] = err->text[n] = field[n];
	err->field[n] = err->text[n] = 0;
	return -1;
}
