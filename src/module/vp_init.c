// SPDX-License-Identifier: MIT
/*
 * TDH.VP.INIT: the first state of a virtual CPU.
 */
#include "gen/checks.h"
#include "module/cpuid.h"
#include "module/l2.h"
#include "module/metadata.h"
#include "module/state.h"
#include "vmx/x86.h"

#define XCR0_RESET 1u
#define FMASK_RESET 0x20200u
#define POSTED_VECTOR_NONE 0xffffu

/* Takes the next vCPU index. It stays taken if the TSC check fails. */
uint64_t vp_init_index(struct call *c)
{
	struct tdcs *t = c->td.tdcs;
	uint64_t st = fault_point(c);
	uint32_t index;

	if (st)
		return st;
	index = __atomic_fetch_add(&t->num_vcpus, 1, __ATOMIC_ACQ_REL);
	if (index >= t->max_vcpus) {
		__atomic_fetch_sub(&t->num_vcpus, 1, __ATOMIC_ACQ_REL);
		return fail(c, TDX_MAX_VCPUS_EXCEEDED, "the TD at %x has %u vCPUs, its MAX_VCPUS is %u", c->td.pa,
			    index, t->max_vcpus);
	}
	c->vp.vps->vcpu_index = index;
	return 0;
}

static void init_registers(struct call *c)
{
	struct tdvps *vps = c->vp.vps;
	uint32_t version[CPUID_REGS];
	uint8_t *xbuff = vcpu_page(c->m, &c->vp, TDVPS_PAGE_XBUFF);

	cpuid_common(c->m, md_cpuid_index(1, 0), version);
	vps->gpr[GPR_RBX] = td_gpa_width(&c->td);
	vps->gpr[GPR_RCX] = c->in[GPR_RDX];
	vps->gpr[GPR_R8] = c->in[GPR_RDX];
	vps->gpr[GPR_RDX] = version[EAX];
	vps->gpr[GPR_RSI] = vps->vcpu_index;
	vps->xcr0 = XCR0_RESET;
	vps->dr6 = DR6_RESET;
	vps->msr_fmask = FMASK_RESET;
	if (c->td.tdcs->xfam & XFAM_LBR)
		vps->msr_lbr_depth = lbr_depth(c->m);
	word_store(xbuff + XSAVE_XCOMP_BV, 8, XCOMP_COMPACT);
}

void vcpu_init_fields(const struct module *m, const struct td *td, struct tdvps *vps)
{
	uint64_t cr0_fixed = m->vmx.cr0_fixed0 & ~(CR0_PE | CR0_PG);

	l2_forget_translations(td, vps);
	vps->shadow_pid_hpa[0] = UINT64_MAX;
	vps->shadow_pin_ctls[0] = m->vmx.l1.ctl[VMX_CTL_PIN];
	vps->shadow_posted_intr_vector[0] = POSTED_VECTOR_NONE;
	for (unsigned vm = 0; vm <= td->tdcs->num_l2_vms; vm++) {
		vps->shadow_proc_ctls2[vm] = (vm ? &m->vmx.l2 : &m->vmx.l1)->ctl[VMX_CTL_PROC2];
		vps->shadow_shared_eptp[vm] = UINT64_MAX;
		vps->l2_enter_guest_state_gpa[vm] = UINT64_MAX;
		vps->l2_vapic_gpa[vm] = UINT64_MAX;
		vps->tsc_deadline[vm] = UINT64_MAX;
	}
	vps->base_l2_cr0_guest_host_mask = vmx_cr0_mask(m) & ~(CR0_PE | CR0_PG);
	vps->base_l2_cr0_read_shadow = cr0_fixed | 1ull << 5;
	vps->base_l2_cr4_guest_host_mask = ~vmx_l2_cr4_writable(m, td);
	vps->base_l2_cr4_read_shadow = m->vmx.cr4_fixed0 | CR4_MCE | CR4_VMXE;
	vps->msr_spec_ctrl = spec_ctrl_real(m, td, 0);
}

void tdh_vp_init(struct call *c)
{
	struct tdvps *vps = c->vp.vps;

	vps->last_exit_tsc = platform_rdtsc(c->m->plat);
	vps->xfam = c->td.tdcs->xfam;
	init_registers(c);
	vps->last_td_exit = LAST_TD_EXIT_ASYNC_FAULT;
	vcpu_init_fields(c->m, &c->td, vps);
	vcpu_associate(c);
	for (unsigned vm = 0; vm <= c->td.tdcs->num_l2_vms; vm++)
		vmcs_init(c->m, &c->td, &c->vp, vm, false);
	__atomic_store_n(&vps->state, VCPU_STATE_READY, __ATOMIC_RELEASE);
}
