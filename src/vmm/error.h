/* SPDX-License-Identifier: MIT */
/*
 * How the VMM says what went wrong: one line for a person, and the status when a call of the module
 * failed.
 */
#ifndef VMM_ERROR_H
#define VMM_ERROR_H

#include <stdint.h>

#include "tdx/types.h"

struct vmm_error {
	uint64_t status; /* of the TDH.* call that failed; 0 when it was something else */
	char text[400];
};

/* Fills *err (may be NULL) with a line. Returns -1, so that a check reads `return vmm_fail(...)`.
 */
int vmm_fail(struct vmm_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Fills *err for a call of the module that returned a status other than the one wanted: its name,
 * the status by name, and the module's own reason where there is one. Returns -1.
 */
int vmm_fail_call(struct vmm_error *err, const char *call, tdx_status_t status);

#endif
