// SPDX-License-Identifier: MIT
/*
 * TDCALL: from the exit to the row of a guest leaf and back, and the host's priority on locks that a guest holds.
 */
#include "module/guest.h"
#include "platform/platform.h"

/* The leaf decides over the guest's RAX and RIP: the engine must leave them. */
struct guest_exit *guest_exit_of(struct call *c)
{
	return c->lp->guest.exit;
}

uint64_t leaf_leaves(struct call *c)
{
	c->where = MODULE_TO_HOST;
	return TDX_SUCCESS;
}

uint64_t leaf_interrupted(struct call *c)
{
	guest_exit_of(c)->next = NEXT_AGAIN;
	return leaf_leaves(c);
}

uint64_t guest_lock(struct call *c, uint16_t *lock, enum lock_mode mode, unsigned operand, const char *what)
{
	uint64_t st = call_lock_or_busy(c, lock, HELD_HOST_PRIO, mode, operand, what);

	if (st)
		guest_exit_of(c)->host_priority = lock_held(lock, LOCK_BIT_HOST_PRIO);
	return st;
}

/*
 * A guest that keeps failing on a lock which the host wants leaves to the host after a while. RAX tells the guest of
 * the lock as if it were merely busy.
 */
static void watch_host_priority(struct guest_exit *x, bool timeout)
{
	struct tdvps *vps = x->vps;
	uint64_t now;

	if (!x->host_priority) {
		vps->hp_lock_busy = 0;
		return;
	}
	now = platform_rdtsc(x->m->plat);
	if (!vps->hp_lock_busy && !timeout) {
		vps->hp_lock_busy = 1;
		vps->hp_lock_busy_start = now;
	} else if (timeout || now - vps->hp_lock_busy_start >= __atomic_load_n(&x->tdcs->hp_lock_timeout, __ATOMIC_RELAXED)) {
		vps->hp_lock_busy = 0;
		exit_plain(x, TDX_HOST_PRIORITY_BUSY_TIMEOUT);
	}
}

void handle_tdcall(struct guest_exit *x)
{
	struct call c;

	if (!guest_in_64bit(x->vmcs)) {
		inject_gp(x);
		return;
	}
	call_init(&c, x->m, x->lp_id, x->regs, MODULE_TO_GUEST);
	c.guest = true;
	c.vm = x->vps->curr_vm;
	c.td = *x->td;
	c.vp = *x->vp;
	x->lp->guest.exit = x;
	call_dispatch_guest(&c);
	x->lp->guest.exit = NULL;
	guest_regs_save(x->vps, x->regs);
	x->host_priority |= fault_host_priority(&c.lp->fault);
	if (c.where == MODULE_TO_GUEST)
		watch_host_priority(x, fault_timeout(&c.lp->fault));
}
