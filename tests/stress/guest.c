// SPDX-License-Identifier: MIT
/*
 * The guest of a worker's vCPU: a few TDCALLs, until an interrupt or an exit takes it back to the
 * host.
 */
#include "stress.h"

#include "module/guest.h"
#include "vmx/vmcs.h"

#define STAY 12 /* exits in so many */

static struct vmcs *vmcs_of(struct worker *w)
{
	struct vcpu vp;

	vcpu_load(w->s->b->m, w->vcpu, &vp);
	return vcpu_vmcs(w->s->b->m, &vp, 0);
}

static void handle(struct worker *w, const struct vm_exit *e)
{
	w->inside = module_vm_exit(w->s->b->m, w->lp, &w->regs, e) == MODULE_TO_GUEST;
	if (!w->inside)
		platform_lp_ack(w->s->b->p, w->lp);
}

static void interrupt(struct worker *w)
{
	const struct vm_exit e = { .reason = EXIT_REASON_EXTERNAL_INTERRUPT,
				   .intr_info = 0x80000020 };

	platform_tsc_advance(w->s->b->p, 1 << 20); /* at once it would look like single-stepping */
	handle(w, &e);
}

static void tdcall(struct worker *w, uint64_t leaf, uint64_t rcx, uint64_t rdx)
{
	const struct vm_exit e = { .reason = EXIT_REASON_TDCALL, .instr_length = 4 };

	w->regs.gpr[GPR_RAX] = leaf;
	w->regs.gpr[GPR_RCX] = rcx;
	w->regs.gpr[GPR_RDX] = rdx;
	w->regs.gpr[GPR_R8] = 0;
	atomic_store(&w->last_leaf, 1ull << 32 | leaf);
	handle(w, &e);
	if (w->inside && leaf == LEAF_TDG_MEM_PAGE_ACCEPT && !w->regs.gpr[GPR_RAX])
		w->accepted++;
}

static uint64_t any_gpa(struct worker *w, bool page)
{
	unsigned level = page && !stress_rnd(w, 4);
	uint64_t gpa =
		(uint64_t)stress_rnd(w, 3) << 21 | (level ? 0 : (uint64_t)stress_rnd(w, 6) << 12);

	return gpa | level;
}

/* Long mode at level 0, and an instruction it has not been at before. */
static void set_mode(struct worker *w)
{
	struct vmcs *vmcs = vmcs_of(w);

	vmcs_write(vmcs, VMCS_GUEST_EFER, 0xd01);
	vmcs_write(vmcs, VMCS_GUEST_CS_RIGHTS, 0xa09b);
	vmcs_write(vmcs, VMCS_GUEST_RIP, w->rip += 0x1000);
}

void stress_guest(struct worker *w)
{
	set_mode(w);
	if (platform_interrupt_pending(w->s->b->p, w->lp) || !stress_rnd(w, STAY)) {
		interrupt(w);
		return;
	}
	switch (stress_rnd(w, 8)) {
	case 0: tdcall(w, LEAF_TDG_VP_INFO, 0, 0); break;
	case 1: tdcall(w, LEAF_TDG_MR_RTMR_EXTEND, any_gpa(w, false), stress_rnd(w, 4)); break;
	case 2: tdcall(w, LEAF_TDG_VM_RD, 0, 0x9010000200000004); break;
	case 3: tdcall(w, LEAF_TDG_MEM_PAGE_ATTR_RD, any_gpa(w, true), 0); break;
	case 4: tdcall(w, LEAF_TDG_MR_REPORT, any_gpa(w, false), any_gpa(w, false) | 0x400); break;
	default: tdcall(w, LEAF_TDG_MEM_PAGE_ACCEPT, any_gpa(w, true), 0); break;
	}
}

void stress_leave(struct worker *w)
{
	while (w->inside)
		interrupt(w);
}
