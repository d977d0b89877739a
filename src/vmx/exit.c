// SPDX-License-Identifier: MIT
/*
 * The exit information fields.
 */
#include "vmx/exit.h"

#include "vmx/vmcs.h"

void vm_exit_record(struct vmcs *vmcs, const struct vm_exit *exit)
{
	vmcs_write(vmcs, VMCS_EXIT_REASON, exit->reason);
	vmcs_write(vmcs, VMCS_EXIT_QUALIFICATION, exit->qualification);
	vmcs_write(vmcs, VMCS_GUEST_LINEAR, exit->guest_linear);
	vmcs_write(vmcs, VMCS_GUEST_PHYSICAL, exit->guest_physical);
	vmcs_write(vmcs, VMCS_EXIT_INTR_INFO, exit->intr_info);
	vmcs_write(vmcs, VMCS_EXIT_INTR_ERROR, exit->intr_error);
	vmcs_write(vmcs, VMCS_IDT_INFO, exit->idt_info);
	vmcs_write(vmcs, VMCS_IDT_ERROR, exit->idt_error);
	vmcs_write(vmcs, VMCS_EXIT_INSTR_LENGTH, exit->instr_length);
	vmcs_write(vmcs, VMCS_EXIT_INSTR_INFO, exit->instr_info);
	vmcs_write(vmcs, VMCS_ENTRY_INTR_INFO, 0);
}
