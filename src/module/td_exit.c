// SPDX-License-Identifier: MIT
/*
 * TD exits: what the host finds in its registers, what becomes of the vCPU, and the end of the run's locks.
 */
#include <string.h>
#include "module/guest.h"
#include "module/l2.h"
#include "vmx/xsave.h"

#define STATUS_FATAL (1ull << 61)
#define STATUS_HINT (1ull << 60)
#define QUALIFICATION_VM_SHIFT 32
#define QUALIFICATION_VM_MASK (3ull << QUALIFICATION_VM_SHIFT)

/* What the kind of exit means for the vCPU. */
struct aftermath {
	uint8_t state;
	uint8_t last_exit;
	bool fatal;       /* the TD is lost */
	bool inaccessible; /* not even its state is saved */
};

static struct aftermath aftermath_of(const struct guest_exit *x)
{
	struct aftermath a = { .state = x->vps->state, .last_exit = x->vps->last_td_exit };

	switch (x->exit.status) {
	case TDX_NON_RECOVERABLE_VCPU:
		a.state = VCPU_STATE_DISABLED;
		break;
	case TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE:
		a.inaccessible = true;
		/* fall through */
	case TDX_NON_RECOVERABLE_TD:
	case TDX_NON_RECOVERABLE_TD_WRONG_APIC_MODE:
	case TDX_NON_RECOVERABLE_TD_CORRUPTED_MD:
		a.fatal = true;
		break;
	default:
		a.state = VCPU_STATE_READY;
		a.last_exit = x->exit.status & STATUS_HINT ? LAST_TD_EXIT_ASYNC_TRAP : LAST_TD_EXIT_ASYNC_FAULT;
		break;
	}
	return a;
}

static void host_registers_begin(struct guest_exit *x, uint64_t rbp)
{
	memset(x->regs, 0, sizeof(*x->regs));
	x->regs->gpr[GPR_RSP] = x->lp->guest.host_rsp;
	x->regs->gpr[GPR_RBP] = rbp;
}

static void host_registers_async(struct guest_exit *x, bool fatal)
{
	uint64_t *gpr = x->regs->gpr;
	uint32_t reason = x->exit.reason;

	if (x->exit.bus_lock && x->lp->step.bus_lock)
		reason |= EXIT_BUS_LOCK_BIT;
	host_registers_begin(x, 0);
	gpr[GPR_RAX] = x->exit.status | (fatal ? STATUS_FATAL : 0) | reason;
	gpr[GPR_RCX] = (x->exit.qualification & ~QUALIFICATION_VM_MASK) |
		       (uint64_t)x->vps->curr_vm << QUALIFICATION_VM_SHIFT;
	gpr[GPR_RDX] = x->exit.extended;
	gpr[GPR_R8] = x->exit.gpa;
	gpr[GPR_R9] = x->exit.intr_info;
}

static void host_registers_vmcall(struct guest_exit *x)
{
	const uint64_t *guest = x->vps->gpr;
	uint64_t mask = guest[GPR_RCX];
	bool keep_rbp = x->tdcs->config_flags & TD_CONFIG_NO_RBP_MOD;

	host_registers_begin(x, keep_rbp ? x->lp->guest.host_rbp : 0);
	for (unsigned i = GPR_RDX; i < GPR_COUNT; i++)
		if (mask >> i & 1)
			x->regs->gpr[i] = guest[i];
	x->regs->gpr[GPR_RAX] = EXIT_REASON_TDCALL | (x->lp->step.bus_lock ? EXIT_BUS_LOCK_BIT : 0);
	x->regs->gpr[GPR_RCX] = (mask & 0xffffffff) | (uint64_t)x->vps->curr_vm << QUALIFICATION_VM_SHIFT;
	xsave_xmm_some(vcpu_page(x->m, x->vp, TDVPS_PAGE_XBUFF), x->regs->xmm, (uint16_t)(mask >> 16));
}

void epoch_leave(struct tdcs *tdcs, const struct tdvps *vps)
{
	__atomic_fetch_sub(&tdcs->epoch_refcount[vps->vcpu_epoch & 1], 1, __ATOMIC_RELEASE);
}

static void leave(struct guest_exit *x, const struct aftermath *a, bool skip_instruction)
{
	struct lp_guest *g = &x->lp->guest;

	x->lp->step.bus_lock = false;
	if (a->fatal)
		x->td->tdr->fatal = 1;
	if (!a->inaccessible) {
		if (skip_instruction)
			guest_skip_instruction(x->vmcs);
		else if (x->vps->curr_vm)
			l2_store_state(x->m, x->vp, x->vps->curr_vm);
		x->vps->last_td_exit = a->last_exit;
		__atomic_store_n(&x->vps->state, a->state, __ATOMIC_RELEASE);
		epoch_leave(x->tdcs, x->vps);
	}
	g->running = false;
	held_release(&g->held, 0);
	__atomic_store_n(&x->lp->in_module, false, __ATOMIC_RELEASE);
}

void td_exit(struct guest_exit *x)
{
	static const struct aftermath of_vmcall = { .state = VCPU_STATE_READY, .last_exit = LAST_TD_EXIT_TDVMCALL };
	bool vmcall = x->next == NEXT_VMCALL;
	struct aftermath a = vmcall ? of_vmcall : aftermath_of(x);

	if (!a.inaccessible)
		xsave_xmm_save(vcpu_page(x->m, x->vp, TDVPS_PAGE_XBUFF), (const uint8_t(*)[16])x->regs->xmm);
	if (vmcall)
		host_registers_vmcall(x);
	else
		host_registers_async(x, a.fatal);
	leave(x, &a, vmcall || x->exit.status & STATUS_HINT);
}
