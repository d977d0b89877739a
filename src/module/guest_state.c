// SPDX-License-Identifier: MIT
/*
 * Guest state between the exit, the TDVPS and the next entry: NMIs and registers.
 */
#include <string.h>
#include "module/guest.h"

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

void guest_regs_load(const struct tdvps *vps, struct cpu_regs *regs)
{
	memcpy(regs->gpr, vps->gpr, sizeof(regs->gpr));
}

void guest_regs_save(struct tdvps *vps, const struct cpu_regs *regs)
{
	memcpy(vps->gpr, regs->gpr, sizeof(regs->gpr));
}
