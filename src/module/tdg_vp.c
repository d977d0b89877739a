// SPDX-License-Identifier: MIT
/*
 * TDG.VP.VMCALL: the way out to the host.
 */
#include "gen/checks.h"
#include "module/guest.h"

#define VMCALL_GPR_NEVER (1u << GPR_RAX | 1u << GPR_RCX | 1u << GPR_RSP)
#define VMCALL_MASK_BITS 0xffffffffull

uint64_t tdg_vp_vmcall_mask(struct call *c)
{
	bool keep_rbp = c->td.tdcs->config_flags & TD_CONFIG_NO_RBP_MOD;
	uint64_t never = VMCALL_GPR_NEVER | (keep_rbp ? 1u << GPR_RBP : 0);

	if (c->in[GPR_RCX] & (never | ~VMCALL_MASK_BITS))
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "mask %x selects registers of %x, which can't be passed",
			    c->in[GPR_RCX], never | ~VMCALL_MASK_BITS);
	return TDX_SUCCESS;
}

uint64_t tdg_vp_vmcall(struct call *c)
{
	guest_exit_of(c)->next = NEXT_VMCALL;
	return leaf_leaves(c);
}
