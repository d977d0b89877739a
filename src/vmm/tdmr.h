/* SPDX-License-Identifier: MIT */
/*
 * Plans the TDMRs: the 1 GiB multiples of physical memory that TDs may use, each with its PAMTs and
 * the areas inside it that TDs may not use. Computation only; vmm/host.c hands the plan to
 * TDH.SYS.CONFIG.
 */
#ifndef VMM_TDMR_H
#define VMM_TDMR_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/error.h"
#include "vmm/range.h"

#define TDMR_MAX      64
#define TDMR_RESERVED 16

/*
 * TDMR_INFO as TDH.SYS.CONFIG reads it (320 bytes). Areas in rising order, of size 0 after the
 * last.
 */
struct tdmr_info {
	uint64_t base;
	uint64_t size;
	uint64_t pamt_1g_base;
	uint64_t pamt_1g_size;
	uint64_t pamt_2m_base;
	uint64_t pamt_2m_size;
	uint64_t pamt_4k_base;
	uint64_t pamt_4k_size;
	struct {
		uint64_t offset;
		uint64_t size;
	} reserved[TDMR_RESERVED];
};
_Static_assert(sizeof(struct tdmr_info) == 320, "TDMR_INFO has 320 bytes");

/* What TDH.SYS.RD says of the module. */
struct tdmr_limits {
	uint16_t max_tdmrs;
	uint16_t max_reserved; /* per TDMR */
	uint16_t pamt_4k_entry;
	uint16_t pamt_2m_entry;
	uint16_t pamt_1g_entry;
};

struct tdmr_plan {
	struct tdmr_info tdmr[TDMR_MAX];
	size_t count;
	struct vmm_range usable[TDMR_MAX * (TDMR_RESERVED +
					    1)]; /* memory that is left for the host and for TDs */
	size_t usable_count;
};

/*
 * `cmr`: the convertible memory ranges, in rising order, 4 KiB multiples. Each TDMR's PAMTs are cut
 * from the end of its last range that can hold them, or of the last range of an earlier TDMR.
 * Returns 0, or -1 with *err.
 */
int tdmr_make_plan(struct tdmr_plan *plan, const struct vmm_range *cmr, size_t count,
		   const struct tdmr_limits *limits, struct vmm_error *err);

#endif
