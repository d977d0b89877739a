// SPDX-License-Identifier: MIT
/*
 * The guest of a worker's vCPU: a few TDCALLs, until an interrupt or an exit takes it back to the
 * host.
 */
#include "stress.h"

#include "explain/explain.h"
#include "module/guest.h"
#include "vmx/vmcs.h"

#define STAY	    12 /* exits in so many */
#define REPORT_DATA 0x400

static unsigned current_vm(const struct worker *w)
{
	return w->s->b->m->lp[w->lp].guest.vm;
}

static struct vmcs *vmcs_of(struct worker *w)
{
	struct vcpu vp;

	vcpu_load(w->s->b->m, w->vcpu, &vp);
	return vcpu_vmcs(w->s->b->m, &vp, current_vm(w));
}

void stress_exit(struct worker *w, const struct vm_exit *e)
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
	stress_exit(w, &e);
}

/* Long mode at level 0, and an instruction it has not been at before. */
static void set_mode(struct worker *w)
{
	struct vmcs *vmcs = vmcs_of(w);

	vmcs_write(vmcs, VMCS_GUEST_EFER, 0xd01);
	vmcs_write(vmcs, VMCS_GUEST_CS_RIGHTS, 0xa09b);
	vmcs_write(vmcs, VMCS_GUEST_RIP, w->rip += 0x1000);
}

bool stress_enter(struct worker *w, uint64_t vcpu)
{
	CALL(w, LEAF_TDH_VP_ENTER, vcpu);
	w->inside = module_in_guest(w->s->b->m, w->lp);
	w->vcpu = vcpu;
	w->entered += w->inside;
	return w->inside;
}

/* What the guest gets has a name; nothing is counted that made it leave. */
static void check_answer(struct worker *w, uint64_t leaf)
{
	struct explain_status known;
	uint64_t status = w->regs.gpr[GPR_RAX];

	if (!explain_status(status, &known))
		stress_wrong(w, "guest leaf %u answers %llx, which is no status", (unsigned)leaf,
			     (unsigned long long)status);
	stress_count(&w->guest[leaf & (LEAVES - 1)], status);
}

uint64_t stress_tdcall(struct worker *w, uint64_t leaf, const uint64_t in[8])
{
	const struct vm_exit e = { .reason = EXIT_REASON_TDCALL, .instr_length = 4 };
	unsigned vm = current_vm(w);

	set_mode(w);
	w->regs.gpr[GPR_RAX] = leaf;
	w->regs.gpr[GPR_RCX] = in[0];
	w->regs.gpr[GPR_RDX] = in[1];
	memcpy(&w->regs.gpr[GPR_R8], in + 2, 6 * sizeof(uint64_t));
	atomic_store(&w->last_leaf, 1ull << 32 | leaf);
	stress_exit(w, &e);
	if (w->inside && current_vm(w) == vm && w->regs.gpr[GPR_RAX] != leaf)
		check_answer(w, leaf);
	else if (leaf == LEAF_TDG_VP_VMCALL || leaf == LEAF_TDG_VP_ENTER)
		w->guest[leaf].done++;
	return w->regs.gpr[GPR_RAX];
}

/* A report into its own page is a report. */
static void own_report(struct worker *w)
{
	uint64_t gpa = REPORT_GPA(w);
	uint64_t st =
		stress_tdcall(w, LEAF_TDG_MR_REPORT, (uint64_t[8]){ gpa + REPORT_DATA * 2, gpa });

	if (!w->inside || st)
		return;
	st = stress_tdcall(w, LEAF_TDG_MR_VERIFYREPORT, (uint64_t[8]){ gpa + REPORT_DATA * 2 });
	if (w->inside && st && !stress_not_now(st))
		stress_wrong(w, "its own report does not verify: %llx", (unsigned long long)st);
}

static bool runs(struct worker *w, unsigned td)
{
	return w->s->b->m->lp[w->lp].guest.td.pa == w->s->tdr[td];
}

static void stretch(struct worker *w)
{
	if (runs(w, NESTED) && stress_rnd(w, 2))
		stress_nested_guest(w);
	else if (runs(w, MIGTD) && stress_rnd(w, 2))
		stress_service(w);
	else if (runs(w, RUNNER) && !stress_rnd(w, 8))
		own_report(w);
	else if (!stress_rnd(w, 3))
		stress_tdcall(w, LEAF_TDG_MEM_PAGE_ACCEPT,
			      (uint64_t[8]){ stress_gpa(w, !stress_rnd(w, 4)) });
	else
		stress_any_guest(w);
}

void stress_guest(struct worker *w)
{
	if (platform_interrupt_pending(w->s->b->p, w->lp) || !stress_rnd(w, STAY))
		interrupt(w);
	else if (current_vm(w))
		stress_nested_vm(w);
	else
		stretch(w);
}

void stress_leave(struct worker *w)
{
	while (w->inside)
		interrupt(w);
}
