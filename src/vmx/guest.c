// SPDX-License-Identifier: MIT
/*
 * Guest state and events in a VMCS.
 */
#include "vmx/guest.h"

#include "gen/structures.h"
#include "vmx/x86.h"

#define SEG_RIGHTS_DPL(rights) ((rights) >> 5 & 3)

unsigned guest_cpl(const struct vmcs *vmcs)
{
	return (unsigned)SEG_RIGHTS_DPL(vmcs_read(vmcs, VMCS_GUEST_SS_RIGHTS));
}

bool guest_in_64bit(const struct vmcs *vmcs)
{
	return vmcs_read(vmcs, VMCS_GUEST_EFER) & EFER_LMA &&
	       vmcs_read(vmcs, VMCS_GUEST_CS_RIGHTS) & SEG_RIGHTS_L;
}

void guest_set_pending_step(struct vmcs *vmcs, bool pending)
{
	vmcs_clear_bits(vmcs, VMCS_GUEST_PENDING_DEBUG, PENDING_DEBUG_BS);
	if (pending)
		vmcs_set_bits(vmcs, VMCS_GUEST_PENDING_DEBUG, PENDING_DEBUG_BS);
}

/* The single-step trap that the skipped instruction would have raised stays pending. */
void guest_skip_instruction(struct vmcs *vmcs)
{
	vmcs_write(vmcs, VMCS_GUEST_RIP,
		   vmcs_read(vmcs, VMCS_GUEST_RIP) + vmcs_read(vmcs, VMCS_EXIT_INSTR_LENGTH));
	vmcs_clear_bits(vmcs, VMCS_GUEST_INTERRUPTIBILITY,
			INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS);
	guest_set_pending_step(vmcs,
			       vmcs_read(vmcs, VMCS_GUEST_RFLAGS) & RFLAGS_TF &&
				       !(vmcs_read(vmcs, VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF));
}

/* ---- events ---- */

void inject_event(struct vmcs *vmcs, uint32_t info, uint32_t error_code)
{
	vmcs_write(vmcs, VMCS_ENTRY_INTR_INFO, info);
	if (info & INTR_ERROR_CODE)
		vmcs_write(vmcs, VMCS_ENTRY_ERROR_CODE, error_code);
}

void inject_again(struct vmcs *vmcs)
{
	inject_event(vmcs, (uint32_t)vmcs_read(vmcs, VMCS_IDT_INFO) & ~INTR_RESERVED,
		     (uint32_t)vmcs_read(vmcs, VMCS_IDT_ERROR));
	vmcs_write(vmcs, VMCS_ENTRY_INSTR_LENGTH, vmcs_read(vmcs, VMCS_EXIT_INSTR_LENGTH));
}

bool injection_is(const struct vmcs *vmcs, unsigned vector)
{
	uint32_t info = (uint32_t)vmcs_read(vmcs, VMCS_ENTRY_INTR_INFO);

	return info & INTR_VALID && INTR_TYPE(info) == INTR_TYPE_EXCEPTION &&
	       INTR_VECTOR(info) == vector;
}

/* Whether a page fault's error code is one that the exception bitmap's filter lets exit. */
static bool pf_filter_matches(const struct vmcs *vmcs)
{
	uint64_t error = vmcs_read(vmcs, VMCS_EXIT_INTR_ERROR);

	return (error & vmcs_read(vmcs, VMCS_PF_ERROR_MASK)) ==
	       vmcs_read(vmcs, VMCS_PF_ERROR_MATCH);
}

bool injection_is_intercepted(const struct vmcs *vmcs)
{
	unsigned vector = INTR_VECTOR(vmcs_read(vmcs, VMCS_ENTRY_INTR_INFO));

	if (vector > 31 || !injection_is(vmcs, vector) ||
	    !(vmcs_read(vmcs, VMCS_EXCEPTION_BITMAP) >> vector & 1))
		return false;
	return vector != VECTOR_PF || pf_filter_matches(vmcs);
}

void injection_to_exit(struct vmcs *vmcs)
{
	vmcs_write(vmcs, VMCS_EXIT_INTR_INFO, vmcs_read(vmcs, VMCS_ENTRY_INTR_INFO));
	vmcs_write(vmcs, VMCS_EXIT_INTR_ERROR, vmcs_read(vmcs, VMCS_ENTRY_ERROR_CODE));
	vmcs_clear_bits(vmcs, VMCS_ENTRY_INTR_INFO, INTR_VALID);
	vmcs_write(vmcs, VMCS_EXIT_REASON, EXIT_REASON_EXCEPTION_NMI);
	vmcs_write(vmcs, VMCS_EXIT_QUALIFICATION, 0);
}
