// SPDX-License-Identifier: MIT
/*
 * Calls: one step of the module at a time, or until the host has control again.
 */
#include <stddef.h>

#include "lib/machine_impl.h"
#include "module/state.h"
#include "tdx/policy.h"

_Static_assert(sizeof(struct seamless_regs) == sizeof(struct cpu_regs), "layout");
_Static_assert(offsetof(struct seamless_regs, gpr) == offsetof(struct cpu_regs, gpr), "layout");
_Static_assert(offsetof(struct seamless_regs, xmm) == offsetof(struct cpu_regs, xmm), "layout");
_Static_assert(_Alignof(struct seamless_regs) == _Alignof(struct cpu_regs), "layout");
_Static_assert((int)SEAMLESS_TO_HOST == (int)MODULE_TO_HOST, "where");
_Static_assert((int)SEAMLESS_TO_GUEST == (int)MODULE_TO_GUEST, "where");

/* A kick has done its work when a call returns to the host for it. */
static void take_interrupt(struct lib_lp *lp, const struct seamless_regs *regs, bool left_guest)
{
	uint64_t status = regs->gpr[GPR_RAX];

	if (left_guest || (status && tdx_status_interrupted(tdx_status(status))))
		platform_lp_ack(lp->machine->platform, lp->number);
}

static __attribute__((noinline)) enum module_where
vm_exit(struct lib_lp *lp, const struct seamless_vm_exit *e, struct cpu_regs *regs)
{
	const struct vm_exit exit = {
		.reason = e->reason,
		.qualification = e->qualification,
		.guest_linear = e->guest_linear,
		.guest_physical = e->guest_physical,
		.intr_info = e->intr_info,
		.intr_error = e->intr_error,
		.idt_info = e->idt_info,
		.idt_error = e->idt_error,
		.instr_length = e->instr_length,
		.instr_info = e->instr_info,
	};

	return module_vm_exit(lp->machine->module, lp->number, regs, &exit);
}

/* Part of each of its callers: a call costs little more than what it does. */
static inline __attribute__((always_inline)) enum seamless_where
step(struct lib_lp *lp, const struct seamless_vm_exit *exit, struct seamless_regs *regs, bool fault)
{
	struct seamless_machine *m = lp->machine;
	struct cpu_regs *cpu = (struct cpu_regs *)regs;
	uint64_t ticks = atomic_load_explicit(&m->event_ticks, memory_order_relaxed);
	enum module_where where;

	if (ticks)
		platform_tsc_advance(m->platform, ticks);
	if (CHECK_STATE)
		lib_step_begin(m);
	where = exit ? vm_exit(lp, exit, cpu) : module_seamcall(m->module, lp->number, cpu);
	if (CHECK_STATE)
		lib_step_end(m);
	if (fault)
		lib_fault_end(lp);
	if (where == MODULE_TO_HOST)
		take_interrupt(lp, regs, exit);
	return (enum seamless_where)where;
}

static enum seamless_where traced_step(struct lib_lp *lp, const struct seamless_vm_exit *exit,
				       struct seamless_regs *regs, bool fault)
{
	struct seamless_regs in = *regs;
	struct seamless_event event = {
		.kind = exit ? SEAMLESS_EVENT_VM_EXIT : SEAMLESS_EVENT_SEAMCALL,
		.lp = (int)lp->number,
		.in = &in,
		.exit = exit,
	};

	if (lp->machine->watch)
		lib_watch_look(lp->machine);
	lib_tell(lp->machine, &event);
	event.where = step(lp, exit, regs, fault);
	event.after = true;
	event.out = regs;
	lib_tell(lp->machine, &event);
	return event.where;
}

static __attribute__((noinline)) enum seamless_where
faulty_step(struct lib_lp *lp, const struct seamless_vm_exit *exit, struct seamless_regs *regs)
{
	bool call = !exit || exit->reason == SEAMLESS_EXIT_TDCALL;
	bool fault = call && lib_fault_begin(lp, exit, regs);

	return lp->machine->traces ? traced_step(lp, exit, regs, fault)
				   : step(lp, exit, regs, fault);
}

static inline __attribute__((always_inline)) enum seamless_where
any_step(struct lib_lp *lp, const struct seamless_vm_exit *exit, struct seamless_regs *regs)
{
	struct seamless_machine *m = lp->machine;

	if (atomic_load_explicit(&m->faults.any, memory_order_relaxed))
		return faulty_step(lp, exit, regs);
	return m->traces ? traced_step(lp, exit, regs, false) : step(lp, exit, regs, false);
}

static inline bool in_guest(const struct lib_lp *lp)
{
	return lp->machine->module->lp[lp->number].guest.running;
}

static inline __attribute__((always_inline)) enum seamless_where
seamcall(struct lib_lp *lp, struct seamless_regs *regs)
{
	if (lp && !in_guest(lp))
		return any_step(lp, NULL, regs);
	regs->gpr[GPR_RAX] = TDX_SEAMCALL_UD;
	return SEAMLESS_NOWHERE;
}

enum seamless_where seamless_seamcall(struct seamless_regs *regs)
{
	return seamcall(lib_current(), regs);
}

enum seamless_where seamless_vm_exit(const struct seamless_vm_exit *exit,
				     struct seamless_regs *regs)
{
	struct lib_lp *lp = lib_current();

	return lp && in_guest(lp) ? any_step(lp, exit, regs) : SEAMLESS_NOWHERE;
}

void seamless_transport_seamcall(struct seamless_regs *regs)
{
	struct lib_lp *lp = lib_current();
	enum seamless_where where = seamcall(lp, regs);

	while (where == SEAMLESS_TO_GUEST) {
		struct seamless_vm_exit exit = { 0 };

		lib_run_guest(lp, regs, &exit);
		where = any_step(lp, &exit, regs);
	}
}
