// SPDX-License-Identifier: MIT
/*
 * The first contents of a VMCS: what the guest starts with, and what TDX sets for every TD.
 */
#include "gen/vmcs.h"
#include "module/keyid.h"
#include "module/state.h"
#include "vmx/vapic.h"
#include "vmx/x86.h"
#include "vmx/vmcs.h"

#define NO_ADDRESS UINT64_MAX
#define EPTP_PA 0x000ffffffffff000ull

struct vmcs *vcpu_vmcs(const struct module *m, const struct vcpu *vp, unsigned vm)
{
	return vcpu_page(m, vp, vm ? TDVPS_PAGE_L2 + (vm - 1) * TDVPS_PAGES_PER_L2 : TDVPS_PAGE_VMCS);
}

struct vapic vcpu_vapic(const struct module *m, const struct vcpu *vp)
{
	return (struct vapic){ .page = vcpu_page(m, vp, TDVPS_PAGE_VAPIC), .vmcs = vcpu_vmcs(m, vp, 0) };
}

/* @import: without what comes with the vCPU. */
static void set_first_values(struct vmcs *v, bool import)
{
	for (size_t i = 0; i < vmcs_first_values_len; i++)
		if (!import || !vmcs_first_values[i].migrates)
			vmcs_write(v, vmcs_first_values[i].field, vmcs_first_values[i].value);
}

static void set_addresses(struct vmcs *v, const struct td *td, const struct vcpu *vp, unsigned vm)
{
	const uint64_t *page = vp->vps->page_pa, *tdcx = td->tdr->tdcx_pa;

	vmcs_write(v, VMCS_VIRTUAL_APIC, vm ? NO_ADDRESS : page[TDVPS_PAGE_VAPIC]);
	vmcs_write(v, VMCS_MSR_BITMAP, vm ? page[TDVPS_PAGE_L2 + (vm - 1) * TDVPS_PAGES_PER_L2 + 1] :
					    tdcx[TDCS_PAGE_MSR_BITMAPS]);
	vmcs_write(v, VMCS_VE_INFO, vm ? NO_ADDRESS : page[TDVPS_PAGE_MAIN]);
	vmcs_write(v, VMCS_PASID_LOW, tdcx[TDCS_PAGE_ZERO]);
	vmcs_write(v, VMCS_PASID_HIGH, tdcx[TDCS_PAGE_ZERO]);
	vmcs_write(v, VMCS_SHARED_EPTP, tdcx[TDCS_PAGE_ZERO]);
	vmcs_write(v, VMCS_TD_HKID, td->tdr->hkid);
}

static void set_controls(struct vmcs *v, const struct module *m, const struct td *td, unsigned vm)
{
	struct vmx_ctls ctls = vmx_td_ctls(m, td, vm);

	for (unsigned i = 0; i < NUM_VMX_CTLS; i++)
		vmcs_write(v, vmx_ctl_places[i].field, ctls.ctl[i]);
	if (m->vmx.l1.ctl[VMX_CTL_PROC2] & VMX_PROC2_ENCLV_EXITING)
		vmcs_write(v, VMCS_ENCLV_EXITING, ~0ull);
	vmcs_write(v, VMCS_TSC_MULTIPLIER, td->tdcs->tsc_multiplier);
	vmcs_write(v, VMCS_TSC_OFFSET, td->tdcs->tsc_offset);
	vmcs_write(v, VMCS_SPEC_CTRL_MASK, td->tdcs->spec_ctrl_mask);
}

/* An L2 VM's EPT has its own root; the rest of the pointer is the TD's. */
static uint64_t eptp_of(const struct module *m, const struct td *td, unsigned vm)
{
	if (!vm)
		return td->tdcs->eptp;
	return (td->tdcs->eptp & ~EPTP_PA) | keyid_strip(m, td->tdr->tdcx_pa[TDCS_PAGE_L2_SEPT_ROOT + vm - 1]);
}

static void set_cr_ownership(struct vmcs *v, const struct module *m, const struct td *td, unsigned vm)
{
	vmcs_write(v, VMCS_CR0_MASK, vm ? ~0ull : vmx_cr0_mask(m));
	vmcs_write(v, VMCS_CR0_SHADOW, vm ? 0x21 : vmx_cr0_shadow(m));
	vmcs_write(v, VMCS_CR4_MASK, vm ? ~0ull : vmx_cr4_mask(m, td));
	vmcs_write(v, VMCS_CR4_SHADOW, vm ? 0x2040 : vmx_cr4_shadow(m));
}

/* TDVPS keeps what the owner of CR0 and CR4 wanted of them. */
static void set_shadows(const struct vmcs *v, struct tdvps *vps, unsigned vm)
{
	vps->shadow_cr0_guest_host_mask[vm] = vmcs_read(v, VMCS_CR0_MASK);
	vps->shadow_cr0_read_shadow[vm] = vm ? 0 : vmcs_read(v, VMCS_CR0_SHADOW);
	vps->shadow_cr4_guest_host_mask[vm] = vmcs_read(v, VMCS_CR4_MASK);
	vps->shadow_cr4_read_shadow[vm] = vm ? 0 : vmcs_read(v, VMCS_CR4_SHADOW);
}

void vmcs_init(const struct module *m, const struct td *td, const struct vcpu *vp, unsigned vm, bool import)
{
	struct vmcs *v = vcpu_vmcs(m, vp, vm);

	v->revision = (uint32_t)(m->vmx.basic & 0x7fffffff);
	v->abort = 0;
	set_first_values(v, import);
	set_addresses(v, td, vp, vm);
	set_controls(v, m, td, vm);
	vmcs_write(v, VMCS_EPTP, eptp_of(m, td, vm));
	set_cr_ownership(v, m, td, vm);
	set_shadows(v, vp->vps, vm);
	vmcs_write(v, VMCS_VPID, td->tdr->hkid < 4096 ? (uint64_t)td->tdr->hkid << 2 | vm : 0);
}
