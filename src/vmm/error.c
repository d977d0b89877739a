// SPDX-License-Identifier: MIT
/*
 * Fills the error that the VMM returns.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "seamless/lp.h"
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

int vmm_fail_call(struct vmm_error *err, const char *call, tdx_status_t status)
{
	char reason[256];

	if (!err)
		return -1;
	if (seamless_reason(reason, sizeof(reason)))
		vmm_fail(err, "%s", reason);
	else
		vmm_fail(err, "%s: 0x%" PRIx64, call, status.value);
	err->status = status.value;
	return -1;
}
