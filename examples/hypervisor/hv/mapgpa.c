// SPDX-License-Identifier: MIT
/*
 * TDG.VP.VMCALL<MapGPA>: memory of the TD becomes shared, or private again.
 *
 * To shared: pages are blocked, so that no new translation is made; one TDH.MEM.TRACK and a kick of
 * all vCPUs end the old ones; then the pages are removed, written back and replaced by shared ones.
 * A 2 MiB page of which only a part goes is split first. To private: the shared page goes away; the
 * private one comes when the guest accepts it.
 *
 * Each `#ifdef` plants a mistake, for the tests of the tests (README.md).
 */
#include "hv.h"

#define SHARED_EPT_EMPTY (1ull << 63) /* a violation comes to the hypervisor */
#define SHARED_EPT_PAGE	 (1ull << 63 | 6ull << 3 | 3)

#define INTERRUPTIONS 100u /* of one leaf, that it goes on after */
#define KICKS	      100u /* of vCPUs that one call waits for */

static tdx_gpa_t gpa_of(unsigned page)
{
	return tdx_gpa(page * HV_PAGE);
}

/* ---- calls ---- */

static int block(struct hv *hv, unsigned page, tdx_level_t level)
{
	struct tdx_sept_error ext;
#ifdef GIVES_UP_WHEN_BUSY
	tdx_status_t status = tdh_mem_range_block(gpa_of(page), level, hv->tdr, &ext);
#else
	tdx_status_t status = hv_again(tdh_mem_range_block(gpa_of(page), level, hv->tdr, &ext));
#endif

	return tdx_status_ok(status) ? 0 : -1;
}

static void kick(struct hv *hv)
{
#ifndef FORGETS_KICK
	hv_kick(hv);
#endif
	(void)hv;
}

/* A vCPU may still be in the guest with old translations. */
static bool untracked(tdx_status_t status)
{
	return tdx_status_is(status, TDX_TLB_TRACKING_NOT_DONE) ||
	       tdx_status_is(status, TDX_PREVIOUS_TLB_EPOCH_BUSY);
}

/* A call that wants the vCPUs to have left the guest: they are kicked until they have. */
#define after_kick(hv, call)                                                                       \
	__extension__({                                                                            \
		unsigned kicks = KICKS;                                                            \
		tdx_status_t kick_status = hv_again(call);                                         \
                                                                                                   \
		while (untracked(kick_status) && kicks--) {                                        \
			kick(hv);                                                                  \
			kick_status = hv_again(call);                                              \
		}                                                                                  \
		kick_status;                                                                       \
	})

static int flush_translations(struct hv *hv)
{
#ifndef FORGETS_TRACK
	tdx_status_t status = after_kick(hv, tdh_mem_track(hv->tdr));

	if (!tdx_status_ok(status))
		return -1;
#endif
	kick(hv);
	return 0;
}

/* Caches may hold lines of the page under the TD's key: they must not be written over the next
 * owner's. */
static int write_back(const struct hv *hv, uint64_t pa, uint64_t size)
{
#ifndef FORGETS_WBINVD
	const uint64_t key = (uint64_t)hv->hkid << hv->hkid_shift;

	for (uint64_t at = pa; at < pa + size; at += HV_PAGE) {
		if (!tdx_status_ok(hv_again(tdh_phymem_page_wbinvd(tdx_hpa_keyed(at | key)))))
			return -1;
	}
#endif
	(void)hv, (void)pa, (void)size;
	return 0;
}

/* A blocked page whose translations are flushed. Its memory is the host's again. */
static int take_away(struct hv *hv, unsigned page, tdx_level_t level, uint64_t size)
{
	struct tdx_sept_error ext;
	tdx_hpa_t pa;
	tdx_status_t status =
		after_kick(hv, tdh_mem_page_remove(gpa_of(page), level, hv->tdr, &pa, &ext));

	return tdx_status_ok(status) && !write_back(hv, pa.value, size) ? 0 : -1;
}

/* ---- splitting 2 MiB pages ---- */

static int demote(struct hv *hv, unsigned first, uint64_t table)
{
	const struct tdh_mem_page_demote_args args = { .gpa = gpa_of(first),
						       .level = TDX_LEVEL_2M,
						       .tdr = hv->tdr,
						       .sept_page = tdx_hpa(table) };
	struct tdx_sept_error ext;
	tdx_status_t status =
		after_kick(hv, tdh_mem_page_demote_finish(args, NULL, &ext, INTERRUPTIONS));

	return tdx_status_ok(status) ? 0 : -1;
}

static int split(struct hv *hv, unsigned first)
{
	uint64_t table = hv_take(&hv->pool);

	if (table == HV_NO_PAGE)
		return -1;
	if (block(hv, first, TDX_LEVEL_2M) || flush_translations(hv) || demote(hv, first, table)) {
		hv_give(&hv->pool, table);
		return -1;
	}
	hv->control[hv->controls++] = table;
	hv->split[first / HV_PER_LARGE] = true;
	for (unsigned i = 0; i < HV_PER_LARGE; i++)
		hv->page[first + i].kind = HV_PRIVATE;
	return 0;
}

/* Splits the large page around `page` unless the range from `first` to `end` holds it all. */
static int split_edge(struct hv *hv, unsigned page, unsigned first, unsigned end)
{
	unsigned base = page - page % HV_PER_LARGE;

	if (page >= HV_PAGES || hv->page[page].kind != HV_LARGE ||
	    (base >= first && base + HV_PER_LARGE <= end))
		return 0;
	return split(hv, base);
}

/* ---- to shared ---- */

static unsigned step(const struct hv *hv, unsigned page)
{
	return hv->page[page].kind == HV_LARGE ? HV_PER_LARGE : 1;
}

static bool is_private(const struct hv *hv, unsigned page)
{
	return hv->page[page].kind == HV_PRIVATE || hv->page[page].kind == HV_LARGE;
}

static int block_all(struct hv *hv, unsigned first, unsigned end)
{
	for (unsigned page = first; page < end; page += step(hv, page)) {
		bool large = hv->page[page].kind == HV_LARGE;

		if (is_private(hv, page) && block(hv, page, large ? TDX_LEVEL_2M : TDX_LEVEL_4K))
			return -1;
	}
	return 0;
}

static int remove_large(struct hv *hv, unsigned first)
{
	if (take_away(hv, first, TDX_LEVEL_2M, HV_LARGE_PAGE))
		return -1;
	hv_give_large(&hv->pool, hv->page[first].pa);
	for (unsigned i = 0; i < HV_PER_LARGE; i++)
		hv->page[first + i].kind = HV_NOTHING;
	return 0;
}

static int remove_small(struct hv *hv, unsigned page)
{
	if (take_away(hv, page, TDX_LEVEL_4K, HV_PAGE))
		return -1;
	hv_give(&hv->pool, hv->page[page].pa);
	hv->page[page].kind = HV_NOTHING;
	return 0;
}

static int remove_all(struct hv *hv, unsigned first, unsigned end)
{
	for (unsigned page = first; page < end; page++) {
		if (hv->page[page].kind == HV_LARGE ? remove_large(hv, page)
		    : is_private(hv, page)	    ? remove_small(hv, page)
						    : 0)
			return -1;
	}
	return 0;
}

static uint64_t *shared_entry(const struct hv *hv, unsigned page)
{
	uint64_t *table = host_ptr(hv->shared_table[page / HV_PER_LARGE], HV_PAGE);

	return &table[page % HV_PER_LARGE];
}

static int share(struct hv *hv, unsigned page)
{
	uint64_t pa = hv_take(&hv->pool);

	if (pa == HV_NO_PAGE)
		return -1;
	*shared_entry(hv, page) = pa | SHARED_EPT_PAGE;
	hv->page[page] = (struct hv_page){ pa, HV_SHARED };
	return 0;
}

static int to_shared(struct hv *hv, unsigned first, unsigned end)
{
	if (split_edge(hv, first, first, end) || split_edge(hv, end - 1, first, end) ||
	    block_all(hv, first, end) || flush_translations(hv) || remove_all(hv, first, end))
		return -1;
	for (unsigned page = first; page < end; page++) {
		if (hv->page[page].kind == HV_NOTHING && share(hv, page))
			return -1;
	}
	return 0;
}

/* ---- to private ---- */

static int to_private(struct hv *hv, unsigned first, unsigned end)
{
	for (unsigned page = first; page < end; page++) {
		if (hv->page[page].kind == HV_SHARED)
			*shared_entry(hv, page) = SHARED_EPT_EMPTY;
	}
	if (flush_translations(hv))
		return -1;
	for (unsigned page = first; page < end; page++) {
		if (hv->page[page].kind != HV_SHARED)
			continue;
#ifndef LEAKS_SHARED_PAGES
		hv_give(&hv->pool, hv->page[page].pa);
#endif
		hv->page[page].kind = HV_NOTHING;
	}
	return 0;
}

/* ---- the call ---- */

static uint64_t check(uint64_t gpa, uint64_t size)
{
	if (gpa % HV_PAGE || size % HV_PAGE)
		return TDX_VMCALL_ALIGN_ERROR;
	if (!size || gpa >= HV_MEMORY || size > HV_MEMORY - gpa)
		return TDX_VMCALL_INVALID_OPERAND;
	return TDX_VMCALL_SUCCESS;
}

static int convert(struct hv *hv, bool shared, unsigned first, unsigned end)
{
	int result;

	pthread_mutex_lock(&hv->lock);
	result = shared ? to_shared(hv, first, end) : to_private(hv, first, end);
	pthread_mutex_unlock(&hv->lock);
	return result;
}

/* A long range is served in parts, so that the guest takes its interrupts meanwhile. */
int hv_map_gpa(struct hv *hv, uint64_t *regs)
{
	const uint64_t shared = regs[R12] & HV_SHARED_BIT, gpa = regs[R12] ^ shared;
	unsigned first, end;

	regs[R10] = check(gpa, regs[R13]);
	if (regs[R10] != TDX_VMCALL_SUCCESS)
		return 0;
	first = (unsigned)(gpa / HV_PAGE);
	end = first + (unsigned)(regs[R13] / HV_PAGE);
	if (end - first > HV_BATCH) {
		end = first + HV_BATCH;
		regs[R10] = TDX_VMCALL_RETRY;
		regs[R11] = gpa_of(end).value | shared;
	}
#ifdef FORGETS_WHERE
	regs[R11] = regs[R12];
#endif
	return convert(hv, shared, first, end);
}
