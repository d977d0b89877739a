// SPDX-License-Identifier: MIT
/*
 * The TD's TSC as the host computes it.
 */
#include "tdx/tdx.h"
#include "vmm/clock.h"
#include "vmm/td_internal.h"

#define FRACTION_BITS 48

int clock_init(struct vmm_clock *clock, struct vmm_td *td, struct vmm_error *err)
{
	if (td_read_field(td, TDX_MD_TD_TSC_MULTIPLIER, &clock->multiplier, err) ||
	    td_read_field(td, TDX_MD_TD_TSC_OFFSET, &clock->offset, err))
		return -1;
	clock->machine = td->host->machine;
	return 0;
}

uint64_t clock_now(const struct vmm_clock *clock)
{
	uint64_t native = seamless_tsc(clock->machine);

	return (uint64_t)((unsigned __int128)native * clock->multiplier >> FRACTION_BITS) +
	       clock->offset;
}

void clock_advance(const struct vmm_clock *clock, uint64_t until)
{
	uint64_t now = clock_now(clock), unit = 1ull << FRACTION_BITS;

	if (until > now)
		seamless_advance_tsc(clock->machine,
				     (uint64_t)(((unsigned __int128)(until - now) * unit +
						 clock->multiplier - 1) /
						clock->multiplier));
}
