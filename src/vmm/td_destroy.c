// SPDX-License-Identifier: MIT
/*
 * The end of a TD: its vCPUs leave their logical processors, its key is flushed and freed, its
 * pages come back, the TDR last, and each of them is shown to be free.
 */
#include <inttypes.h>

#include "tdx/tdx.h"
#include "vmm/td_internal.h"

#define WRITE_BACK_ROUNDS 16

/* A step of the end, on a logical processor. */
typedef int (*step_fn)(struct vmm_td *td, struct vmm_error *err);

static int on_lp(struct vmm_td *td, unsigned lp, step_fn step, struct vmm_error *err)
{
	int result;

	if (host_enter_lp(td->host, lp, err))
		return -1;
	result = step(td, err);
	host_leave_lp(td->host);
	return result;
}

static int flush_vcpus(struct vmm_td *td, struct vmm_error *err)
{
	for (unsigned i = 0; i < td->vcpus; i++) {
		int result;

		if (td->vcpu[i].lp < 0)
			continue;
		if (host_enter_lp(td->host, (unsigned)td->vcpu[i].lp, err))
			return -1;
		result = td_flush_vcpu(td, i, err);
		host_leave_lp(td->host);
		if (result)
			return -1;
	}
	return 0;
}

static int flush_done(struct vmm_td *td, struct vmm_error *err)
{
	tdx_status_t status = host_call(tdh_mng_vpflushdone(tdx_tdr(td->tdr)));

	return td_call_failed("TDH.MNG.VPFLUSHDONE", status, err);
}

/* Another TD's flush may have done this package already. */
static int write_back(struct vmm_td *td, struct vmm_error *err)
{
	tdx_status_t status;
	uint64_t resume = 0;
	unsigned tries = 0;

	(void)td;
	do {
		status = tdh_phymem_cache_wb(resume);
		resume = tdx_status_is(status, TDX_INTERRUPTED_RESUMABLE);
	} while (resume || host_again(status, &tries));
	return tdx_status_is(status, TDX_NO_HKID_READY_TO_WBCACHE)
		       ? 0
		       : td_call_failed("TDH.PHYMEM.CACHE.WB", status, err);
}

static int write_all_back(struct vmm_td *td, struct vmm_error *err)
{
	for (unsigned i = 0; i < td->host->packages; i++) {
		if (on_lp(td, td->host->package_lp[i], write_back, err))
			return -1;
	}
	return 0;
}

static int free_key(struct vmm_td *td, struct vmm_error *err)
{
	tdx_status_t status = host_call(tdh_mng_key_freeid(tdx_tdr(td->tdr)));

	return td_call_failed("TDH.MNG.KEY.FREEID", status, err);
}

static bool not_written_back(const struct vmm_error *err)
{
	return tdx_status_is((tdx_status_t){ err->status }, TDX_WBCACHE_NOT_COMPLETE);
}

/* A write-back that another host thread began may not have been complete when ours found nothing to
 * do. */
static int end_key(struct vmm_td *td, struct vmm_error *err)
{
	int result;

	if (on_lp(td, 0, flush_done, err))
		return -1;
	for (unsigned round = 0; round < WRITE_BACK_ROUNDS; round++) {
		if (write_all_back(td, err))
			return -1;
		result = on_lp(td, 0, free_key, err);
		if (!result || !not_written_back(err))
			return result;
	}
	return -1;
}

static int reclaim(uint64_t hpa, struct vmm_error *err)
{
	struct tdh_phymem_page_reclaim_out out;
	tdx_status_t status = host_call(tdh_phymem_page_reclaim(tdx_hpa(hpa), &out));

	return td_call_failed("TDH.PHYMEM.PAGE.RECLAIM", status, err);
}

static int reclaim_pages(struct vmm_td *td, struct vmm_error *err)
{
	enum vmm_level level = VMM_LEVEL_4K;
	uint64_t hpa = 0;

	while ((hpa = vmm_frames_next(&td->host->frames, td->owner, hpa, &level)) != VMM_NO_FRAME) {
		if (hpa != td->tdr && reclaim(hpa, err))
			return -1;
		hpa += level_size(level);
	}
	return 0;
}

/*
 * The module wrote the TDR with its own key: those cache lines have to go before the page is used
 * again.
 */
static int reclaim_tdr(struct vmm_td *td, struct vmm_error *err)
{
	uint64_t keyed = td->tdr | (uint64_t)td->host->first_hkid << td->host->hkid_shift;
	tdx_status_t status;

	if (reclaim(td->tdr, err))
		return -1;
	status = host_call(tdh_phymem_page_wbinvd(tdx_hpa_keyed(keyed)));
	return td_call_failed("TDH.PHYMEM.PAGE.WBINVD", status, err);
}

static int prove_free(uint64_t hpa, struct vmm_error *err)
{
	struct tdh_phymem_page_rdmd_out out;
	tdx_status_t status = host_call(tdh_phymem_page_rdmd(tdx_hpa(hpa), &out));

	if (!tdx_status_ok(status))
		return vmm_fail_call(err, "TDH.PHYMEM.PAGE.RDMD", status);
	if (out.page_type != TDX_PT_NDA)
		return vmm_fail(
			err, "the page at 0x%" PRIx64 " is still the module's (type %" PRIu64 ")",
			hpa, out.page_type);
	return 0;
}

/* Proves a frame free, in 4 KiB steps as a large one may be split, and gives it back to the host.
 */
static int give_back(struct vmm_td *td, uint64_t hpa, uint64_t size, struct vmm_error *err)
{
	for (uint64_t at = hpa; at < hpa + size; at += VMM_4K) {
		if (prove_free(at, err))
			return -1;
	}
	host_clear(td->host, hpa, size);
	vmm_frames_release(&td->host->frames, hpa);
	return 0;
}

static int give_all_back(struct vmm_td *td, uint64_t *freed, struct vmm_error *err)
{
	enum vmm_level level = VMM_LEVEL_4K;
	uint64_t hpa = 0;

	while ((hpa = vmm_frames_next(&td->host->frames, td->owner, hpa, &level)) != VMM_NO_FRAME) {
		if (give_back(td, hpa, level_size(level), err))
			return -1;
		*freed += level_size(level) / VMM_4K;
		hpa += level_size(level);
	}
	return 0;
}

static int take_apart(struct vmm_td *td, uint64_t *freed, struct vmm_error *err)
{
	int result;

	if (flush_vcpus(td, err) || end_key(td, err))
		return -1;
	if (host_enter_lp(td->host, 0, err))
		return -1;
	result = reclaim_pages(td, err) || reclaim_tdr(td, err) || give_all_back(td, freed, err)
			 ? -1
			 : 0;
	host_leave_lp(td->host);
	return result;
}

int td_destroy(struct vmm_td *td, uint64_t *freed, struct vmm_error *err)
{
	int result = 0;

	*freed = 0;
	if (!td->host)
		return 0;
	if (td->tdr != VMM_NO_FRAME)
		result = take_apart(td, freed, err);
	if (td->staging != VMM_NO_FRAME)
		host_free_page(td->host, td->staging);
	if (td->hkid && !result)
		host_give_hkid(td->host, td->hkid);
	td_sept_free(&td->sept);
	td->tdr = td->staging = VMM_NO_FRAME;
	td->host = NULL;
	return result;
}
