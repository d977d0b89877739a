// SPDX-License-Identifier: MIT
/*
 * A run of a vCPU: what the VMCS does not hold goes from the TDVPS into the processor and back.
 */
#include "module/vcpu.h"

#include <string.h>
#include "module/guest.h"
#include "module/guest_mem.h"
#include "module/state.h"

/* State that VM entry and exit do not switch. */
static const struct {
	uint16_t tdvps, cpu; /* offsets of 64-bit members */
} switched[] = {
#define SWITCHED(tdvps_member, cpu_member) \
	{ offsetof(struct tdvps, tdvps_member), offsetof(struct cpu_state, cpu_member) }
	SWITCHED(dr[0], dr[0]), SWITCHED(dr[1], dr[1]), SWITCHED(dr[2], dr[2]), SWITCHED(dr[3], dr[3]),
	SWITCHED(dr6, dr[6]), SWITCHED(cr2, cr2), SWITCHED(xcr0, xcr0), SWITCHED(msr_xss, xss),
	SWITCHED(msr_star, star), SWITCHED(msr_lstar, lstar), SWITCHED(msr_fmask, fmask),
	SWITCHED(msr_kernel_gs_base, kernel_gs_base), SWITCHED(msr_tsc_aux, tsc_aux),
#undef SWITCHED
};
#define NUM_SWITCHED (sizeof(switched) / sizeof(switched[0]))

static struct vmx_guest guest_of(const struct module *m, const struct lp *l)
{
	const struct lp_guest *g = &l->guest;
	struct tdvps *vps = g->vp.vps;
	const struct vmcs *l1 = vcpu_vmcs(m, &g->vp, 0);

	return (struct vmx_guest){
		.vmcs = vcpu_vmcs(m, &g->vp, g->vm),
		.ept = guest_private_ept(m, &g->td, g->vm),
		.shared_ept = guest_shared_ept(m, &g->td, 0),
		.shared_bit = td_shared_bit(&g->td),
		.gpa_bits = td_gpa_width(&g->td),
		.hkid = g->td.tdr->hkid,
		.cr0_fixed1 = m->vmx.cr0_fixed1,
		.cr4_fixed1 = m->vmx.cr4_fixed1,
		.xfam = vps->xfam,
		.xsave = vcpu_page(m, &g->vp, TDVPS_PAGE_XBUFF),
		.xsave_new = g->fresh,
		.spec_ctrl = &vps->msr_spec_ctrl,
		.umwait_control = &vps->msr_umwait_control,
		.tsx_ctrl = &vps->msr_tsx_ctrl,
		.ds_area = &vps->msr_ds_area,
		.flush = g->stale_tlb,
		.hold_interrupts = l->step.active,
		.notification = (uint8_t)vmcs_read(l1, VMCS_POSTED_INTR_VECTOR),
	};
}

void vcpu_run(struct module *m, unsigned lp, struct cpu_regs *regs, struct vm_exit *exit)
{
	struct lp_guest *g = &m->lp[lp].guest;
	struct cpu_state *s = vmx_state(&m->processors, lp);
	const struct vmx_guest guest = guest_of(m, &m->lp[lp]);

	for (unsigned i = 0; i < NUM_SWITCHED; i++)
		memcpy((char *)s + switched[i].cpu, g->vp.vps->page + switched[i].tdvps, sizeof(uint64_t));
	if (vmx_run(&m->processors, lp, &guest, regs, exit))
		g->stale_tlb = g->fresh = false;
	for (unsigned i = 0; i < NUM_SWITCHED; i++)
		memcpy(g->vp.vps->page + switched[i].tdvps, (char *)s + switched[i].cpu, sizeof(uint64_t));
}

struct vmx_lps *module_processors(struct module *m)
{
	return &m->processors;
}
