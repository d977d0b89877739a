// SPDX-License-Identifier: MIT
/*
 * VM exits: what the processor reported is put on record, one row per basic reason says what happens, and the guest
 * goes on or the TD exits to the host.
 */
#include "module/machine_check.h"
#include "module/guest.h"
#include "module/l2.h"
#include "module/stepping.h"
#include "platform/platform.h"
#include "vmx/x86.h"

/* ---- how an exit ends ---- */

void exit_to_host(struct guest_exit *x, uint64_t status, uint64_t qualification, uint32_t intr_info)
{
	x->next = NEXT_EXIT;
	x->exit = (struct td_exit){
		.status = status,
		.reason = x->ve->reason,
		.qualification = qualification,
		.intr_info = intr_info,
		.bus_lock = true,
	};
}

void exit_ept(struct guest_exit *x, uint64_t gpa, uint64_t qualification, uint64_t extended)
{
	exit_to_host(x, TDX_SUCCESS, qualification & ~EPT_Q_HIDDEN, 0);
	if (exit_basic(x) != EXIT_REASON_EPT_VIOLATION)
		x->exit.reason = EXIT_REASON_EPT_VIOLATION;
	x->exit.extended = extended;
	x->exit.gpa = gpa & ~(uint64_t)(PAGE_BYTES - 1);
}

void exit_ept_misconfigured(struct guest_exit *x, uint64_t gpa)
{
	exit_to_host(x, TDX_SUCCESS, 0, 0);
	if (exit_basic(x) != EXIT_REASON_EPT_MISCONFIGURATION)
		x->exit.reason = EXIT_REASON_EPT_MISCONFIGURATION;
	x->exit.gpa = gpa & ~(uint64_t)(PAGE_BYTES - 1);
}

void exit_plain(struct guest_exit *x, uint64_t status)
{
	exit_to_host(x, status, 0, 0);
	x->exit.reason = 0;
	x->exit.bus_lock = false;
}

void exit_unexpected(struct guest_exit *x)
{
	exit_to_host(x, exit_debug_td(x) ? TDX_SUCCESS : TDX_NON_RECOVERABLE_TD, x->ve->qualification, 0);
}

/* ---- exits with little to do ---- */

void inject_ve_as_is(struct guest_exit *x)
{
	inject_ve(x, x->ve->reason, x->ve->qualification, 0, 0);
}

void exit_as_is(struct guest_exit *x)
{
	exit_to_host(x, TDX_SUCCESS, x->ve->qualification, 0);
}

void exit_with_interrupt(struct guest_exit *x)
{
	exit_to_host(x, TDX_SUCCESS, x->ve->qualification, x->ve->intr_info);
}

void handle_triple_fault(struct guest_exit *x)
{
	exit_to_host(x, TDX_NON_RECOVERABLE_VCPU, x->ve->qualification, 0);
}

void handle_exception(struct guest_exit *x)
{
	uint32_t info = x->ve->intr_info;

	if (INTR_TYPE(info) == INTR_TYPE_NMI)
		exit_with_interrupt(x);
	else if (INTR_VECTOR(info) == VECTOR_MC)
		exit_to_host(x, TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE, x->ve->qualification, info);
	else if (x->vps->curr_vm)
		l2_exit_to_l1(x);
	else
		exit_to_host(x, exit_debug_td(x) ? TDX_SUCCESS : TDX_NON_RECOVERABLE_TD, x->ve->qualification, info);
}

void handle_smi(struct guest_exit *x)
{
	bool machine_check = x->ve->qualification & SMI_Q_MSMI;

	exit_to_host(x, machine_check ? TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE : TDX_SUCCESS, x->ve->qualification,
		     x->ve->intr_info);
}

void handle_notification(struct guest_exit *x)
{
	bool lost = x->ve->qualification & NOTIFICATION_Q_CONTEXT_INVALID;

	if (x->ve->qualification & NOTIFICATION_Q_NMI_UNBLOCKING)
		guest_reblock_nmi(x);
	exit_to_host(x, lost ? TDX_NON_RECOVERABLE_TD : TDX_SUCCESS, x->ve->qualification, 0);
}

void handle_rdpmc(struct guest_exit *x)
{
	if (x->tdcs->attributes & TD_ATTR_PERFMON)
		exit_unexpected(x);
	else
		inject_gp(x);
}

void handle_nmi_window(struct guest_exit *x)
{
	if (x->vps->pend_nmi && !x->vps->ve_valid) {
		inject_event(x->vmcs, INJECT_NMI, 0);
		x->vps->pend_nmi = 0;
	}
	vmcs_clear_bits(x->vmcs, VMCS_PROC_CTLS, VMX_PROC_NMI_WINDOW);
}

void exit_entry_failed(struct guest_exit *x)
{
	if (exit_basic(x) == EXIT_REASON_ENTRY_FAILURE_MACHINE_CHECK)
		exit_to_host(x, TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE, x->ve->qualification, 0);
	else if (x->vps->curr_vm && exit_basic(x) == EXIT_REASON_ENTRY_FAILURE_GUEST_STATE)
		l2_exit_to_l1(x);
	else
		exit_unexpected(x);
}

/* Only these meet the delivery of an event in a production TD. */
static bool may_interrupt_delivery(uint32_t basic)
{
	return basic == EXIT_REASON_TASK_SWITCH || basic == EXIT_REASON_EPT_VIOLATION || basic == EXIT_REASON_EPT_MISCONFIGURATION;
}

static void handle(struct guest_exit *x)
{
	exit_handler handler = exit_basic(x) < EXIT_REASONS ? l1_handlers[exit_basic(x)] : NULL;

	if (x->ve->idt_info & INTR_VALID) {
		if (!may_interrupt_delivery(exit_basic(x))) {
			exit_unexpected(x);
			return;
		}
		reinject_idt_event(x);
	}
	if (x->ve->reason & EXIT_ENTRY_FAILED)
		exit_entry_failed(x);
	else if (handler)
		handler(x);
	else
		exit_unexpected(x);
}

/* ---- around every exit ---- */

/* The control pages are used by pointers from the entry on: the host may have destroyed one since. */
static void check_control_pages(const struct module *m, struct lp_guest *g)
{
	uint64_t destroyed = mem_destroyed(&m->plat->mem);

	if (g->destroyed_seen == destroyed)
		return;
	g->destroyed_seen = destroyed;
	pa_ptr(m, g->td.pa);
	for (unsigned i = 0; i < g->td.tdr->num_tdcx; i++)
		td_page(m, &g->td, i);
	pa_ptr(m, g->vp.pa);
	for (unsigned i = 0; i < g->vp.vps->num_pages; i++)
		vcpu_page(m, &g->vp, i);
}

static void begin(struct guest_exit *x)
{
	struct lp_guest *g = &x->lp->guest;

	check_control_pages(x->m, g);
	x->td = &g->td;
	x->vp = &g->vp;
	x->tdcs = g->td.tdcs;
	x->vps = g->vp.vps;
	x->vmcs = vcpu_vmcs(x->m, x->vp, x->vps->curr_vm);
	x->next = NEXT_RESUME;
	vm_exit_record(x->vmcs, x->ve);
	x->vps->last_exit_tsc = platform_rdtsc(x->m->plat);
	x->vps->nmi_unblocking_due_to_iret = 0;
	guest_regs_save(x->vps, x->regs);
	x->vps->lp_dependent_hpa_updated[x->vps->curr_vm] = 1;
	x->vps->module_dependent_fields_updated[x->vps->curr_vm] = 1;
	if (!(x->ve->reason & EXIT_ENTRY_FAILED))
		x->vps->vm_launched[x->vps->curr_vm] = 1;
}

/* A debugger's exception bitmap holds for what the module injects too. */
static void check_debugger(struct guest_exit *x)
{
	bool goes_on = x->next == NEXT_RESUME || x->next == NEXT_AGAIN;

	if (!goes_on || !exit_debug_td(x) || !injection_is_intercepted(x->vmcs))
		return;
	exit_to_host(x, TDX_SUCCESS, 0, (uint32_t)vmcs_read(x->vmcs, VMCS_ENTRY_INTR_INFO));
	x->exit.reason = EXIT_REASON_EXCEPTION_NMI;
}

/* The guest goes on, unless a bus lock that was reported on the way is due first. */
static void finish_resume(struct guest_exit *x)
{
	if (x->next != NEXT_RESUME && x->next != NEXT_AGAIN)
		return;
	if (x->next == NEXT_RESUME && !(vmcs_read(x->vmcs, VMCS_ENTRY_INTR_INFO) & INTR_VALID)) {
		if (!x->vps->curr_vm)
			guest_request_nmi_window(x->vps, x->vmcs);
		guest_skip_instruction(x->vmcs);
	}
	if (x->lp->step.bus_lock) {
		exit_to_host(x, TDX_SUCCESS, 0, 0);
		x->exit.reason = EXIT_REASON_BUS_LOCK;
	}
}

static void dispatch(struct guest_exit *x)
{
	unsigned vm = x->vps->curr_vm;

	if (x->td->tdr->fatal) {
		exit_to_host(x, TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE, x->ve->qualification, x->ve->intr_info);
		return;
	}
	if (x->ve->reason & EXIT_BUS_LOCK_BIT)
		x->lp->step.bus_lock = true;
	if (vm && x->vps->l2_debug_ctls[vm] & L2_DEBUG_EXIT_ON_EXIT) {
		exit_to_host(x, TDX_TD_EXIT_ON_L2_VM_EXIT, x->ve->qualification, x->ve->intr_info);
		return;
	}
	switch (stepping_on_exit(x)) {
	case STEPPING_RESUME:
		x->next = NEXT_AGAIN;
		break;
	case STEPPING_WRONG_APIC_MODE:
		exit_to_host(x, TDX_NON_RECOVERABLE_TD_WRONG_APIC_MODE, x->ve->qualification, x->ve->intr_info);
		return;
	case STEPPING_CONTINUE:
		vm ? l2_handle(x) : handle(x);
		finish_resume(x);
		break;
	}
	vm ? l2_finish(x) : check_debugger(x);
}

static enum module_where vm_exit(struct module *m, unsigned lp, struct cpu_regs *regs, const struct vm_exit *exit)
{
	struct guest_exit x = { .m = m, .lp = &m->lp[lp], .lp_id = lp, .regs = regs, .ve = exit };

	begin(&x);
	dispatch(&x);
	if (x.next == NEXT_EXIT || x.next == NEXT_VMCALL) {
		td_exit(&x);
		return MODULE_TO_HOST;
	}
	x.lp->guest.vm = x.vps->curr_vm;
	guest_regs_load(x.vps, regs);
	return MODULE_TO_GUEST;
}

enum module_where module_vm_exit(struct module *m, unsigned lp, struct cpu_regs *regs, const struct vm_exit *exit)
{
	struct machine_check mc;
	enum module_where where;

	if (__atomic_load_n(&m->dead, __ATOMIC_ACQUIRE))
		return machine_check_dead(m, lp, regs);
	if (machine_check_begin(&mc))
		return machine_check_end(m, lp, regs, mc.pa);
	m->lp[lp].reason.rule = NULL;
	where = vm_exit(m, lp, regs, exit);
	machine_check_leave();
	return where;
}
