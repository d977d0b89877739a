// SPDX-License-Identifier: MIT
/*
 * The first contents of a VMCS: what the guest starts with, and what TDX sets for every TD.
 */
#include <string.h>
#include "module/keyid.h"
#include "module/state.h"
#include "vmx/x86.h"
#include "vmx/vmcs.h"

#define NO_ADDRESS UINT64_MAX
#define EXCEPTION_MC (1u << 18)
#define EPTP_PA 0x000ffffffffff000ull
#define FLAT 0xffffffffu

struct first_value {
	uint16_t field;
	uint64_t value;
};

/* The guest's state at reset: 32-bit protected mode, flat segments. It comes with the vCPU on migration. */
static const struct first_value reset_state[] = {
	{ VMCS_GUEST_DR7, 0x400 },
	{ VMCS_GUEST_RIP, 0xfffffff0 },
	{ VMCS_GUEST_RFLAGS, 0x2 },
	{ VMCS_GUEST_CS_LIMIT, FLAT },
	{ VMCS_GUEST_CS_RIGHTS, 0xc09b },
	{ VMCS_GUEST_DS_LIMIT, FLAT },
	{ VMCS_GUEST_DS_RIGHTS, 0xc093 },
	{ VMCS_GUEST_ES_LIMIT, FLAT },
	{ VMCS_GUEST_ES_RIGHTS, 0xc093 },
	{ VMCS_GUEST_FS_LIMIT, FLAT },
	{ VMCS_GUEST_FS_RIGHTS, 0xc093 },
	{ VMCS_GUEST_GS_LIMIT, FLAT },
	{ VMCS_GUEST_GS_RIGHTS, 0xc093 },
	{ VMCS_GUEST_SS_LIMIT, FLAT },
	{ VMCS_GUEST_SS_RIGHTS, 0xc093 },
	{ VMCS_GUEST_LDTR_LIMIT, 0xffff },
	{ VMCS_GUEST_LDTR_RIGHTS, 0x10082 },
	{ VMCS_GUEST_TR_LIMIT, 0xffff },
	{ VMCS_GUEST_TR_RIGHTS, 0x8b },
	{ VMCS_GUEST_GDTR_LIMIT, 0xffff },
	{ VMCS_GUEST_PERF_GLOBAL_CTRL, 0xff },
	{ VMCS_GUEST_PAT, 0x0007040600070406 },
	{ VMCS_GUEST_EFER, 0x901 },
};

/* What each module sets itself. */
static const struct first_value own_state[] = {
	{ VMCS_GUEST_CR0, 0x21 },
	{ VMCS_GUEST_CR4, 0x2040 },
	{ VMCS_APIC_ACCESS, NO_ADDRESS },
	{ VMCS_POSTED_INTR_VECTOR, 0xffff },
	{ VMCS_POSTED_INTR_DESC, NO_ADDRESS },
	{ VMCS_EXCEPTION_BITMAP, EXCEPTION_MC },
	{ VMCS_IO_BITMAP_A, NO_ADDRESS },
	{ VMCS_IO_BITMAP_B, NO_ADDRESS },
	{ VMCS_EPTP_LIST, NO_ADDRESS },
	{ VMCS_VMREAD_BITMAP, NO_ADDRESS },
	{ VMCS_VMWRITE_BITMAP, NO_ADDRESS },
	{ VMCS_ENCLS_EXITING, ~0ull },
	{ VMCS_PML_ADDRESS, NO_ADDRESS },
	{ VMCS_PCONFIG_EXITING, ~0ull },
	{ VMCS_EXECUTIVE_VMCS, NO_ADDRESS },
	{ VMCS_EXIT_MSR_STORE, NO_ADDRESS },
	{ VMCS_EXIT_MSR_LOAD, NO_ADDRESS },
	{ VMCS_ENTRY_MSR_LOAD, NO_ADDRESS },
	{ VMCS_LINK_POINTER, NO_ADDRESS },
	{ VMCS_GUEST_PDPTE0, NO_ADDRESS },
	{ VMCS_GUEST_PDPTE1, NO_ADDRESS },
	{ VMCS_GUEST_PDPTE2, NO_ADDRESS },
	{ VMCS_GUEST_PDPTE3, NO_ADDRESS },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct vmcs *vcpu_vmcs(const struct module *m, const struct vcpu *vp, unsigned vm)
{
	return vcpu_page(m, vp, vm ? TDVPS_PAGE_L2 + (vm - 1) * TDVPS_PAGES_PER_L2 : TDVPS_PAGE_VMCS);
}

static void set_all(struct vmcs *v, const struct first_value *table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		vmcs_write(v, table[i].field, table[i].value);
}

static void set_addresses(struct vmcs *v, const struct td *td, const struct vcpu *vp, unsigned vm)
{
	const uint64_t *page = vp->vps->page_pa, *tdcx = td->tdr->tdcx_pa;

	if (vm) {
		vmcs_write(v, VMCS_VIRTUAL_APIC, NO_ADDRESS);
		vmcs_write(v, VMCS_MSR_BITMAP, page[TDVPS_PAGE_L2 + (vm - 1) * TDVPS_PAGES_PER_L2 + 1]);
		vmcs_write(v, VMCS_VE_INFO, NO_ADDRESS);
	} else {
		vmcs_write(v, VMCS_VIRTUAL_APIC, page[TDVPS_PAGE_VAPIC]);
		vmcs_write(v, VMCS_MSR_BITMAP, tdcx[TDCS_PAGE_MSR_BITMAPS]);
		vmcs_write(v, VMCS_VE_INFO, page[TDVPS_PAGE_MAIN]);
	}
	vmcs_write(v, VMCS_PASID_LOW, tdcx[TDCS_PAGE_ZERO]);
	vmcs_write(v, VMCS_PASID_HIGH, tdcx[TDCS_PAGE_ZERO]);
	vmcs_write(v, VMCS_SHARED_EPTP, tdcx[TDCS_PAGE_ZERO]);
	vmcs_write(v, VMCS_TD_HKID, td->tdr->hkid);
}

static void set_controls(struct vmcs *v, const struct module *m, const struct td *td, unsigned vm)
{
	struct vmx_ctls ctls = vmx_td_ctls(m, td, vm);

	vmcs_write(v, VMCS_EXIT_CTLS, ctls.exit);
	vmcs_write(v, VMCS_ENTRY_CTLS, ctls.entry);
	vmcs_write(v, VMCS_PIN_CTLS, ctls.pin);
	vmcs_write(v, VMCS_PROC_CTLS, ctls.proc);
	vmcs_write(v, VMCS_PROC_CTLS2, ctls.proc2);
	vmcs_write(v, VMCS_PROC_CTLS3, ctls.proc3);
	if (m->vmx.l1.proc2 & VMX_PROC2_ENCLV_EXITING)
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
	if (!import)
		set_all(v, reset_state, COUNT(reset_state));
	set_all(v, own_state, COUNT(own_state));
	set_addresses(v, td, vp, vm);
	set_controls(v, m, td, vm);
	vmcs_write(v, VMCS_EPTP, eptp_of(m, td, vm));
	set_cr_ownership(v, m, td, vm);
	set_shadows(v, vp->vps, vm);
	vmcs_write(v, VMCS_VPID, td->tdr->hkid < 4096 ? (uint64_t)td->tdr->hkid << 2 | vm : 0);
}
