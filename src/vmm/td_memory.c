// SPDX-License-Identifier: MIT
/*
 * A TD's private memory. Pages of the secure EPT are added when a walk says that they are missing.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tdx/tdx.h"
#include "vmm/td_internal.h"


static unsigned error_level(const struct tdx_sept_error *ext)
{
	return (unsigned)(ext->info & TDX_SEPT_INFO_LEVEL_MASK);
}

static tdx_gpa_t gpa_at(uint64_t gpa, unsigned level)
{
	return tdx_gpa(align_down(gpa, VMM_4K << (9 * level)));
}

/* Another vCPU may have added the page in the meantime: that is success as well. */
static int add_sept_page(struct vmm_td *td, uint64_t gpa, unsigned level, struct vmm_error *err)
{
	uint64_t page = td_new_frame(td, VMM_LEVEL_4K, err);
	struct tdx_sept_error ext;
	tdx_status_t status;
	unsigned tries = 0;

	if (page == VMM_NO_FRAME)
		return -1;
	do
		status = tdh_mem_sept_add(gpa_at(gpa, level), tdx_level(level), tdx_tdr(td->tdr), 0, tdx_hpa(page), &ext);
	while (host_again(status, &tries));
	if (status)
		vmm_frames_release(&td->host->frames, page);
	if (tdx_status_code(status) == TDX_EPT_ENTRY_STATE_INCORRECT)
		return 0;
	return td_call_failed("TDH.MEM.SEPT.ADD", status, err);
}

/*
 * After a walk that ended early: adds the missing page of the tree and returns 1 to try again. 0: the walk was not the
 * problem. -1: *err.
 */
static int repair_walk(struct vmm_td *td, uint64_t gpa, tdx_status_t status, const struct tdx_sept_error *ext,
		       struct vmm_error *err)
{
	if (tdx_status_code(status) != TDX_EPT_WALK_FAILED || !error_level(ext))
		return 0;
	return add_sept_page(td, gpa, error_level(ext), err) ? -1 : 1;
}

static tdx_status_t page_add(struct vmm_td *td, uint64_t gpa, uint64_t frame, struct tdx_sept_error *ext)
{
	tdx_status_t status;
	unsigned tries = 0;

	do
		status = tdh_mem_page_add(tdx_gpa(gpa), tdx_tdr(td->tdr), tdx_hpa(frame),
					  tdx_shared_hpa(td->staging), ext);
	while (host_again(status, &tries));
	return status;
}

int td_add_page(struct vmm_td *td, uint64_t gpa, const uint8_t contents[VMM_4K], struct vmm_error *err)
{
	uint64_t frame = td_new_frame(td, VMM_LEVEL_4K, err);
	struct tdx_sept_error ext;
	tdx_status_t status;
	int again;

	if (frame == VMM_NO_FRAME)
		return -1;
	host_write(td->host, td->staging, contents, VMM_4K);
	do {
		status = page_add(td, gpa, frame, &ext);
		again = repair_walk(td, gpa, status, &ext, err);
	} while (again > 0);
	if (!status)
		return 0;
	vmm_frames_release(&td->host->frames, frame);
	return again < 0 ? -1 : vmm_fail_call(err, "TDH.MEM.PAGE.ADD", status);
}

int td_extend_page(struct vmm_td *td, uint64_t gpa, struct vmm_error *err)
{
	for (uint64_t at = gpa; at < gpa + VMM_4K; at += 256) {
		tdx_status_t status = tdh_mr_extend(tdx_gpa(at), tdx_tdr(td->tdr), NULL);

		if (status)
			return vmm_fail_call(err, "TDH.MR.EXTEND", status);
	}
	return 0;
}

static tdx_status_t page_aug(struct vmm_td *td, uint64_t gpa, enum vmm_level level, uint64_t frame,
			     struct tdx_sept_error *ext)
{
	tdx_status_t status;
	unsigned tries = 0;

	do
		status = tdh_mem_page_aug(tdx_gpa(gpa), tdx_level(level), tdx_tdr(td->tdr), tdx_hpa(frame), ext);
	while (host_again(status, &tries));
	return status;
}

enum td_aug td_aug(struct vmm_td *td, uint64_t gpa, enum vmm_level level, struct vmm_error *err)
{
	uint64_t frame = td_new_frame(td, level, err);
	struct tdx_sept_error ext;
	tdx_status_t status;
	int again;

	if (frame == VMM_NO_FRAME)
		return TD_AUG_FAILED;
	do {
		status = page_aug(td, gpa, level, frame, &ext);
		again = error_level(&ext) > level ? repair_walk(td, gpa, status, &ext, err) : 0;
	} while (again > 0);
	if (!status)
		return TD_AUG_DONE;
	vmm_frames_release(&td->host->frames, frame);
	if (again < 0)
		return TD_AUG_FAILED;
	/* Mapped already, at this level or as a larger page. */
	if (tdx_status_code(status) == TDX_EPT_ENTRY_STATE_INCORRECT || tdx_status_code(status) == TDX_EPT_WALK_FAILED)
		return TD_AUG_PRESENT;
	vmm_fail_call(err, "TDH.MEM.PAGE.AUG", status);
	return TD_AUG_FAILED;
}
