// SPDX-License-Identifier: MIT
/*
 * Single-step and zero-step defence.
 */
#include "module/stepping.h"
#include "module/guest.h"
#include "module/guest_mem.h"
#include "platform/platform.h"
#include "vmx/x86.h"

#define VIOLATIONS_TOLERATED 6u
#define TICKS_SUSPICIOUS 4096u
#define RIP_DELTA_SUSPICIOUS 30u /* two instructions of the greatest length */
#define EPF_LIST 32u
#define NOTIFY_EPT_FAULTS 1ull

static uint64_t rip_delta(const struct guest_exit *x)
{
	uint64_t rip = vmcs_read(x->vmcs, VMCS_GUEST_RIP);
	uint64_t entry = x->lp->step.entry_rip;

	return rip > entry ? rip - entry : entry - rip;
}

static void forget_violations(struct tdvps *vps)
{
	vps->last_epf_gpa_list_idx = 0;
	vps->possibly_epf_stepping = 0;
}

static bool is_nmi(const struct guest_exit *x)
{
	return exit_basic(x) == EXIT_REASON_EXCEPTION_NMI && INTR_VECTOR(x->ve->intr_info) == VECTOR_NMI;
}

static bool is_interruption(const struct guest_exit *x)
{
	switch (exit_basic(x)) {
	case EXIT_REASON_EXTERNAL_INTERRUPT:
	case EXIT_REASON_MONITOR_TRAP_FLAG:
	case EXIT_REASON_INIT:
		return true;
	case EXIT_REASON_OTHER_SMI:
		return !(x->ve->qualification & SMI_Q_MSMI);
	default:
		return is_nmi(x);
	}
}

/* A number from 1 to 32 of a 32-bit Galois shift register. */
static uint32_t random_count(struct guest_exit *x)
{
	struct lp_step *s = &x->lp->step;
	uint64_t seed = 0;

	if (!s->random && platform_rdrand(x->m->plat, x->lp_id, &seed))
		s->random = (uint32_t)seed;
	if (!s->random)
		s->random = 1;
	s->random = s->random >> 1 ^ (s->random & 1 ? 0xB4BCD35Cu : 0);
	return (s->random & 0x1f) + 1;
}

static bool suspicious(const struct guest_exit *x)
{
	return rip_delta(x) <= RIP_DELTA_SUSPICIOUS &&
	       x->vps->last_exit_tsc - x->lp->step.entry_tsc <= TICKS_SUSPICIOUS;
}

static void start(struct guest_exit *x)
{
	struct lp_step *s = &x->lp->step;

	s->instructions = random_count(x);
	s->active = true;
	if (exit_basic(x) == EXIT_REASON_EXTERNAL_INTERRUPT)
		platform_lp_kick(x->m->plat, x->lp_id);
	vmcs_set_bits(x->vmcs, VMCS_PROC_CTLS, VMX_PROC_MTF);
}

/* An instruction breakpoint on the next instruction: DR7 has it enabled, of type execute and length 1. */
static bool breakpoint_on_next(const struct guest_exit *x)
{
	uint64_t dr7 = vmcs_read(x->vmcs, VMCS_GUEST_DR7);
	uint64_t rip = vmcs_read(x->vmcs, VMCS_GUEST_RIP);

	for (unsigned i = 0; i < 4; i++)
		if (dr7 >> 2 * i & 3 && !(dr7 >> (16 + 4 * i) & 0xf) && x->vps->dr[i] == rip)
			return true;
	return false;
}

/* One more instruction before anything may interrupt: MOV SS blocking holds signals off for that long. */
static void next_step(struct guest_exit *x)
{
	uint64_t blocking = vmcs_read(x->vmcs, VMCS_GUEST_INTERRUPTIBILITY);

	x->lp->step.instructions--;
	if (vmcs_read(x->vmcs, VMCS_GUEST_PENDING_DEBUG) & PENDING_DEBUG_ANY || breakpoint_on_next(x) ||
	    blocking & INTERRUPTIBILITY_STI)
		return;
	vmcs_set_bits(x->vmcs, VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_MOV_SS);
}

static void stop(struct guest_exit *x)
{
	struct lp_step *s = &x->lp->step;

	s->active = s->nmi = s->init = false;
	s->instructions = 0;
	vmcs_clear_bits(x->vmcs, VMCS_PROC_CTLS, VMX_PROC_MTF);
}

static enum stepping_verdict on_interruption(struct guest_exit *x)
{
	struct lp_step *s = &x->lp->step;

	if (!s->active) {
		if (!suspicious(x))
			return STEPPING_CONTINUE;
		if (!(platform_rdmsr(x->m->plat, x->lp_id, MSR_APIC_BASE) & APIC_BASE_ENABLE))
			return STEPPING_WRONG_APIC_MODE;
		start(x);
	}
	s->nmi |= is_nmi(x);
	s->init |= exit_basic(x) == EXIT_REASON_INIT;
	if (!s->instructions)
		return STEPPING_CONTINUE;
	next_step(x);
	return STEPPING_RESUME;
}

enum stepping_verdict stepping_on_exit(struct guest_exit *x)
{
	struct lp_step *s = &x->lp->step;
	bool mtf = exit_basic(x) == EXIT_REASON_MONITOR_TRAP_FLAG;

	if (rip_delta(x))
		forget_violations(x->vps);
	if (is_interruption(x)) {
		enum stepping_verdict v = on_interruption(x);

		if (v != STEPPING_CONTINUE)
			return v;
	}
	if (!s->active)
		return STEPPING_CONTINUE;
	stop(x);
	if (!mtf)
		return STEPPING_CONTINUE;
	s->entry_tsc = 0;
	return STEPPING_RESUME;
}

static bool logged(const struct tdvps *vps, uint64_t gpa)
{
	for (unsigned i = 0; i < vps->last_epf_gpa_list_idx && i < EPF_LIST; i++)
		if (vps->last_epf_gpa_list[i] == gpa)
			return true;
	return false;
}

void stepping_log_violation(struct guest_exit *x, uint64_t gpa)
{
	struct tdvps *vps = x->vps;

	if (rip_delta(x))
		forget_violations(vps);
	if (vps->possibly_epf_stepping < VIOLATIONS_TOLERATED)
		vps->possibly_epf_stepping++;
	else if (vps->last_epf_gpa_list_idx < EPF_LIST && !logged(vps, gpa))
		vps->last_epf_gpa_list[vps->last_epf_gpa_list_idx++] = gpa;
}

/* Whether an access of any kind to a private page would still exit. */
static bool still_violates(struct call *c, uint64_t gpa)
{
	struct ept_tree tree = guest_private_ept(c->m, &c->td, 0);
	struct ept_page page;
	enum ept_result w = ept_walk(&tree, gpa, EPT_RWX, &page);

	return w != WALK_FOUND && w != WALK_CONVERTIBLE;
}

enum stepping_entry stepping_on_entry(struct call *c, uint64_t *gpa)
{
	struct tdvps *vps = c->vp.vps;

	c->lp->step.entry_rip = vmcs_read(vcpu_vmcs(c->m, &c->vp, vps->curr_vm), VMCS_GUEST_RIP);
	if (!vps->last_epf_gpa_list_idx)
		return STEPPING_ENTER;
	if (!call_lock(c, &c->td.tdcs->sept_lock, HELD_HOST_PRIO, LOCK_EXCLUSIVE))
		return STEPPING_TREE_BUSY;
	for (unsigned i = 0; i < vps->last_epf_gpa_list_idx && i < EPF_LIST; i++) {
		if (still_violates(c, vps->last_epf_gpa_list[i])) {
			*gpa = vps->last_epf_gpa_list[i];
			return STEPPING_REFUSE;
		}
	}
	return c->td.tdcs->notify_enables & NOTIFY_EPT_FAULTS ? STEPPING_NOTIFY : STEPPING_ENTER;
}
