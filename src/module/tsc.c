// SPDX-License-Identifier: MIT
/*
 * Virtual time stamp counter.
 */
#include "module/tsc.h"
#include "module/state.h"
#include "platform/platform.h"

#define UNIT_HZ 25000000ull
#define FRACTION_BITS 48

static uint64_t scale(uint64_t native, uint64_t multiplier)
{
	return (uint64_t)((unsigned __int128)native * multiplier >> FRACTION_BITS);
}

void tsc_start(struct call *c, const struct td *td, uint64_t now)
{
	struct tdcs *t = td->tdcs;
	unsigned __int128 hz = (unsigned __int128)(t->tsc_frequency * UNIT_HZ) << FRACTION_BITS;

	t->tsc_multiplier = (uint64_t)(hz / c->m->tsc_hz);
	t->tsc_offset = now - scale(platform_rdtsc(c->m->plat), t->tsc_multiplier);
}

uint64_t tsc_virtual(const struct td *td, uint64_t native)
{
	return scale(native, td->tdcs->tsc_multiplier) + td->tdcs->tsc_offset;
}

bool tsc_native(const struct td *td, uint64_t virt, uint64_t *native)
{
	uint64_t distance = virt - td->tdcs->tsc_offset;

	if (distance >> 16 >= td->tdcs->tsc_multiplier)
		return false;
	*native = (uint64_t)(((unsigned __int128)distance << FRACTION_BITS) / td->tdcs->tsc_multiplier);
	return true;
}
