// SPDX-License-Identifier: MIT
/*
 * A prefixed copy of the call layer (made by builds.sh under the prefix "mine") beside the names of
 * a Linux tree.
 */
#include "linux_like.h"
#include "prefixed/tdx.h"

uint64_t prefixed(struct tdx_module_args *theirs, struct mine_tdx_module_args *ours, void *regs);

uint64_t prefixed(struct tdx_module_args *theirs, struct mine_tdx_module_args *ours, void *regs)
{
	struct mine_tdx_sept_error ext;
	mine_tdx_status_t status = mine_tdh_mem_page_add(
		mine_tdx_gpa(0), mine_tdx_tdr(0), mine_tdx_hpa(0), mine_tdx_shared_hpa(0), &ext);

	if (mine_tdx_status_is(status, MINE_TDX_OPERAND_BUSY))
		status = mine_seamcall_saved_ret(MINE_TDX_LEAF(25, 0), ours);
	if (mine_tdx_status_ok(status))
		status = mine_tdh_vp_enter(mine_tdx_tdvpr(0), 0, regs);
	return status.value | theirs->rcx | ext.entry | MINE_TDX_SUCCESS;
}

int main(void)
{
	return 0;
}
