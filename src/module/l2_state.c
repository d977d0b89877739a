// SPDX-License-Identifier: MIT
/*
 * State of L2 VMs in memory of the TD, and the registers of L1 when TDG.VP.ENTER returns.
 */
#include "module/l2.h"

#include <string.h>
#include "module/keyid.h"
#include "module/sept.h"
#include "platform/platform.h"
#include "vmx/x86.h"

#define STATE_RFLAGS 16u /* in 64-bit words, after the general purpose registers */
#define STATE_RIP 17u
#define STATE_SSP 18u
#define STATE_INTERRUPT 19u

#define MISC_TIMER_SHIFT 0x1fu

/* ---- where the operands are ---- */

void l2_forget_translations(const struct td *td, struct tdvps *vps)
{
	for (unsigned vm = 0; vm <= td->tdcs->num_l2_vms && vm < MAX_VMS; vm++)
		vps->l2_enter_guest_state_hpa[vm] = vps->l2_vapic_hpa[vm] = NULL_PA;
}

/* The address of a page of L1 as the processor uses it, NULL_PA where L1 has none. */
static uint64_t page_of(const struct module *m, const struct td *td, uint64_t gpa)
{
	struct sept_ref ref;
	uint64_t pa;

	sept_walk(m, td, gpa, 0, &ref);
	if (!(SEPT_GUEST_READ & SEPT_SET(ref.state)))
		return NULL_PA;
	pa = sept_pa(&ref) + (gpa & (PAGE_SIZE_OF(ref.level) - 1));
	return pa_ptr(m, pa) ? keyid_put(m, pa, td->tdr->hkid) : NULL_PA;
}

static bool translate(const struct module *m, const struct td *td, uint64_t gpa, uint64_t *hpa, uint64_t *failed)
{
	if (*hpa == NULL_PA)
		*hpa = page_of(m, td, gpa);
	if (*hpa == NULL_PA)
		*failed = gpa;
	return *hpa != NULL_PA;
}

bool l2_translate_state(const struct module *m, const struct td *td, struct tdvps *vps, unsigned vm, uint64_t *failed)
{
	return translate(m, td, vps->l2_enter_guest_state_gpa[vm], &vps->l2_enter_guest_state_hpa[vm], failed);
}

bool l2_translate(const struct module *m, const struct td *td, const struct vcpu *vp, unsigned vm, uint64_t *failed)
{
	struct tdvps *vps = vp->vps;

	if (!l2_translate_state(m, td, vps, vm, failed) ||
	    !translate(m, td, vps->l2_vapic_gpa[vm], &vps->l2_vapic_hpa[vm], failed))
		return false;
	vmcs_write(vcpu_vmcs(m, vp, vm), VMCS_VIRTUAL_APIC, vps->l2_vapic_hpa[vm]);
	return true;
}

/* ---- L2_ENTER_GUEST_STATE ---- */

static uint64_t *state_of(const struct module *m, const struct tdvps *vps, unsigned vm)
{
	return pa_ptr(m, keyid_strip(m, vps->l2_enter_guest_state_hpa[vm]));
}

void l2_load_state(const struct module *m, const struct vcpu *vp, unsigned vm, uint64_t gpr[16])
{
	const uint64_t *state = state_of(m, vp->vps, vm);
	struct vmcs *vmcs = vcpu_vmcs(m, vp, vm);

	memcpy(gpr, state, 16 * sizeof(*gpr));
	vmcs_write(vmcs, VMCS_GUEST_RSP, state[GPR_RSP]);
	vmcs_write(vmcs, VMCS_GUEST_RFLAGS, state[STATE_RFLAGS]);
	vmcs_write(vmcs, VMCS_GUEST_RIP, state[STATE_RIP]);
	vmcs_write(vmcs, VMCS_GUEST_SSP, state[STATE_SSP]);
	vmcs_write(vmcs, VMCS_GUEST_INTR_STATUS, state[STATE_INTERRUPT] & 0xffff);
}

void l2_store_state(const struct module *m, const struct vcpu *vp, unsigned vm)
{
	uint64_t *state = state_of(m, vp->vps, vm);
	const struct vmcs *vmcs = vcpu_vmcs(m, vp, vm);
	uint16_t interrupt = (uint16_t)vmcs_read(vmcs, VMCS_GUEST_INTR_STATUS);

	if (!state)
		return;
	memcpy(state, vp->vps->gpr, 16 * sizeof(*state));
	state[GPR_RSP] = vmcs_read(vmcs, VMCS_GUEST_RSP);
	state[STATE_RFLAGS] = vmcs_read(vmcs, VMCS_GUEST_RFLAGS);
	state[STATE_RIP] = vmcs_read(vmcs, VMCS_GUEST_RIP);
	state[STATE_SSP] = vmcs_read(vmcs, VMCS_GUEST_SSP);
	memcpy(&state[STATE_INTERRUPT], &interrupt, sizeof(interrupt));
}

/* ---- the preemption timer ---- */

void l2_set_timer(const struct module *m, const struct tdvps *vps, struct vmcs *vmcs, unsigned vm)
{
	int64_t left;
	unsigned shift;

	if (vps->tsc_deadline[vm] == UINT64_MAX) {
		vmcs_clear_bits(vmcs, VMCS_PIN_CTLS, VMX_PIN_PREEMPTION_TIMER);
		return;
	}
	shift = (unsigned)platform_rdmsr(m->plat, 0, MSR_VMX_MISC) & MISC_TIMER_SHIFT;
	left = (int64_t)(vps->shadow_tsc_deadline[vm] - platform_rdtsc(m->plat));
	left = left < 0 ? 0 : left >> shift;
	vmcs_set_bits(vmcs, VMCS_PIN_CTLS, VMX_PIN_PREEMPTION_TIMER);
	vmcs_write(vmcs, VMCS_PREEMPTION_TIMER, left > UINT32_MAX ? UINT32_MAX : (uint64_t)left);
}

/* ---- L1's registers after an exit ---- */

static uint64_t pair(const struct vmcs *vmcs, uint32_t low, uint32_t high)
{
	return pair32(vmcs_read(vmcs, low), vmcs_read(vmcs, high));
}

void l2_exit_registers(struct tdvps *vps, const struct vmcs *vmcs, uint64_t status, uint64_t extended)
{
	uint64_t *gpr = vps->gpr;

	gpr[GPR_RAX] = status | (vmcs_read(vmcs, VMCS_EXIT_REASON) & 0xffffffff);
	gpr[GPR_RBX] = 0;
	gpr[GPR_RCX] = vmcs_read(vmcs, VMCS_EXIT_QUALIFICATION);
	gpr[GPR_RDX] = vmcs_read(vmcs, VMCS_GUEST_LINEAR);
	gpr[GPR_RSI] = (vmcs_read(vmcs, VMCS_GUEST_CS_SELECTOR) & 0xffff) |
		       (vmcs_read(vmcs, VMCS_GUEST_CS_RIGHTS) & 0xffff) << 16 |
		       vmcs_read(vmcs, VMCS_GUEST_CS_LIMIT) << 32;
	gpr[GPR_RDI] = vmcs_read(vmcs, VMCS_GUEST_CS_BASE);
	gpr[GPR_R8] = vmcs_read(vmcs, VMCS_GUEST_PHYSICAL);
	gpr[GPR_R9] = pair(vmcs, VMCS_EXIT_INTR_INFO, VMCS_EXIT_INTR_ERROR);
	gpr[GPR_R10] = pair(vmcs, VMCS_IDT_INFO, VMCS_IDT_ERROR);
	gpr[GPR_R11] = pair(vmcs, VMCS_EXIT_INSTR_INFO, VMCS_EXIT_INSTR_LENGTH);
	gpr[GPR_R12] = guest_cpl(vmcs);
	gpr[GPR_R13] = extended;
	gpr[GPR_R14] = gpr[GPR_R15] = 0;
}

/* ---- events on their way ---- */

void l2_reinject(struct vmcs *vmcs)
{
	if (vmcs_read(vmcs, VMCS_IDT_INFO) & INTR_VALID)
		inject_again(vmcs);
	vmcs_clear_bits(vmcs, VMCS_IDT_INFO, INTR_VALID);
}
