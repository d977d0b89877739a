// SPDX-License-Identifier: MIT
/*
 * VMCS fields as metadata: what a write must satisfy beside its mask, and how CR0, CR4 and the controls of an L2 VM
 * combine what its L1 VMM wants with what TDX needs.
 */
#include "module/metadata.h"
#include "module/state.h"
#include "module/tsc.h"
#include "vmx/vmcs.h"
#include "platform/platform.h"
#include "vmx/x86.h"

#define NOT_VALID TDX_METADATA_FIELD_VALUE_NOT_VALID
#define POSTED_VECTOR_NONE 0xffffu
#define POSTED_VECTOR_MAX 255u
#define NO_ADDRESS UINT64_MAX

static struct vmcs *vmcs_of(const struct md_access *a, const struct md_element *e)
{
	return vcpu_vmcs(a->c->m, a->vp, e->vm);
}

/* Writes CR0 or CR4 as the guest would: bits it does not own keep their value and must be written as it reads them. */
static uint64_t write_cr(const struct md_access *a, const struct md_element *e, uint64_t mask, uint64_t shadow,
			 uint64_t *value)
{
	if ((*value ^ shadow) & mask)
		return fail(a->c, NOT_VALID, "%s: %x changes bits the guest does not own (mask %x, it reads %x)",
			    e->field->name, *value, mask, shadow);
	*value = (vmcs_read(vmcs_of(a, e), md_code(e->id)) & mask) | (*value & ~mask);
	return 0;
}

/* Branch trace messages without a trace store would leave the TD; the uncore bit is the host's. */
static uint64_t write_debugctl(const struct md_access *a, uint64_t *value)
{
	uint64_t host = platform_rdmsr(a->c->m->plat, a->c->lp_id, MSR_DEBUGCTL);

	if (!(*value & DEBUGCTL_BTS) && *value & DEBUGCTL_TR && !td_debug(a->td))
		return fail(a->c, NOT_VALID, "IA32_DEBUGCTL %x: TR (6) without BTS (7) needs a debug TD", *value);
	*value = (*value & ~DEBUGCTL_UNCORE_PMI) | (host & DEBUGCTL_UNCORE_PMI);
	return 0;
}

/* ---- L1 ---- */

static uint64_t write_pin_ctls(const struct md_access *a, const struct md_element *e, uint64_t value)
{
	const struct vmcs *v = vmcs_of(a, e);

	if (value & VMX_PIN_POSTED_INTERRUPTS) {
		if (vmcs_read(v, VMCS_POSTED_INTR_VECTOR) == POSTED_VECTOR_NONE)
			return fail(a->c, TDX_TD_VMCS_FIELD_NOT_INITIALIZED | VMCS_POSTED_INTR_VECTOR,
				    "posted interrupts need the notification vector first");
		if (vmcs_read(v, VMCS_POSTED_INTR_DESC) == NO_ADDRESS)
			return fail(a->c, TDX_TD_VMCS_FIELD_NOT_INITIALIZED | VMCS_POSTED_INTR_DESC,
				    "posted interrupts need the descriptor address first");
	}
	a->vp->vps->shadow_pin_ctls[0] = (uint32_t)value;
	return 0;
}

static uint64_t write_posted_vector(const struct md_access *a, uint64_t value)
{
	if (value > POSTED_VECTOR_MAX)
		return fail(a->c, NOT_VALID, "posted-interrupt vector %x, must be at most %x", value,
			    POSTED_VECTOR_MAX);
	a->vp->vps->shadow_posted_intr_vector[0] = (uint16_t)value;
	return 0;
}

/* The bits of a control that may be written must be as the capability (ones 31:0, allowed 63:32) wants them. */
static uint64_t check_ctls(const struct md_access *a, const struct md_element *e, uint64_t value, uint64_t capability)
{
	uint32_t wrong = (~(uint32_t)value & (uint32_t)capability) | ((uint32_t)value & ~(uint32_t)(capability >> 32));

	if (wrong & e->wr)
		return fail(a->c, NOT_VALID, "%s: %x, the processor or the TD's configuration rules out bits %x",
			    e->field->name, value, wrong & e->wr);
	return 0;
}

static uint64_t write_proc_ctls2(const struct md_access *a, const struct md_element *e, uint64_t value)
{
	uint64_t status = check_ctls(a, e, value, a->c->m->vmx.proc2);

	if (!status && value & VMX_PROC2_PML &&
	    (!td_debug(a->td) || vmcs_read(vmcs_of(a, e), VMCS_PML_ADDRESS) >> 63))
		return fail(a->c, NOT_VALID, "page-modification logging needs a debug TD and a PML address");
	return status;
}

uint64_t md_vmcs_before_write(const struct md_access *a, const struct md_element *e, uint64_t *value, bool *done)
{
	const struct vmcs *v = vmcs_of(a, e);

	*done = false;
	switch (md_code(e->id)) {
	case VMCS_GUEST_CR0:
		return write_cr(a, e, vmcs_read(v, VMCS_CR0_MASK), vmcs_read(v, VMCS_CR0_SHADOW), value);
	case VMCS_GUEST_CR4:
		return write_cr(a, e, vmcs_read(v, VMCS_CR4_MASK), vmcs_read(v, VMCS_CR4_SHADOW), value);
	case VMCS_GUEST_DEBUGCTL:
		return write_debugctl(a, value);
	case VMCS_PIN_CTLS:
		return write_pin_ctls(a, e, *value);
	case VMCS_POSTED_INTR_VECTOR:
		return write_posted_vector(a, *value);
	case VMCS_PROC_CTLS2:
		return write_proc_ctls2(a, e, *value);
	case VMCS_POSTED_INTR_DESC:
		a->vp->vps->shadow_pid_hpa[0] = *value;
		return 0;
	case VMCS_SHARED_EPTP:
		a->vp->vps->shadow_shared_eptp[0] = *value;
		return 0;
	default:
		return 0;
	}
}

static uint64_t merge(uint64_t own, uint64_t shadow, uint64_t mask)
{
	return (own & ~mask) | (shadow & mask);
}

uint64_t md_vmcs_migrated(const struct vmcs *v, uint32_t encoding, uint64_t value)
{
	if (encoding == VMCS_GUEST_CR0)
		return merge(value, vmcs_read(v, VMCS_CR0_SHADOW), vmcs_read(v, VMCS_CR0_MASK));
	if (encoding == VMCS_GUEST_CR4)
		return merge(value, vmcs_read(v, VMCS_CR4_SHADOW), vmcs_read(v, VMCS_CR4_MASK));
	return value;
}

/* ---- L2 ---- */

/* The L1 VMM sees what it wrote; the host's debugger what is in force. */
uint64_t md_vmcs_l2_seen(const struct md_access *a, const struct md_element *e, uint64_t value)
{
	const struct tdvps *t = a->vp->vps;
	uint32_t field = md_code(e->id);

	if (field == VMCS_SHARED_EPTP)
		return t->shadow_shared_eptp[e->vm];
	if (field == VMCS_VIRTUAL_APIC)
		return t->l2_vapic_gpa[e->vm];
	if (a->reader == MD_BY_HOST)
		return value;
	switch (field) {
	case VMCS_CR0_MASK: return t->shadow_cr0_guest_host_mask[e->vm];
	case VMCS_CR0_SHADOW: return t->shadow_cr0_read_shadow[e->vm];
	case VMCS_CR4_MASK: return t->shadow_cr4_guest_host_mask[e->vm];
	case VMCS_CR4_SHADOW: return t->shadow_cr4_read_shadow[e->vm];
	case VMCS_GUEST_CR0: return merge(value, t->base_l2_cr0_read_shadow, t->base_l2_cr0_guest_host_mask);
	case VMCS_GUEST_CR4: return merge(value, t->base_l2_cr4_read_shadow, t->base_l2_cr4_guest_host_mask);
	case VMCS_PLE_GAP: return t->shadow_ple_gap[e->vm];
	case VMCS_PLE_WINDOW: return t->shadow_ple_window[e->vm];
	default: return value;
	}
}

/* A bit is owned by L1 if it wants it, else by TDX if that needs it: mask and shadow in force. */
static void combine_cr(struct vmcs *v, uint32_t field, uint64_t base_mask, uint64_t base_shadow, uint64_t mask,
		       uint64_t shadow)
{
	vmcs_write(v, field, base_mask | mask);
	vmcs_write(v, field + (VMCS_CR0_SHADOW - VMCS_CR0_MASK),
		   (base_mask & ~mask & base_shadow) | (mask & shadow));
}

static uint64_t write_l2_cr_control(const struct md_access *a, const struct md_element *e, uint64_t value, bool *done)
{
	struct tdvps *t = a->vp->vps;
	struct vmcs *v = vmcs_of(a, e);
	unsigned vm = e->vm;

	switch (md_code(e->id)) {
	case VMCS_CR0_MASK: t->shadow_cr0_guest_host_mask[vm] = value; break;
	case VMCS_CR0_SHADOW: t->shadow_cr0_read_shadow[vm] = value; break;
	case VMCS_CR4_MASK: t->shadow_cr4_guest_host_mask[vm] = value; break;
	default: t->shadow_cr4_read_shadow[vm] = value; break;
	}
	if (md_code(e->id) == VMCS_CR0_MASK || md_code(e->id) == VMCS_CR0_SHADOW)
		combine_cr(v, VMCS_CR0_MASK, t->base_l2_cr0_guest_host_mask, t->base_l2_cr0_read_shadow,
			   t->shadow_cr0_guest_host_mask[vm], t->shadow_cr0_read_shadow[vm]);
	else
		combine_cr(v, VMCS_CR4_MASK, t->base_l2_cr4_guest_host_mask, t->base_l2_cr4_read_shadow,
			   t->shadow_cr4_guest_host_mask[vm], t->shadow_cr4_read_shadow[vm]);
	*done = true;
	return 0;
}

/* The L1 VMM counts in its own TSC, the VMCS in the processor's. */
static uint64_t write_l2_pause_loop(const struct md_access *a, const struct md_element *e, uint64_t *value)
{
	struct tdvps *t = a->vp->vps;
	bool gap = md_code(e->id) == VMCS_PLE_GAP;
	uint64_t ticks = *value;

	if (a->reader != MD_BY_GUEST && a->reader != MD_IMPORT_IMMUTABLE)
		return 0;
	if (gap)
		t->shadow_ple_gap[e->vm] = (uint32_t)ticks;
	else
		t->shadow_ple_window[e->vm] = (uint32_t)ticks;
	if (!tsc_native(a->td, ticks, value) || *value >> 32)
		return fail(a->c, NOT_VALID, "%s: %x ticks of the TD's TSC are more than 32 bits of the processor's",
			    e->field->name, ticks);
	return 0;
}

static uint64_t write_l2_ctls(const struct md_access *a, const struct md_element *e, uint64_t value)
{
	bool debugger = a->reader == MD_BY_HOST && td_debug(a->td);
	const struct vmx_caps *v = &a->c->m->vmx;
	const struct tdcs *t = a->td->tdcs;
	uint64_t allowed;

	if (md_code(e->id) == VMCS_PROC_CTLS)
		return check_ctls(a, e, value, debugger ? v->proc : t->virtual_ia32_vmx_true_procbased_ctls);
	if (md_code(e->id) == VMCS_PROC_CTLS2)
		return check_ctls(a, e, value, debugger ? v->proc2 : t->virtual_ia32_vmx_procbased_ctls2);
	allowed = debugger ? v->proc3 : t->virtual_ia32_vmx_procbased_ctls3;
	if (value & e->wr & ~allowed)
		return fail(a->c, NOT_VALID, "%s: %x, only bits %x are supported", e->field->name, value, allowed);
	return 0;
}

static uint64_t write_l2_eptp(const struct md_access *a, uint64_t value)
{
	if (value & EPTP_SSS && !(a->td->tdcs->xfam & XFAM_CET_S))
		return fail(a->c, NOT_VALID, "EPTP %x: supervisor shadow stacks (7) need CET in XFAM %x", value,
			    a->td->tdcs->xfam);
	return 0;
}

uint64_t md_vmcs_l2_before_write(const struct md_access *a, const struct md_element *e, uint64_t *value, bool *done)
{
	struct tdvps *t = a->vp->vps;
	struct md_element in_force = *e;

	*done = false;
	in_force.value = vmcs_read(vmcs_of(a, e), md_code(e->id));
	switch (md_code(e->id)) {
	case VMCS_CR0_MASK:
	case VMCS_CR0_SHADOW:
	case VMCS_CR4_MASK:
	case VMCS_CR4_SHADOW:
		return write_l2_cr_control(a, e, *value, done);
	case VMCS_GUEST_CR0:
		return write_cr(a, &in_force, t->base_l2_cr0_guest_host_mask, t->base_l2_cr0_read_shadow, value);
	case VMCS_GUEST_CR4:
		return write_cr(a, &in_force, t->base_l2_cr4_guest_host_mask, t->base_l2_cr4_read_shadow, value);
	case VMCS_GUEST_DEBUGCTL:
		return write_debugctl(a, value);
	case VMCS_EPTP:
		return write_l2_eptp(a, *value);
	case VMCS_PLE_GAP:
	case VMCS_PLE_WINDOW:
		return write_l2_pause_loop(a, e, value);
	case VMCS_PROC_CTLS:
	case VMCS_PROC_CTLS2:
	case VMCS_PROC_CTLS3:
		return write_l2_ctls(a, e, *value);
	case VMCS_SHARED_EPTP:
		t->shadow_shared_eptp[e->vm] = *value;
		*done = !(t->l2_ctls[e->vm] & L2_CTLS_ENABLE_SHARED_EPTP_MASK);
		return 0;
	case VMCS_VIRTUAL_APIC:
		t->l2_vapic_gpa[e->vm] = *value;
		t->l2_vapic_hpa[e->vm] = NO_ADDRESS;
		*done = true;
		return 0;
	default:
		return 0;
	}
}
