// SPDX-License-Identifier: MIT
/*
 * Taking private memory away from a running TD: block, track, make all vCPUs leave the guest once,
 * remove.
 */
#include <stdlib.h>

#include "tdx/tdx.h"
#include "vmm/td_internal.h"

#define SEPT_ADDRESS 0x000ffffffffff000ull

/* What was blocked and has to be removed. */
struct blocked {
	struct {
		uint64_t gpa;
		unsigned level;
	} * page;
	size_t count, capacity;
};

static int remember(struct blocked *b, uint64_t gpa, unsigned level, struct vmm_error *err)
{
	if (b->count == b->capacity) {
		size_t capacity = b->capacity ? 2 * b->capacity : 64;
		void *grown = realloc(b->page, capacity * sizeof(*b->page));

		if (!grown)
			return vmm_fail(err, "out of memory");
		b->page = grown;
		b->capacity = capacity;
	}
	b->page[b->count].gpa = gpa;
	b->page[b->count++].level = level;
	return 0;
}

static tdx_status_t block(struct vmm_td *td, uint64_t gpa, unsigned level,
			  struct tdx_sept_error *ext)
{
	tdx_status_t status = host_call(
		tdh_mem_range_block(tdx_gpa(gpa), tdx_level(level), tdx_tdr(td->tdr), ext));

	return status;
}

int td_track(struct vmm_td *td, void (*kick)(void *opaque), void *opaque, struct vmm_error *err)
{
	tdx_status_t status;
	unsigned tries = 0;

	do {
		status = tdh_mem_track(tdx_tdr(td->tdr));
		kick(opaque);
	} while (host_again(status, &tries));
	return td_call_failed("TDH.MEM.TRACK", status, err);
}

/* `frame`: the large page that becomes 512 small ones. */
static int demote(struct vmm_td *td, uint64_t gpa, uint64_t frame, struct vmm_error *err)
{
	uint64_t page = td_new_frame(td, VMM_LEVEL_4K, err);
	tdx_status_t status;
	unsigned tries = 0;

	if (page == VMM_NO_FRAME)
		return -1;
	do
		status = tdh_mem_page_demote(
			(struct tdh_mem_page_demote_args){ .gpa = tdx_gpa(gpa),
							   .level = TDX_LEVEL_2M,
							   .tdr = tdx_tdr(td->tdr),
							   .sept_page = tdx_hpa(page) },
			NULL, NULL);
	while (host_again(status, &tries) || host_untracked(status, &tries));
	if (!tdx_status_ok(status)) {
		vmm_frames_release(&td->host->frames, page);
		return vmm_fail_call(err, "TDH.MEM.PAGE.DEMOTE", status);
	}
	vmm_frames_split(&td->host->frames, frame);
	return td_sept_split(td, gpa, err);
}

struct removal {
	struct vmm_td *td;
	struct vmm_range range;
	void (*kick)(void *opaque);
	void *opaque;
	struct blocked blocked;
	struct vmm_error *err;
};

/* A 2 MiB page of which only a part goes. */
static int split(struct removal *r, uint64_t gpa, uint64_t frame)
{
	return td_track(r->td, r->kick, r->opaque, r->err) || demote(r->td, gpa, frame, r->err) ? -1
												: 0;
}

/*
 * The walk to a small page at `gpa` met a large one. Returns how far to go on, 0 to try the same
 * address again, or -1.
 */
static int64_t block_large(struct removal *r, uint64_t gpa, uint64_t entry)
{
	uint64_t base = align_down(gpa, VMM_2M);
	tdx_status_t status = block(r->td, base, 1, NULL);

	if (!tdx_status_ok(status) && !tdx_status_is(status, TDX_GPA_RANGE_ALREADY_BLOCKED))
		return vmm_fail_call(r->err, "TDH.MEM.RANGE.BLOCK", status);
	if (!range_holds(r->range, base, VMM_2M))
		return split(r, base, entry & SEPT_ADDRESS);
	return remember(&r->blocked, base, 1, r->err) ? -1 : (int64_t)VMM_2M;
}

/* The walk ended early: nothing is there, or a large page. */
static int64_t block_above(struct removal *r, uint64_t gpa, const struct tdx_sept_error *ext)
{
	unsigned level = (unsigned)(ext->info & TDX_SEPT_INFO_LEVEL_MASK);
	uint64_t span = VMM_4K << (9 * level);

	if (level == 1 && ext->info & TDX_SEPT_INFO_STATE_MASK)
		return block_large(r, gpa, ext->entry);
	return (int64_t)(align_down(gpa, span) + span - gpa);
}

static int64_t block_at(struct removal *r, uint64_t gpa)
{
	struct tdx_sept_error ext = { 0 };
	tdx_status_t status = block(r->td, gpa, 0, &ext);

	switch (tdx_status_code(status)) {
	case TDX_SUCCESS:
	case TDX_GPA_RANGE_ALREADY_BLOCKED:
		return remember(&r->blocked, gpa, 0, r->err) ? -1 : (int64_t)VMM_4K;
	case TDX_EPT_WALK_FAILED: return block_above(r, gpa, &ext);
	case TDX_EPT_ENTRY_STATE_INCORRECT:
		if (!(ext.info & TDX_SEPT_INFO_STATE_MASK)) /* free */
			return (int64_t)VMM_4K;
		break;
	default: break;
	}
	return vmm_fail_call(r->err, "TDH.MEM.RANGE.BLOCK", status);
}

/* Lines of the page under the TD's key would overwrite what the host writes there. */
static int write_back(struct removal *r, uint64_t page, uint64_t size)
{
	uint64_t key = (uint64_t)r->td->hkid << r->td->host->hkid_shift;
	tdx_status_t status;
	unsigned tries = 0; /* of all of them */

	for (uint64_t at = page; at < page + size; at += VMM_4K) {
		do
			status = tdh_phymem_page_wbinvd(tdx_hpa_keyed(at | key));
		while (host_again(status, &tries));
		if (td_call_failed("TDH.PHYMEM.PAGE.WBINVD", status, r->err))
			return -1;
	}
	return 0;
}

/* Succeeds when every vCPU that could still use the page has left the guest. */
static int remove_page(struct removal *r, uint64_t gpa, unsigned level)
{
	uint64_t size = level_size(level ? VMM_LEVEL_2M : VMM_LEVEL_4K);
	tdx_hpa_t page = { 0 };
	tdx_status_t status;
	unsigned tries = 0;

	do {
		status = tdh_mem_page_remove(tdx_gpa(gpa), tdx_level(level), tdx_tdr(r->td->tdr),
					     &page, NULL);
		if (tdx_status_is(status, TDX_TLB_TRACKING_NOT_DONE))
			r->kick(r->opaque);
	} while (host_again(status, &tries) || host_untracked(status, &tries));
	if (!tdx_status_ok(status))
		return vmm_fail_call(r->err, "TDH.MEM.PAGE.REMOVE", status);
	if (write_back(r, page.value, size)) {
		vmm_frames_lose(&r->td->host->frames, page.value);
		return -1;
	}
	host_clear(r->td->host, page.value, size);
	vmm_frames_release(&r->td->host->frames, page.value);
	return 0;
}

static int remove_all(struct removal *r)
{
	uint64_t gpa = r->range.base;

	while (gpa < range_end(r->range)) {
		int64_t step = block_at(r, gpa);

		if (step < 0)
			return -1;
		gpa += (uint64_t)step;
	}
	if (!r->blocked.count)
		return 0;
	if (td_track(r->td, r->kick, r->opaque, r->err))
		return -1;
	for (size_t i = 0; i < r->blocked.count; i++) {
		if (remove_page(r, r->blocked.page[i].gpa, r->blocked.page[i].level))
			return -1;
	}
	return 0;
}

int td_remove_range(struct vmm_td *td, uint64_t base, uint64_t size, void (*kick)(void *opaque),
		    void *opaque, struct vmm_error *err)
{
	struct removal r = {
		.td = td, .range = { base, size }, .kick = kick, .opaque = opaque, .err = err
	};
	int result = remove_all(&r);

	free(r.blocked.page);
	return result;
}
