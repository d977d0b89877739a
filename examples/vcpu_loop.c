// SPDX-License-Identifier: MIT
/*
 * A hypervisor's vCPU loop: enter the TD, look at why it came back, serve that. The registers of
 * the vCPU lie in an array in register-index order, as KVM's do, and TDH.VP.ENTER uses it in place.
 */
#include "vcpu_loop.h"

/* Proven once: the array is what TDH.VP.ENTER takes. */
TDX_ASSERT_REGS_LAYOUT(unsigned long, RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12,
		       R13, R14, R15);

#define PAGE 0x1000UL

/* The guest touched memory that it has no page for: add one. It accepts the page before it uses it.
 */
static enum vcpu_run add_page(struct vcpu *vcpu)
{
	tdx_gpa_t gpa = tdx_gpa(vcpu->regs[R8] & ~(PAGE - 1));
	unsigned int tries = 100;
	struct tdx_sept_error ext;
	tdx_status_t status;

	status = tdx_while_busy(
		tdh_mem_page_aug(gpa, TDX_LEVEL_4K, vcpu->tdr, tdx_hpa(vcpu->free_page), &ext),
		--tries);
	if (tdx_status_ok(status))
		vcpu->free_page += PAGE;
	else if (!tdx_status_is(status, TDX_EPT_ENTRY_STATE_INCORRECT)) /* another vCPU added it */
		return RUN_ENDED;
	return RUN_AGAIN;
}

/* A TDVMCALL: R11 is what the guest asks, R10 the answer, which the next entry carries to it. */
static enum vcpu_run serve(struct vcpu *vcpu)
{
	unsigned long *regs = vcpu->regs;

	if (regs[R10] == 0 && regs[R11] == TDX_VMCALL_FN_INSTRUCTION_HLT) {
		regs[R10] = TDX_VMCALL_SUCCESS;
		return RUN_HALTED;
	}
	regs[R10] = TDX_VMCALL_INVALID_OPERAND;
	return RUN_AGAIN;
}

enum vcpu_run vcpu_run_once(struct vcpu *vcpu)
{
	tdx_status_t status = tdh_vp_enter(vcpu->tdvpr, 0, vcpu->regs);

	if (tdx_status_busy(status))
		return RUN_AGAIN;
	if (!tdx_status_ok(status)) /* the TD can't run again, or no module answered */
		return RUN_ENDED;
	switch (tdx_status_exit_reason(status)) {
	case TDX_EXIT_REASON_TDCALL: return serve(vcpu);
	case TDX_EXIT_REASON_EPT_VIOLATION: return add_page(vcpu);
	case TDX_EXIT_REASON_EXTERNAL_INTERRUPT: return RUN_AGAIN;
	default: return RUN_ENDED;
	}
}
