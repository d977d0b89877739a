// SPDX-License-Identifier: MIT
/*
 * Guest leaves about the vCPU: the way out to the host, what the TD is, #VE information, CPUID #VE.
 */
#include "gen/checks.h"
#include "module/guest.h"

#define VMCALL_GPR_NEVER (1u << GPR_RAX | 1u << GPR_RCX | 1u << GPR_RSP)
#define VMCALL_MASK_BITS 0xffffffffull
#define CPUIDVE_SUPERVISOR 1ull
#define CPUIDVE_USER 2ull
#define SYS_RD_AVAILABLE 1ull

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

uint64_t tdg_vp_info(struct call *c)
{
	const struct tdcs *tdcs = c->td.tdcs;
	uint64_t *gpr = c->regs->gpr;

	gpr[GPR_RCX] = td_gpa_width(&c->td);
	gpr[GPR_RDX] = tdcs->attributes;
	gpr[GPR_R8] = (uint64_t)tdcs->max_vcpus << 32 | tdcs->num_vcpus;
	gpr[GPR_R9] = c->vp.vps->vcpu_index;
	gpr[GPR_R10] = SYS_RD_AVAILABLE;
	gpr[GPR_R11] = 0;
	return TDX_SUCCESS;
}

uint64_t tdg_vp_veinfo_get(struct call *c)
{
	struct tdvps *vps = c->vp.vps;
	uint64_t *gpr = c->regs->gpr;

	gpr[GPR_RCX] = vps->ve_exit_reason;
	gpr[GPR_RDX] = vps->ve_exit_qualification;
	gpr[GPR_R8] = vps->ve_gla;
	gpr[GPR_R9] = vps->ve_gpa;
	gpr[GPR_R10] = (uint64_t)vps->ve_instr_info << 32 | vps->ve_instr_length;
	vps->ve_valid = 0;
	return TDX_SUCCESS;
}

uint64_t tdg_vp_cpuidve_set(struct call *c)
{
	c->vp.vps->cpuid_supervisor_ve = (c->in[GPR_RCX] & CPUIDVE_SUPERVISOR) != 0;
	c->vp.vps->cpuid_user_ve = (c->in[GPR_RCX] & CPUIDVE_USER) != 0;
	return TDX_SUCCESS;
}
