/* SPDX-License-Identifier: MIT */
/*
 * What TDH.SYS.SHUTDOWN leaves in the platform's handoff area for TDH.SYS.UPDATE of the next module: everything of
 * the module's own memory that TDs depend on.
 */
#ifndef SEAMLESS_MODULE_HANDOFF_H
#define SEAMLESS_MODULE_HANDOFF_H

#include "module/state.h"

#define HANDOFF_VERSION 0u
#define HANDOFF_BYTES 53386u /* that Intel's module 1.5.01 says its data has */

struct handoff {
	uint8_t valid; /* the first eight bytes are as HANDOFF_DATA_* of the metadata reads them */
	uint8_t reserved;
	uint16_t version;
	uint32_t size;
	uint64_t magic;
	uint32_t num_tdmrs, global_hkid;
	uint64_t global_key_pkgs;
	struct tdmr tdmr[MAX_TDMRS];
	struct wbcache wbcache[MAX_PKGS];
	struct kot_entry kot[]; /* as many as the module has key ids at most */
};

/* The handoff area, NULL if it is too small; and the data that a module before this one left, NULL without valid data. */
struct handoff *handoff_area(const struct module *m);
const struct handoff *handoff_data(const struct module *m);

#endif
