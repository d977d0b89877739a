/* SPDX-License-Identifier: MIT */
/*
 * TDINFO, what a TD reports of itself.
 */
#ifndef SEAMLESS_MODULE_REPORT_H
#define SEAMLESS_MODULE_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include "module/td.h"

/* IGNORE_TDINFO: fields that read zero in a service TD's binding to this TD. */
#define TDINFO_IGNORE_RTMR(i) (1u << (6 + (i)))

/*
 * Fills @info without the fields in @ignore, and @hash with its SHA-384 (TEE_INFO_HASH). The RTMR lock is the
 * caller's, shared. The hash of the complete structure is kept in the TDCS until an RTMR changes. False: no memory.
 */
bool tdinfo_fill(struct tdcs *tdcs, unsigned ignore, struct tdinfo *info, uint8_t hash[48]);

#endif
