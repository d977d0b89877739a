// SPDX-License-Identifier: MIT
/*
 * vCPUs on the interpreter: one per logical processor, as on hardware.
 */
#include <stdio.h>
#include <stdlib.h>
#include "module/vcpu.h"
#include "module/vcpu_interp.h"
#include "module/vcpu_state.h"
#include "platform/platform.h"

#define MACHINE_CHECK_INFO 0x80000312u


/* ---- making and freeing ---- */

static struct cpu_group *group_of(struct module *m)
{
	struct cpu_group *old = __atomic_load_n(&m->group, __ATOMIC_ACQUIRE);
	struct cpu_group *made;

	if (old)
		return old;
	made = cpu_group_create();
	if (made && __atomic_compare_exchange_n(&m->group, &old, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return made;
	if (made)
		cpu_group_destroy(made);
	return old;
}

static struct interp *make(struct module *m, unsigned lp)
{
	struct cpu_group *group = group_of(m);
	struct interp *in = group ? calloc(1, sizeof(*in)) : NULL;

	if (!in)
		return NULL;
	in->m = m;
	in->lp = lp;
	in->guest = &m->lp[lp].guest;
	in->cpu = cpu_create(group, &vcpu_ops, in);
	if (!in->cpu) {
		free(in);
		return NULL;
	}
	__atomic_store_n(&m->lp[lp].interp, in, __ATOMIC_RELEASE);
	return in;
}

static struct interp *interp_of(const struct module *m, unsigned lp)
{
	return __atomic_load_n(&m->lp[lp].interp, __ATOMIC_ACQUIRE);
}

void vcpu_release_all(struct module *m)
{
	for (unsigned i = 0; i < MAX_LPS; i++) {
		struct interp *in = m->lp[i].interp;

		if (in)
			cpu_destroy(in->cpu);
		free(in);
		m->lp[i].interp = NULL;
	}
	if (m->group)
		cpu_group_destroy(m->group);
	m->group = NULL;
}

void vcpu_kick(struct module *m, unsigned lp)
{
	struct interp *in = interp_of(m, lp);

	if (in)
		cpu_kick(in->cpu);
}

void vcpu_notify(struct module *m, unsigned lp)
{
	struct interp *in = interp_of(m, lp);

	if (!in)
		return;
	__atomic_store_n(&in->notified, true, __ATOMIC_RELEASE);
	cpu_kick(in->cpu);
}

void vcpu_invept(struct module *m, unsigned lp)
{
	struct interp *in = interp_of(m, lp);

	if (in)
		cpu_flush_tlb_all(in->cpu);
}

uint64_t vcpu_instructions(const struct module *m, unsigned lp)
{
	const struct interp *in = interp_of(m, lp);

	return in ? cpu_instructions(in->cpu) : 0;
}

size_t vcpu_unknown_instruction(const struct module *m, unsigned lp, char *buf, size_t len)
{
	const struct interp *in = interp_of(m, lp);
	char bytes[3 * sizeof(in->unknown.bytes) + 1] = "";

	if (!in || !in->unknown.len)
		return (size_t)snprintf(buf, len, "%s", "");
	for (unsigned i = 0; i < in->unknown.len; i++)
		snprintf(bytes + 3 * i, 4, " %02x", in->unknown.bytes[i]);
	return (size_t)snprintf(buf, len, "instruction %s at 0x%llx (bytes%s): the processor does not have it",
				in->unknown.mnemonic ? in->unknown.mnemonic : "(none known)",
				(unsigned long long)in->unknown.rip, bytes);
}

size_t vcpu_position(const struct module *m, unsigned lp, char *buf, size_t len)
{
	const struct interp *in = interp_of(m, lp);
	const struct cpu_state *s = in ? cpu_state(in->cpu) : NULL;

	if (!s)
		return (size_t)snprintf(buf, len, "%s", "");
	return (size_t)snprintf(buf, len, "at 0x%llx in ring %u, interrupts %s, after %llu instructions",
				(unsigned long long)s->rip, s->seg[CPU_SS].access_rights >> 5 & 3,
				s->rflags & RFLAGS_IF ? "on" : "off", (unsigned long long)cpu_instructions(in->cpu));
}

/* ---- running ---- */

/* Cached translations that a real processor would not have any more. */
static void flush_if_stale(struct interp *in)
{
	uint64_t destroyed = atomic_load_explicit(&in->m->plat->mem.destroyed, memory_order_acquire);
	uint64_t eptp = vmcs_read(in->vmcs, VMCS_SHARED_EPTP);

	if (in->vm == in->guest->vm && !in->guest->stale_tlb && destroyed == in->destroyed_seen && eptp == in->shared_eptp)
		return;
	in->vm = in->guest->vm;
	in->guest->stale_tlb = false;
	in->destroyed_seen = destroyed;
	in->shared_eptp = eptp;
	cpu_flush_tlb_all(in->cpu);
}

static void load(struct interp *in, const struct cpu_regs *regs)
{
	struct lp_guest *g = in->guest;
	struct cpu_state *s = cpu_state(in->cpu);
	uint32_t info;

	in->vmcs = vcpu_vmcs(in->m, &g->vp, g->vm);
	if (g->fresh)
		vcpu_fx_load(&s->fx, vcpu_page(in->m, &g->vp, TDVPS_PAGE_XBUFF));
	g->fresh = false;
	vcpu_state_load(s, &g->vp, in->vmcs, regs);
	vcpu_controls_load(cpu_controls(in->cpu), in->m, &g->td, &g->vp, in->vmcs);
	flush_if_stale(in);
	info = (uint32_t)vmcs_read(in->vmcs, VMCS_ENTRY_INTR_INFO);
	if (info & INTR_VALID)
		cpu_inject(in->cpu, info, (uint32_t)vmcs_read(in->vmcs, VMCS_ENTRY_ERROR_CODE),
			   (uint32_t)vmcs_read(in->vmcs, VMCS_ENTRY_INSTR_LENGTH));
}

static void save(struct interp *in, struct cpu_regs *regs)
{
	const struct cpu_state *s = cpu_state(in->cpu);

	vcpu_state_save(s, &in->guest->vp, in->vmcs, regs);
	vcpu_fx_save(&s->fx, vcpu_page(in->m, &in->guest->vp, TDVPS_PAGE_XBUFF));
}

/*
 * What the processor does with an EPT violation before it becomes an exit: a convertible one is a #VE of the guest,
 * unless an earlier #VE was not read or the violation met the delivery of an event.
 */
static bool becomes_ve(struct interp *in, const struct cpu_exit *e)
{
	struct tdvps *vps = in->guest->vp.vps;

	if (e->reason != CPU_EXIT_EPT_VIOLATION || in->problem != PROBLEM_CONVERTIBLE || in->vm || vps->ve_valid ||
	    e->vectoring_info & INTR_VALID)
		return false;
	vps->ve_exit_reason = EXIT_REASON_EPT_VIOLATION;
	vps->ve_exit_qualification = e->qualification;
	vps->ve_gla = e->gla;
	vps->ve_gpa = e->gpa;
	vps->ve_eptp_index = 0;
	vps->ve_valid = VE_INFO_VALID;
	return cpu_inject(in->cpu, INJECT_VE, 0, 0);
}

/* While instructions are stepped external interrupts are held off by the task priority. */
static bool interrupt_waits(struct interp *in, const struct cpu_exit *e)
{
	if (e->reason != CPU_EXIT_EXTERNAL_INTERRUPT || !in->m->lp[in->lp].step.active)
		return false;
	in->kick_waits = true;
	return true;
}

/* The notification of posted interrupts; anything else that interrupts comes first. */
static bool was_notification(struct interp *in, const struct cpu_exit *e)
{
	return e->reason == CPU_EXIT_EXTERNAL_INTERRUPT &&
	       __atomic_exchange_n(&in->notified, false, __ATOMIC_ACQ_REL) &&
	       !platform_interrupt_pending(in->m->plat, in->lp);
}

/* L1 looks at what was posted and goes on; L2 does not have posted interrupts and exits with the vector. */
static bool takes_posted(struct interp *in, struct cpu_exit *e)
{
	const struct vmcs *l1 = vcpu_vmcs(in->m, &in->guest->vp, 0);

	if (!was_notification(in, e))
		return false;
	if (!in->vm && vmcs_read(l1, VMCS_PIN_CTLS) & VMX_PIN_POSTED_INTERRUPTS) {
		cpu_raise_interrupt(in->cpu);
		return true;
	}
	e->intr_info = INTR_VALID | ((uint32_t)vmcs_read(l1, VMCS_POSTED_INTR_VECTOR) & 0xff);
	return false;
}

static void describe(const struct interp *in, const struct cpu_exit *e, struct vm_exit *out)
{
	*out = (struct vm_exit){
		.reason = e->reason,
		.qualification = e->qualification,
		.guest_linear = e->gla,
		.guest_physical = e->gpa,
		.intr_info = e->intr_info,
		.intr_error = e->intr_error,
		.idt_info = e->vectoring_info,
		.idt_error = e->vectoring_error,
		.instr_length = e->insn_len,
		.instr_info = e->insn_info,
	};
	if (e->reason != CPU_EXIT_EPT_VIOLATION)
		return;
	if (in->problem == PROBLEM_MISCONFIGURED) {
		out->reason = EXIT_REASON_EPT_MISCONFIGURATION;
		out->qualification = 0;
	} else if (in->problem == PROBLEM_MACHINE_CHECK) {
		out->reason = EXIT_REASON_EXCEPTION_NMI;
		out->qualification = 0;
		out->intr_info = MACHINE_CHECK_INFO;
	}
}

static void take_kicks(struct interp *in)
{
	if (in->m->lp[in->lp].step.active)
		return;
	if (in->kick_waits || platform_interrupt_pending(in->m->plat, in->lp))
		cpu_kick(in->cpu);
	in->kick_waits = false;
}

/* The host's timer, if it comes before the guest's own preemption timer. */
static void arm_quantum(struct interp *in)
{
	uint64_t quantum = atomic_load_explicit(&in->m->plat->quantum, memory_order_relaxed);
	struct cpu_controls *c = cpu_controls(in->cpu);

	in->in_quantum = quantum && (!c->budget || quantum < c->budget);
	if (in->in_quantum)
		c->budget = quantum;
}

/* The time that the instructions took, on a machine that counts it by them. */
static void pass_time(struct interp *in)
{
	uint64_t now = cpu_instructions(in->cpu), each = in->m->plat->config.tsc.per_instruction;

	if (each)
		platform_tsc_advance(in->m->plat, (now - in->counted) * each);
	in->counted = now;
}

static void run_cpu(struct interp *in, struct cpu_exit *e)
{
	in->problem = PROBLEM_NONE;
	cpu_run(in->cpu, e);
	pass_time(in);
	if (e->reason == CPU_EXIT_PREEMPTION_TIMER && in->in_quantum)
		e->reason = CPU_EXIT_EXTERNAL_INTERRUPT;
}

/* Exits that come before the first instruction. */
static bool entry_fails(struct interp *in, struct vm_exit *exit)
{
	const struct vmcs *vmcs = vcpu_vmcs(in->m, &in->guest->vp, in->guest->vm);

	*exit = (struct vm_exit){ 0 };
	if (!vcpu_state_valid(vmcs, in->m, &in->guest->td))
		exit->reason = EXIT_REASON_ENTRY_FAILURE_GUEST_STATE | EXIT_ENTRY_FAILED;
	else if (vcpu_timer_ran_out(vmcs))
		exit->reason = EXIT_REASON_PREEMPTION_TIMER;
	return exit->reason;
}

bool vcpu_run(struct module *m, unsigned lp, struct cpu_regs *regs, struct vm_exit *exit)
{
	struct interp *in = interp_of(m, lp);
	struct cpu_exit e;

	if (!in)
		in = make(m, lp);
	if (!in)
		return false;
	if (entry_fails(in, exit))
		return true;
	load(in, regs);
	take_kicks(in);
	cpu_raise_interrupt(in->cpu);
	arm_quantum(in);
	do
		run_cpu(in, &e);
	while (interrupt_waits(in, &e) || takes_posted(in, &e) || becomes_ve(in, &e));
	save(in, regs);
	describe(in, &e, exit);
	return true;
}
