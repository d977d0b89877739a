/* SPDX-License-Identifier: MIT */
/*
 * Ranges of addresses, guest-physical or host-physical, as [base, base + size).
 */
#ifndef VMM_RANGE_H
#define VMM_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#define VMM_4K 0x1000ull
#define VMM_2M 0x200000ull
#define VMM_1G 0x40000000ull
#define VMM_4G 0x100000000ull

struct vmm_range {
	uint64_t base;
	uint64_t size;
};

static inline uint64_t range_end(struct vmm_range r)
{
	return r.base + r.size;
}

/* Is [base, base + size) inside r? The sum may wrap in the operands of a hostile guest. */
static inline bool range_holds(struct vmm_range r, uint64_t base, uint64_t size)
{
	return base >= r.base && base - r.base <= r.size && size <= r.size - (base - r.base);
}

static inline bool range_overlaps(struct vmm_range a, struct vmm_range b)
{
	return a.base < range_end(b) && b.base < range_end(a);
}

static inline uint64_t align_down(uint64_t value, uint64_t unit)
{
	return value & ~(unit - 1);
}

static inline uint64_t align_up(uint64_t value, uint64_t unit)
{
	return align_down(value + unit - 1, unit);
}

#endif
