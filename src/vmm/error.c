// SPDX-License-Identifier: MIT
/*
 * Fills the error that the VMM returns.
 */
#include <stdarg.h>
#include <stdio.h>

#include "vmm/error.h"

int vmm_fail(struct vmm_error *err, const char *format, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->status = 0;
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return -1;
}
