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
#define TDINFO_IGNORE_ATTRIBUTES (1u << 0)
#define TDINFO_IGNORE_XFAM (1u << 1)
#define TDINFO_IGNORE_MRTD (1u << 2)
#define TDINFO_IGNORE_MRCONFIGID (1u << 3)
#define TDINFO_IGNORE_MROWNER (1u << 4)
#define TDINFO_IGNORE_MROWNERCONFIG (1u << 5)
#define TDINFO_IGNORE_RTMR(i) (1u << (6 + (i)))
#define TDINFO_IGNORE_SERVTD_HASH (1u << 10)

/*
 * Fills @info without the fields in @ignore, and @hash with its SHA-384 (TEE_INFO_HASH). The RTMR lock is the
 * caller's, shared. The hash of the complete structure is kept in the TDCS until an RTMR changes. False: no memory.
 */
bool tdinfo_fill(struct tdcs *tdcs, unsigned ignore, struct tdinfo *info, uint8_t hash[48]);

#endif
