// SPDX-License-Identifier: MIT
/*
 * Guest state as exit handlers need it: mode, privilege, progress, and what the TD's virtual CPUID gives it.
 */
#include <string.h>
#include "module/guest.h"
#include "vmx/x86.h"

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
	guest_xmm_load(m, vp, regs->xmm);
}

void guest_regs_save(struct tdvps *vps, const struct cpu_regs *regs)
{
	memcpy(vps->gpr, regs->gpr, sizeof(regs->gpr));
}

void guest_xmm_load(const struct module *m, const struct vcpu *vp, uint8_t xmm[16][16])
{
	const uint8_t *xbuff = vcpu_page(m, vp, TDVPS_PAGE_XBUFF);
	uint64_t present;

	memcpy(&present, xbuff + XSAVE_XSTATE_BV, sizeof(present));
	if (present & XSTATE_SSE)
		memcpy(xmm, xbuff + XSAVE_XMM, 256);
	else
		memset(xmm, 0, 256);
}

static bool all_zero(const uint8_t *bytes, unsigned len)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

void guest_xmm_save(const struct module *m, const struct vcpu *vp, const uint8_t xmm[16][16])
{
	uint8_t *xbuff = vcpu_page(m, vp, TDVPS_PAGE_XBUFF);
	uint64_t present;

	memcpy(&present, xbuff + XSAVE_XSTATE_BV, sizeof(present));
	if (all_zero(xmm[0], 256)) {
		present &= ~XSTATE_SSE;
	} else {
		present |= XSTATE_SSE;
		memcpy(xbuff + XSAVE_XMM, xmm, 256);
	}
	memcpy(xbuff + XSAVE_XSTATE_BV, &present, sizeof(present));
}

void guest_xmm_to_host(const struct module *m, const struct vcpu *vp, uint8_t xmm[16][16], uint16_t which)
{
	const uint8_t *image = (const uint8_t *)vcpu_page(m, vp, TDVPS_PAGE_XBUFF) + XSAVE_XMM;

	memset(xmm, 0, 256);
	for (unsigned i = 0; i < 16; i++)
		if (which >> i & 1)
			memcpy(xmm[i], image + 16 * i, 16);
}

void guest_xmm_from_host(const struct module *m, const struct vcpu *vp, const uint8_t xmm[16][16], uint16_t which)
{
	uint8_t *xbuff = vcpu_page(m, vp, TDVPS_PAGE_XBUFF);

	for (unsigned i = 0; i < 16; i++)
		if (which >> i & 1)
			memcpy(xbuff + XSAVE_XMM + 16 * i, xmm[i], 16);
	if (which)
		xbuff[XSAVE_XSTATE_BV] |= (uint8_t)XSTATE_SSE;
}
