// SPDX-License-Identifier: MIT
/*
 * Machine checks inside the module: the way out of a call, and what is left.
 */
#include "module/machine_check.h"
#include "module/state.h"
#include "platform/platform.h"

_Thread_local struct machine_check *machine_check_guard;

void machine_check_at(uint64_t pa)
{
	if (!machine_check_guard)
		return;
	machine_check_guard->pa = pa;
	machine_check_return(machine_check_guard);
}

static void explain(struct module *m, unsigned lp, uint64_t pa)
{
	struct explain_reason *r = &m->lp[lp].reason;
	struct mem_event event;

	*r = (struct explain_reason){ .status = TDX_SEAMCALL_VMFAILINVALID };
	if (!mem_last_destroyed(&m->plat->mem, pa, &event)) {
		r->rule = "machine check at %x; the module is shut down";
		r->value[0] = pa;
		return;
	}
	r->rule = event.lp == MEM_NO_LP
		? "machine check: the page of %x (key id %u) was overwritten by the host; the module is shut down"
		: "machine check: the page of %x (key id %u) was overwritten by the host on logical processor %u; "
		  "the module is shut down";
	r->value[0] = event.pa;
	r->value[1] = event.hkid;
	r->value[2] = event.lp;
}

static enum module_where refuse(struct module *m, unsigned lp, struct cpu_regs *regs)
{
	m->lp[lp].guest.running = false;
	__atomic_store_n(&m->lp[lp].in_module, false, __ATOMIC_SEQ_CST);
	regs->gpr[GPR_RAX] = TDX_SEAMCALL_VMFAILINVALID;
	return MODULE_TO_HOST;
}

enum module_where machine_check_end(struct module *m, unsigned lp, struct cpu_regs *regs, uint64_t pa)
{
	machine_check_guard = NULL;
	__atomic_store_n(&m->dead, true, __ATOMIC_RELEASE);
	explain(m, lp, pa);
	return refuse(m, lp, regs);
}

enum module_where machine_check_dead(struct module *m, unsigned lp, struct cpu_regs *regs)
{
	m->lp[lp].refused = NULL;
	m->lp[lp].reason = (struct explain_reason){ .status = TDX_SEAMCALL_VMFAILINVALID,
						    .rule = "the module was shut down by a machine check" };
	return refuse(m, lp, regs);
}
