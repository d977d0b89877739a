// SPDX-License-Identifier: MIT
/*
 * A call's locks, and what it reaches outside the module.
 */
#include "module/call.h"
#include "module/check.h"
#include "module/state.h"
#include "platform/platform.h"

uint64_t call_lock_or_busy(struct call *c, void *lock, enum held_kind kind, enum lock_mode mode,
			   unsigned operand, const char *what)
{
	if (!fault_meets(&c->lp->fault, TDX_OPERAND_BUSY | operand) && call_lock(c, lock, kind, mode))
		return TDX_SUCCESS;
	return fail(c, TDX_OPERAND_BUSY | operand, "%s is locked by another logical processor or a running vCPU",
		    (uintptr_t)what);
}

uint64_t call_lock_sept_entry(struct call *c, unsigned operand)
{
	if (fault_meets(&c->lp->fault, TDX_OPERAND_BUSY | operand) || !call_lock(c, c->sept.entry, HELD_SEPT_ENTRY, LOCK_EXCLUSIVE)) {
		if (!c->guest)
			sept_put(c);
		return fail(c, TDX_OPERAND_BUSY | operand, "the secure EPT entry of GPA %x at level %u is locked",
			    c->sept.gpa, c->sept.level);
	}
	sept_reload(&c->sept);
	return TDX_SUCCESS;
}

void call_unlock(struct call *c, void *lock)
{
	for (unsigned i = c->held.count; i-- > 0;) {
		if (c->held.lock[i].lock != lock)
			continue;
		let_go(&c->held.lock[i]);
		for (c->held.count--; i < c->held.count; i++)
			c->held.lock[i] = c->held.lock[i + 1];
		return;
	}
}

void call_hand_over(struct call *c, struct held_set *to)
{
	*to = c->held;
	c->held.count = 0;
}

bool call_interrupted(struct call *c)
{
	if (platform_interrupt_pending(c->m->plat, c->lp_id))
		return true;
	if (!fault_interrupts(&c->lp->fault))
		return false;
	platform_lp_kick(c->m->plat, c->lp_id);
	vmx_kick(&c->m->processors, c->lp_id);
	return true;
}

const void *shared_in(struct call *c, uint64_t pa, uint64_t len, void *bounce)
{
	return mem_shared_in(&c->m->plat->mem, platform_pa(c->m->plat, pa), len, bounce);
}

void *shared_out(struct call *c, uint64_t pa, uint64_t len)
{
	struct platform *p = c->m->plat;

	return mem_shared_ptr(&p->mem, c->lp_id, platform_pa(p, pa), len);
}
