// SPDX-License-Identifier: MIT
/*
 * Guest state as exit handlers need it: mode, privilege, progress, and what the TD's virtual CPUID gives it.
 */
#include <string.h>
#include "module/guest.h"
#include "vmx/x86.h"
#include "vmx/xsave.h"

#define SEG_RIGHTS_DPL(rights) ((rights) >> 5 & 3)

unsigned guest_cpl(const struct vmcs *vmcs)
{
	return (unsigned)SEG_RIGHTS_DPL(vmcs_read(vmcs, VMCS_GUEST_SS_RIGHTS));
}

bool guest_in_64bit(const struct vmcs *vmcs)
{
	return vmcs_read(vmcs, VMCS_GUEST_EFER) & EFER_LMA && vmcs_read(vmcs, VMCS_GUEST_CS_RIGHTS) & SEG_RIGHTS_L;
}

/* The single-step trap that the skipped instruction would have raised stays pending. */
static void set_pending_single_step(struct vmcs *vmcs)
{
	bool step = vmcs_read(vmcs, VMCS_GUEST_RFLAGS) & RFLAGS_TF &&
		    !(vmcs_read(vmcs, VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF);

	vmcs_clear_bits(vmcs, VMCS_GUEST_PENDING_DEBUG, PENDING_DEBUG_BS);
	if (step)
		vmcs_set_bits(vmcs, VMCS_GUEST_PENDING_DEBUG, PENDING_DEBUG_BS);
}

void guest_skip_instruction(struct vmcs *vmcs)
{
	vmcs_write(vmcs, VMCS_GUEST_RIP,
		   vmcs_read(vmcs, VMCS_GUEST_RIP) + vmcs_read(vmcs, VMCS_EXIT_INSTR_LENGTH));
	vmcs_clear_bits(vmcs, VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS);
	set_pending_single_step(vmcs);
}

void guest_reblock_nmi(struct guest_exit *x)
{
	if (!x->vps->curr_vm)
		vmcs_set_bits(x->vmcs, VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI);
	else if (!(x->ve->idt_info & INTR_VALID))
		x->vps->nmi_unblocking_due_to_iret = 1;
}

void guest_request_nmi_window(const struct tdvps *vps, struct vmcs *vmcs)
{
	if (vps->pend_nmi && !vps->ve_valid)
		vmcs_set_bits(vmcs, VMCS_PROC_CTLS, VMX_PROC_NMI_WINDOW);
}

void guest_regs_load(const struct module *m, const struct vcpu *vp, struct cpu_regs *regs)
{
	memcpy(regs->gpr, vp->vps->gpr, sizeof(regs->gpr));
	xsave_xmm_load(vcpu_page(m, vp, TDVPS_PAGE_XBUFF), regs->xmm);
}

void guest_regs_save(struct tdvps *vps, const struct cpu_regs *regs)
{
	memcpy(vps->gpr, regs->gpr, sizeof(regs->gpr));
}
