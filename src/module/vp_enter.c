// SPDX-License-Identifier: MIT
/*
 * TDH.VP.ENTER: its checks in their order, the count of the TD's epoch, and the guest's registers at entry.
 */
#include <string.h>
#include "gen/checks.h"
#include "module/guest.h"
#include "module/l2.h"
#include "module/stepping.h"
#include "platform/platform.h"
#include "vmx/x86.h"
#include "vmx/xsave.h"

#define STATUS_HINT_BIT 60

static uint64_t flags_of(const struct call *c)
{
	return c->regs->gpr[GPR_RCX];
}

uint64_t vp_enter_split(struct call *c)
{
	c->flags = c->in[GPR_RCX] & (RCX_HINT | RCX_RESUME_L1);
	c->flags_reg = GPR_RCX;
	c->in[GPR_RCX] &= ~c->flags;
	return TDX_SUCCESS;
}

/* Associates; a vCPU that comes anew or that did not run here last has stale translations. */
uint64_t vp_enter_associate(struct call *c)
{
	bool fresh = __atomic_load_n(&c->vp.vps->assoc_lpid, __ATOMIC_RELAXED) == LPID_NONE ||
		     c->lp->guest.last_tdvpr != c->vp.pa;
	uint64_t st = check_vcpu_associate(c, false);

	if (!st && fresh)
		c->lp->guest.stale_tlb = true;
	return st;
}

uint64_t vp_enter_route(struct call *c)
{
	if (flags_of(c) & RCX_RESUME_L1)
		l2_route_to_l1(c->vp.vps);
	return TDX_SUCCESS;
}

uint64_t vp_enter_tsc(struct call *c)
{
	uint64_t tsc = platform_rdtsc(c->m->plat);

	if ((int64_t)(tsc - c->vp.vps->last_exit_tsc) < 0)
		return fail(c, TDX_TSC_ROLLBACK, "the TSC is %x, was %x at the last VM exit", tsc,
			    c->vp.vps->last_exit_tsc);
	return TDX_SUCCESS;
}

/* From here on TDH.MEM.TRACK waits for this vCPU's exit, in its epoch. */
uint64_t vp_enter_epoch(struct call *c)
{
	struct tdcs *tdcs = c->td.tdcs;
	uint64_t st = call_lock_named(c, CHECK_LOCK_EPOCH, LOCK_SHARED);
	uint64_t epoch;

	if (st)
		return st;
	epoch = td_epoch(&c->td);
	__atomic_fetch_add(&tdcs->epoch_refcount[epoch & 1], 1, __ATOMIC_ACQ_REL);
	call_unlock(c, &tdcs->epoch_lock);
	if (c->vp.vps->vcpu_epoch != epoch) {
		c->vp.vps->vcpu_epoch = epoch;
		c->lp->guest.stale_tlb = true;
		l2_forget_translations(&c->td, c->vp.vps);
	}
	return TDX_SUCCESS;
}

/* An EPT violation exit although the guest was not entered: suspicion of a zero-step attack, or a page of L2's. */
static uint64_t refuse_as_ept_violation(struct call *c, uint64_t gpa)
{
	uint64_t *gpr = c->regs->gpr;
	uint64_t rbp = gpr[GPR_RBP], rsp = gpr[GPR_RSP];

	epoch_leave(c->td.tdcs, c->vp.vps);
	c->vp.vps->last_td_exit = LAST_TD_EXIT_ASYNC_FAULT;
	memset(c->regs, 0, c->lp->guest.last_tdvpr ? sizeof(*c->regs) : sizeof(c->regs->gpr)); /* XMM: if a guest ran here */
	gpr[GPR_RBP] = rbp;
	gpr[GPR_RSP] = rsp;
	gpr[GPR_RCX] = EPT_Q_WRITE | (uint64_t)c->vp.vps->curr_vm << 32;
	gpr[GPR_R8] = gpa & ~(uint64_t)(PAGE_BYTES - 1);
	return EXIT_REASON_EPT_VIOLATION;
}

/*
 * The guest wants to hear of a suspected zero-step attack: by #VE if an event can be delivered to it now, by the
 * return of TDG.VP.ENTER if L2 met it.
 */
static void notify_suspicion(struct call *c)
{
	struct vmcs *vmcs = vcpu_vmcs(c->m, &c->vp, c->vp.vps->curr_vm);
	uint64_t gpa = vmcs_read(vmcs, VMCS_GUEST_PHYSICAL);
	uint64_t q = vmcs_read(vmcs, VMCS_EXIT_QUALIFICATION);
	uint32_t reason = (uint32_t)vmcs_read(vmcs, VMCS_EXIT_REASON);
	struct guest_exit x = { .m = c->m, .lp = c->lp, .lp_id = c->lp_id, .td = &c->td, .vp = &c->vp,
				.tdcs = c->td.tdcs, .vps = c->vp.vps, .vmcs = vmcs };

	if ((reason & EXIT_BASIC) != EXIT_REASON_EPT_VIOLATION || gpa & td_shared_bit(&c->td))
		return;
	if (c->vp.vps->curr_vm) {
		l2_route_to_l1(c->vp.vps);
		return;
	}
	if (vmcs_read(vmcs, VMCS_GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_NMI || q & EPT_Q_NMI_UNBLOCKING ||
	    vmcs_read(vmcs, VMCS_IDT_INFO) & INTR_VALID || c->vp.vps->ve_valid)
		return;
	inject_ve(&x, reason, q, gpa, 0);
}

uint64_t vp_enter_stepping(struct call *c)
{
	struct tdvps *vps = c->vp.vps;
	uint64_t suspect = 0, missing = 0;
	enum stepping_entry verdict = stepping_on_entry(c, &suspect);

	if (verdict == STEPPING_TREE_BUSY) {
		epoch_leave(c->td.tdcs, vps);
		return fail(c, TDX_OPERAND_BUSY | TDX_OPERAND_ID_SEPT_TREE, "the secure EPT is in use by another call");
	}
	if (verdict == STEPPING_NOTIFY)
		notify_suspicion(c);
	if (vps->curr_vm && !l2_resume(c, &missing))
		return refuse_as_ept_violation(c, missing);
	if (verdict == STEPPING_REFUSE)
		return refuse_as_ept_violation(c, suspect);
	if (vps->curr_vm && !l2_translate(c->m, &c->td, &c->vp, vps->curr_vm, &missing))
		return refuse_as_ept_violation(c, missing);
	return TDX_SUCCESS;
}

void vp_enter_complete_vmcall(struct call *c)
{
	uint64_t *guest = c->vp.vps->gpr;
	uint64_t mask = guest[GPR_RCX];

	xsave_xmm_set(vcpu_page(c->m, &c->vp, TDVPS_PAGE_XBUFF), (const uint8_t(*)[16])c->regs->xmm,
		      (uint16_t)(mask >> 16));
	for (unsigned i = GPR_RDX; i < GPR_COUNT; i++)
		if (mask >> i & 1)
			guest[i] = c->regs->gpr[i];
	guest[GPR_RAX] = TDX_SUCCESS;
}

static void complete_last_exit(struct call *c)
{
	uint64_t *rax = &c->vp.vps->gpr[GPR_RAX];
	uint64_t hint = (flags_of(c) & RCX_HINT) != 0;

	if (c->vp.vps->last_td_exit == LAST_TD_EXIT_TDVMCALL)
		vp_enter_complete_vmcall(c);
	else if (c->vp.vps->last_td_exit == LAST_TD_EXIT_ASYNC_TRAP)
		*rax = (*rax & ~(1ull << STATUS_HINT_BIT)) | hint << STATUS_HINT_BIT;
}

static void start_run(struct call *c)
{
	struct lp_guest *g = &c->lp->guest;

	g->running = g->fresh = true;
	g->destroyed_seen = 0;
	g->vm = c->vp.vps->curr_vm;
	g->td = c->td;
	g->vp = c->vp;
	g->last_tdvpr = c->vp.pa;
	g->host_rsp = c->regs->gpr[GPR_RSP];
	g->host_rbp = c->regs->gpr[GPR_RBP];
	call_unlock(c, &c->td.tdcs->op_state_lock);
	if (c->vp.vps->last_epf_gpa_list_idx)
		call_unlock(c, &c->td.tdcs->sept_lock);
	call_hand_over(c, &g->held);
}

void tdh_vp_enter(struct call *c)
{
	struct tdvps *vps = c->vp.vps;

	complete_last_exit(c);
	if (!vps->curr_vm)
		guest_request_nmi_window(vps, vcpu_vmcs(c->m, &c->vp, 0));
	__atomic_store_n(&vps->state, VCPU_STATE_ACTIVE, __ATOMIC_RELEASE);
	start_run(c);
	guest_regs_load(vps, c->regs);
	xsave_xmm_load(vcpu_page(c->m, &c->vp, TDVPS_PAGE_XBUFF), c->regs->xmm);
	c->lp->step.entry_tsc = platform_rdtsc(c->m->plat);
	c->where = MODULE_TO_GUEST;
}
