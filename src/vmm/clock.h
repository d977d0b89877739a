/* SPDX-License-Identifier: MIT */
/*
 * Time in a TD. It is counted in ticks of the TD's own TSC, of which one is a nanosecond: every TD
 * of this VMM is created with a TSC of 1 GHz, whatever the processor's runs at.
 */
#ifndef VMM_CLOCK_H
#define VMM_CLOCK_H

#include <stdint.h>

#include "vmm/td.h"

#define CLOCK_NEVER UINT64_MAX
#define CLOCK_MS    1000000ull

struct vmm_clock {
	struct seamless_machine *machine;
	uint64_t multiplier, offset; /* TDCS.TSC_MULTIPLIER (48 fraction bits) and TSC_OFFSET */
};

/* Reads how the TD's TSC follows from the processor's. Returns 0, or -1 with *err. */
int clock_init(struct vmm_clock *clock, struct vmm_td *td, struct vmm_error *err);

/* What RDTSC gives in the TD now. */
uint64_t clock_now(const struct vmm_clock *clock);

/* Lets the time of a machine that counts it pass up to `until`, of the TD's time. */
void clock_advance(const struct vmm_clock *clock, uint64_t until);

#endif
