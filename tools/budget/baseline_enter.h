/* SPDX-License-Identifier: MIT */
/*
 * TDH.VP.ENTER in the shapes that it has without an array in register-index order, written for
 * comparison: guest registers copied into a struct and back around each entry, and a struct that
 * stays with the vCPU, from which the four operands of a TDVMCALL are copied after each exit. Both
 * give less than the measured routines: they neither keep RBP nor clear what the guest left in
 * registers.
 */
#ifndef BUDGET_BASELINE_ENTER_H
#define BUDGET_BASELINE_ENTER_H

#include "baseline.h"

struct base_vcpu {
	tdx_u64 regs[16]; /* in register-index order */
	struct base_args args;
};

tdx_status_t base_tdh_vp_enter_copied(struct base_vcpu *vcpu, tdx_tdvpr_t tdvpr);
tdx_status_t base_tdh_vp_enter_kept(struct base_vcpu *vcpu, tdx_tdvpr_t tdvpr);

tdx_status_t base_tdh_vp_enter_copied(struct base_vcpu *vcpu, tdx_tdvpr_t tdvpr)
{
	tdx_u64 *r = vcpu->regs;
	struct base_args a = {
		.rcx = tdvpr.value,
		.rdx = r[2],
		.rbx = r[3],
		.rsi = r[6],
		.rdi = r[7],
		.r8 = r[8],
		.r9 = r[9],
		.r10 = r[10],
		.r11 = r[11],
		.r12 = r[12],
		.r13 = r[13],
		.r14 = r[14],
		.r15 = r[15],
	};
	tdx_status_t status = base_seamcall_saved_ret(TDX_LEAF(0, 0), &a);

	r[1] = a.rcx;
	r[2] = a.rdx;
	r[3] = a.rbx;
	r[6] = a.rsi;
	r[7] = a.rdi;
	r[8] = a.r8;
	r[9] = a.r9;
	r[10] = a.r10;
	r[11] = a.r11;
	r[12] = a.r12;
	r[13] = a.r13;
	r[14] = a.r14;
	r[15] = a.r15;
	return status;
}

tdx_status_t base_tdh_vp_enter_kept(struct base_vcpu *vcpu, tdx_tdvpr_t tdvpr)
{
	tdx_status_t status;

	vcpu->args.rcx = tdvpr.value;
	status = base_seamcall_saved_ret(TDX_LEAF(0, 0), &vcpu->args);
	vcpu->regs[10] = vcpu->args.r10;
	vcpu->regs[11] = vcpu->args.r11;
	vcpu->regs[12] = vcpu->args.r12;
	vcpu->regs[13] = vcpu->args.r13;
	return status;
}

#endif
