// SPDX-License-Identifier: MIT
/*
 * A TD's private memory: pages added and measured while it is built, pages added while it runs.
 */
#include "tdx/tdx.h"
#include "vmm/td_internal.h"

static tdx_status_t page_add(struct vmm_td *td, uint64_t gpa, uint64_t frame)
{
	tdx_status_t status = host_call(tdh_mem_page_add(
		tdx_gpa(gpa), tdx_tdr(td->tdr), tdx_hpa(frame), tdx_shared_hpa(td->staging), NULL));

	return status;
}

int td_add_page(struct vmm_td *td, uint64_t gpa, const uint8_t contents[VMM_4K],
		struct vmm_error *err)
{
	uint64_t frame;
	tdx_status_t status;

	if (td_sept_path(td, gpa, 0, err))
		return -1;
	frame = td_new_frame(td, VMM_LEVEL_4K, err);
	if (frame == VMM_NO_FRAME)
		return -1;
	host_write(td->host, td->staging, contents, VMM_4K);
	status = page_add(td, gpa, frame);
	if (!tdx_status_ok(status))
		vmm_frames_release(&td->host->frames, frame);
	return td_call_failed("TDH.MEM.PAGE.ADD", status, err);
}

int td_extend_page(struct vmm_td *td, uint64_t gpa, struct vmm_error *err)
{
	for (uint64_t at = gpa; at < gpa + VMM_4K; at += 256) {
		tdx_status_t status = host_call(tdh_mr_extend(tdx_gpa(at), tdx_tdr(td->tdr), NULL));

		if (!tdx_status_ok(status))
			return vmm_fail_call(err, "TDH.MR.EXTEND", status);
	}
	return 0;
}

static tdx_status_t page_aug(struct vmm_td *td, uint64_t gpa, enum vmm_level level, uint64_t frame)
{
	tdx_status_t status = host_call(tdh_mem_page_aug(tdx_gpa(gpa), tdx_level(level),
							 tdx_tdr(td->tdr), tdx_hpa(frame), NULL));

	return status;
}

static enum td_aug aug_frame(struct vmm_td *td, uint64_t gpa, enum vmm_level level, uint64_t frame,
			     struct vmm_error *err)
{
	tdx_status_t status = page_aug(td, gpa, level, frame);

	if (tdx_status_ok(status))
		return TD_AUG_DONE;
	vmm_frames_release(&td->host->frames, frame);
	/* Mapped already, at this level or as a larger page. */
	if (tdx_status_is(status, TDX_EPT_ENTRY_STATE_INCORRECT) ||
	    tdx_status_is(status, TDX_EPT_WALK_FAILED))
		return TD_AUG_PRESENT;
	vmm_fail_call(err, "TDH.MEM.PAGE.AUG", status);
	return TD_AUG_FAILED;
}

/* TDH.MEM.SEPT.ADD found a large page where the table would go: another vCPU was faster. */
static bool already_mapped(const struct vmm_error *err)
{
	return tdx_status_is((tdx_status_t){ err->status }, TDX_EPT_ENTRY_STATE_INCORRECT);
}

enum td_aug td_aug(struct vmm_td *td, uint64_t gpa, enum vmm_level level, struct vmm_error *err)
{
	uint64_t frame = td_new_frame(td, level, err);

	if (frame == VMM_NO_FRAME)
		return TD_AUG_FAILED;
	if (td_sept_path(td, gpa, level, err)) {
		vmm_frames_release(&td->host->frames, frame);
		return already_mapped(err) ? TD_AUG_PRESENT : TD_AUG_FAILED;
	}
	return aug_frame(td, gpa, level, frame, err);
}
