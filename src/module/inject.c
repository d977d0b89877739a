// SPDX-License-Identifier: MIT
/*
 * Events that the module has the processor deliver to the guest at the next VM entry.
 */
#include "module/guest.h"

static void inject_fault(struct guest_exit *x, uint32_t info, uint32_t error_code)
{
	inject_event(x->vmcs, info, error_code);
	vmcs_set_bits(x->vmcs, VMCS_GUEST_RFLAGS, RFLAGS_RF);
}

void inject_ud(struct guest_exit *x)
{
	inject_fault(x, INJECT_UD, 0);
}

void inject_gp(struct guest_exit *x)
{
	inject_fault(x, INJECT_GP, 0);
}

void inject_pf(struct guest_exit *x, uint64_t gla, uint32_t error_code)
{
	x->vps->cr2 = gla;
	if (injection_is(x->vmcs, VECTOR_DF)) {
		exit_to_host(x, TDX_NON_RECOVERABLE_VCPU, 0, 0);
		x->exit.reason = EXIT_REASON_TRIPLE_FAULT;
		return;
	}
	if (injection_is(x->vmcs, VECTOR_PF) || injection_is(x->vmcs, VECTOR_VE))
		inject_fault(x, INJECT_DF, 0);
	else
		inject_fault(x, INJECT_PF, error_code);
}

static void fill_ve_info(struct guest_exit *x, uint32_t reason, uint64_t qualification, uint64_t gpa, uint64_t gla)
{
	struct tdvps *vps = x->vps;

	vps->ve_exit_reason = reason;
	vps->ve_exit_qualification = qualification;
	vps->ve_gla = gla;
	vps->ve_gpa = gpa;
	vps->ve_eptp_index = 0;
	vps->ve_instr_length = (uint32_t)vmcs_read(x->vmcs, VMCS_EXIT_INSTR_LENGTH);
	vps->ve_instr_info = (uint32_t)vmcs_read(x->vmcs, VMCS_EXIT_INSTR_INFO);
	vps->ve_valid = VE_INFO_VALID;
}

void inject_ve(struct guest_exit *x, uint32_t reason, uint64_t qualification, uint64_t gpa, uint64_t gla)
{
	if (x->vps->ve_valid) {
		inject_fault(x, INJECT_DF, 0);
	} else {
		fill_ve_info(x, reason, qualification, gpa, gla);
		inject_fault(x, INJECT_VE, 0);
	}
}

void deny(struct guest_exit *x, uint32_t reason, uint64_t qualification)
{
	if (x->vps->curr_vm)
		exit_to_l1(x, TDX_SUCCESS, 0);
	else
		inject_ve(x, reason, qualification, 0, 0);
}

void reinject_idt_event(struct guest_exit *x)
{
	if (INTR_TYPE(x->ve->idt_info) == INTR_TYPE_NMI)
		vmcs_clear_bits(x->vmcs, VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI);
	inject_again(x->vmcs);
}
