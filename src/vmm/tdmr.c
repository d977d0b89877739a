// SPDX-License-Identifier: MIT
/*
 * Plans the TDMRs. Three steps: cover all convertible memory by 1 GiB multiples; cut each one's
 * PAMTs out of convertible memory; what of a TDMR is then neither convertible nor free is a
 * reserved area.
 */
#include <inttypes.h>
#include <string.h>

#include "vmm/tdmr.h"

static int cover(struct tdmr_plan *plan, struct vmm_range cmr, const struct tdmr_limits *limits,
		 struct vmm_error *err)
{
	uint64_t base = align_down(cmr.base, VMM_1G), end = align_up(range_end(cmr), VMM_1G);
	struct tdmr_info *last = plan->count ? &plan->tdmr[plan->count - 1] : NULL;

	if (last && base < last->base + last->size) {
		if (end > last->base + last->size)
			last->size = end - last->base;
		return 0;
	}
	if (plan->count == TDMR_MAX || plan->count == limits->max_tdmrs)
		return vmm_fail(err, "memory is in too many pieces: the module takes %u TDMRs",
				limits->max_tdmrs);
	plan->tdmr[plan->count++] = (struct tdmr_info){ .base = base, .size = end - base };
	return 0;
}

static int add_usable(struct tdmr_plan *plan, struct vmm_range cmr, struct vmm_error *err)
{
	if (plan->usable_count == sizeof(plan->usable) / sizeof(plan->usable[0]))
		return vmm_fail(err, "memory is in too many pieces");
	plan->usable[plan->usable_count++] = cmr;
	return 0;
}

/* From the end of the last usable range below `below` that is large enough. */
static uint64_t cut(struct tdmr_plan *plan, uint64_t size, uint64_t below)
{
	for (size_t i = plan->usable_count; i-- > 0;) {
		struct vmm_range *r = &plan->usable[i];

		if (r->base >= below || r->size < size)
			continue;
		r->size -= size;
		return range_end(*r);
	}
	return 0;
}

static uint64_t pamt_size(const struct tdmr_info *tdmr, uint64_t unit, uint16_t entry)
{
	return align_up(tdmr->size / unit * entry, VMM_4K);
}

static int place_pamts(struct tdmr_plan *plan, struct tdmr_info *tdmr,
		       const struct tdmr_limits *limits, struct vmm_error *err)
{
	uint64_t base;

	tdmr->pamt_1g_size = pamt_size(tdmr, VMM_1G, limits->pamt_1g_entry);
	tdmr->pamt_2m_size = pamt_size(tdmr, VMM_2M, limits->pamt_2m_entry);
	tdmr->pamt_4k_size = pamt_size(tdmr, VMM_4K, limits->pamt_4k_entry);
	base = cut(plan, tdmr->pamt_1g_size + tdmr->pamt_2m_size + tdmr->pamt_4k_size,
		   tdmr->base + tdmr->size);
	if (!base)
		return vmm_fail(err, "no room for the PAMTs of the TDMR at 0x%" PRIx64, tdmr->base);
	tdmr->pamt_4k_base = base;
	tdmr->pamt_2m_base = base + tdmr->pamt_4k_size;
	tdmr->pamt_1g_base = tdmr->pamt_2m_base + tdmr->pamt_2m_size;
	return 0;
}

struct reserving {
	struct tdmr_info *tdmr;
	size_t areas;
	size_t limit;
	uint64_t at; /* everything of the TDMR below this address is settled */
};

static int reserve_to(struct reserving *r, uint64_t address, struct vmm_error *err)
{
	if (address <= r->at)
		return 0;
	if (r->areas == r->limit)
		return vmm_fail(
			err, "the TDMR at 0x%" PRIx64 " has too many holes: the module takes %zu",
			r->tdmr->base, r->limit);
	r->tdmr->reserved[r->areas].offset = r->at - r->tdmr->base;
	r->tdmr->reserved[r->areas].size = address - r->at;
	r->areas++;
	return 0;
}

static int reserve_rest(struct tdmr_plan *plan, struct tdmr_info *tdmr,
			const struct tdmr_limits *limits, struct vmm_error *err)
{
	struct reserving r = { .tdmr = tdmr, .limit = limits->max_reserved, .at = tdmr->base };
	struct vmm_range whole = { tdmr->base, tdmr->size };

	if (r.limit > TDMR_RESERVED)
		r.limit = TDMR_RESERVED;
	for (size_t i = 0; i < plan->usable_count; i++) {
		struct vmm_range u = plan->usable[i];

		if (!range_overlaps(whole, u))
			continue;
		if (reserve_to(&r, u.base, err))
			return -1;
		r.at = range_end(u);
	}
	return reserve_to(&r, range_end(whole), err);
}

int tdmr_make_plan(struct tdmr_plan *plan, const struct vmm_range *cmr, size_t count,
		   const struct tdmr_limits *limits, struct vmm_error *err)
{
	memset(plan, 0, sizeof(*plan));
	for (size_t i = 0; i < count; i++) {
		if (cmr[i].size &&
		    (cover(plan, cmr[i], limits, err) || add_usable(plan, cmr[i], err)))
			return -1;
	}
	if (!plan->count)
		return vmm_fail(err, "the machine has no convertible memory");
	for (size_t i = 0; i < plan->count; i++) {
		if (place_pamts(plan, &plan->tdmr[i], limits, err))
			return -1;
	}
	for (size_t i = 0; i < plan->count; i++) {
		if (reserve_rest(plan, &plan->tdmr[i], limits, err))
			return -1;
	}
	return 0;
}
