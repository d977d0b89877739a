// SPDX-License-Identifier: MIT
/*
 * The hypervisor's pages.
 */
#include "hv.h"

#include <string.h>

uint64_t hv_take(struct hv_pool *pool)
{
	return pool->smalls ? pool->small[--pool->smalls] : HV_NO_PAGE;
}

uint64_t hv_take_large(struct hv_pool *pool)
{
	return pool->larges ? pool->large[--pool->larges] : HV_NO_PAGE;
}

void hv_give(struct hv_pool *pool, uint64_t pa)
{
	memset(host_ptr(pa, HV_PAGE), 0, HV_PAGE);
	pool->small[pool->smalls++] = pa;
}

void hv_give_large(struct hv_pool *pool, uint64_t pa)
{
	memset(host_ptr(pa, HV_LARGE_PAGE), 0, HV_LARGE_PAGE);
	pool->large[pool->larges++] = pa;
}

unsigned hv_count(const struct hv_pool *pool)
{
	return pool->smalls + HV_PER_LARGE * pool->larges;
}
