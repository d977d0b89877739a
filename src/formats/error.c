// SPDX-License-Identifier: MIT
/*
 * Fills the error that a parser returns.
 */
#include <stdarg.h>
#include <stdio.h>

#include "formats/error.h"

int format_fail(struct format_error *err, uint64_t offset, const char *field, uint64_t value,
		const char *reason, ...)
{
	va_list ap;
	int n;

	if (!err)
		return -1;
	err->offset = offset;
	err->value = value;
	snprintf(err->field, sizeof(err->field), "%s", field);
	n = snprintf(err->text, sizeof(err->text),
		     "offset 0x%llx: %s is 0x%llx: ", (unsigned long long)offset, err->field,
		     (unsigned long long)value);
	if (n < 0 || (size_t)n >= sizeof(err->text))
		return -1;
	va_start(ap, reason);
	vsnprintf(err->text + n, sizeof(err->text) - (size_t)n, reason, ap);
	va_end(ap);
	return -1;
}
