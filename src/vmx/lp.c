// SPDX-License-Identifier: MIT
/*
 * One interpreter per logical processor, and what the processor does around a run: entry, #VE, posted interrupts, exit.
 */
#include "vmx/lp.h"

#include <stdio.h>
#include <stdlib.h>
#include "gen/structures.h"
#include "platform/platform.h"
#include "vmx/internal.h"
#include "vmx/probe.h"
#include "vmx/state.h"
#include "vmx/x86.h"

/* ---- making and freeing ---- */

static bool make(struct vmx_lps *lps, unsigned lp)
{
	struct vmx_lp *v = calloc(1, sizeof(*v));

	if (!v)
		return false;
	lps->lp[lp] = v;
	v->platform = lps->platform;
	v->number = lp;
	v->lps = lps;
	v->cpu = cpu_create(lps->group, &vmx_ops, v);
	return v->cpu;
}

bool vmx_create(struct vmx_lps *lps, unsigned count)
{
	bool made;

	lps->group = cpu_group_create();
	made = lps->group;
	for (unsigned i = 0; made && i < count; i++)
		made = make(lps, i);
	if (!made)
		vmx_release(lps);
	return made;
}

void vmx_reset(struct vmx_lps *lps)
{
	for (unsigned i = 0; i < VMX_LPS; i++) {
		struct vmx_lp *v = lps->lp[i];

		if (!v)
			continue;
		*v = (struct vmx_lp){
			.platform = v->platform, .number = i, .lps = lps, .cpu = v->cpu, .counted = v->counted
		};
		cpu_reset(v->cpu);
		cpu_flush_tlb_all(v->cpu);
	}
}

void vmx_release(struct vmx_lps *lps)
{
	probe_free_all(lps);
	for (unsigned i = 0; i < VMX_LPS; i++) {
		if (lps->lp[i])
			cpu_destroy(lps->lp[i]->cpu);
		free(lps->lp[i]);
		lps->lp[i] = NULL;
	}
	cpu_group_destroy(lps->group);
	lps->group = NULL;
}

struct cpu_state *vmx_state(struct vmx_lps *lps, unsigned lp)
{
	struct vmx_lp *v = lps->lp[lp];

	probe_enter(lps, v);
	return cpu_state(v->cpu);
}

void vmx_kick(struct vmx_lps *lps, unsigned lp)
{
	struct vmx_lp *v = lps->lp[lp];

	if (v)
		cpu_kick(v->cpu);
	probe_kicked(lps);
}

void vmx_notify(struct vmx_lps *lps, unsigned lp)
{
	struct vmx_lp *v = lps->lp[lp];

	if (!v)
		return;
	__atomic_store_n(&v->notified, true, __ATOMIC_RELEASE);
	cpu_kick(v->cpu);
}

void vmx_invept(struct vmx_lps *lps, unsigned lp)
{
	struct vmx_lp *v = lps->lp[lp];

	if (v)
		cpu_flush_tlb_all(v->cpu);
}

uint64_t vmx_instructions(const struct vmx_lps *lps, unsigned lp)
{
	const struct vmx_lp *v = lps->lp[lp];

	return v ? cpu_instructions(v->cpu) : 0;
}

size_t vmx_unknown_instruction(const struct vmx_lps *lps, unsigned lp, char *buf, size_t len)
{
	const struct vmx_lp *v = lps->lp[lp];
	char bytes[3 * sizeof(v->unknown.bytes) + 1] = "";

	if (!v || !v->unknown.len)
		return (size_t)snprintf(buf, len, "%s", "");
	for (unsigned i = 0; i < v->unknown.len; i++)
		snprintf(bytes + 3 * i, 4, " %02x", v->unknown.bytes[i]);
	return (size_t)snprintf(buf, len, "instruction %s at 0x%llx (bytes%s): the processor does not have it",
				v->unknown.mnemonic ? v->unknown.mnemonic : "(none known)",
				(unsigned long long)v->unknown.rip, bytes);
}

static bool has_run(const struct vmx_lp *v)
{
	return v && v->g.vmcs;
}

size_t vmx_position(const struct vmx_lps *lps, unsigned lp, char *buf, size_t len)
{
	const struct vmx_lp *v = lps->lp[lp];
	const struct cpu_state *s;

	if (!has_run(v))
		return (size_t)snprintf(buf, len, "%s", "");
	s = cpu_state(v->cpu);
	return (size_t)snprintf(buf, len, "at 0x%llx in ring %u, interrupts %s, after %llu instructions",
				(unsigned long long)s->rip, s->seg[CPU_SS].access_rights >> 5 & 3,
				s->rflags & RFLAGS_IF ? "on" : "off", (unsigned long long)cpu_instructions(v->cpu));
}

uint64_t vmx_rip(const struct vmx_lps *lps, unsigned lp)
{
	const struct vmx_lp *v = lps->lp[lp];

	return has_run(v) ? cpu_state(v->cpu)->rip : 0;
}

/* ---- running ---- */

/* Cached translations that a real processor would not have any more. */
static void flush_if_stale(struct vmx_lp *v)
{
	uint64_t destroyed = atomic_load_explicit(&v->platform->mem.destroyed, memory_order_acquire);

	if (v->last == v->g.vmcs && !v->g.flush && destroyed == v->destroyed_seen &&
	    v->g.shared_ept.root == v->shared_root)
		return;
	v->last = v->g.vmcs;
	v->destroyed_seen = destroyed;
	v->shared_root = v->g.shared_ept.root;
	cpu_flush_tlb_all(v->cpu);
}

static void load(struct vmx_lp *v, const struct cpu_regs *regs)
{
	struct cpu_state *s = cpu_state(v->cpu);
	const struct vmcs *vmcs = v->g.vmcs;
	uint32_t info = (uint32_t)vmcs_read(vmcs, VMCS_ENTRY_INTR_INFO);

	v->g.shared_ept.root = vmcs_read(vmcs, VMCS_SHARED_EPTP) & EPT_ADDRESS;
	v->apic = vmx_named_page(v, VMCS_VIRTUAL_APIC);
	v->ve_info = vmx_named_page(v, VMCS_VE_INFO);
	v->msr_bitmap = vmx_named_page(v, VMCS_MSR_BITMAP);
	if (v->g.xsave_new)
		fx_load(&s->fx, v->g.xsave);
	state_load(s, vmcs, regs);
	controls_load(cpu_controls(v->cpu), &v->g);
	flush_if_stale(v);
	if (info & INTR_VALID)
		cpu_inject(v->cpu, info, (uint32_t)vmcs_read(vmcs, VMCS_ENTRY_ERROR_CODE),
			   (uint32_t)vmcs_read(vmcs, VMCS_ENTRY_INSTR_LENGTH));
}

/* The virtualization exception information area (SDM volume 3, section 26.5.7.2). */
struct ve_info {
	uint32_t reason, valid;
	uint64_t qualification, gla, gpa;
	uint16_t eptp_index;
};

/*
 * What the processor does with an EPT violation before it becomes an exit: a convertible one is a #VE of the guest,
 * unless an earlier #VE was not read or the violation met the delivery of an event.
 */
static bool becomes_ve(struct vmx_lp *v, const struct cpu_exit *e)
{
	struct ve_info *info = (struct ve_info *)(void *)v->ve_info;

	if (e->reason != CPU_EXIT_EPT_VIOLATION || v->problem != PROBLEM_CONVERTIBLE || !info || info->valid ||
	    !(vmcs_read(v->g.vmcs, VMCS_PROC_CTLS2) & VMX_PROC2_EPT_VIOLATION_VE) || e->vectoring_info & INTR_VALID)
		return false;
	info->reason = EXIT_REASON_EPT_VIOLATION;
	info->qualification = e->qualification;
	info->gla = e->gla;
	info->gpa = e->gpa;
	info->eptp_index = 0;
	info->valid = VE_INFO_VALID;
	return cpu_inject(v->cpu, INJECT_VE, 0, 0);
}

static bool interrupt_waits(struct vmx_lp *v, const struct cpu_exit *e)
{
	if (e->reason != CPU_EXIT_EXTERNAL_INTERRUPT || !v->g.hold_interrupts)
		return false;
	v->kick_waits = true;
	return true;
}

/* The notification of posted interrupts; anything else that interrupts comes first. */
static bool was_notification(struct vmx_lp *v, const struct cpu_exit *e)
{
	return e->reason == CPU_EXIT_EXTERNAL_INTERRUPT &&
	       __atomic_exchange_n(&v->notified, false, __ATOMIC_ACQ_REL) &&
	       !platform_interrupt_pending(v->platform, v->number);
}

/* A guest with posted interrupts looks at what was posted and goes on; any other exits with the vector. */
static bool takes_posted(struct vmx_lp *v, struct cpu_exit *e)
{
	if (!was_notification(v, e))
		return false;
	if (vmcs_read(v->g.vmcs, VMCS_PIN_CTLS) & VMX_PIN_POSTED_INTERRUPTS) {
		cpu_raise_interrupt(v->cpu);
		return true;
	}
	e->intr_info = INTR_VALID | v->g.notification;
	return false;
}

static void describe(const struct vmx_lp *v, const struct cpu_exit *e, struct vm_exit *out)
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
	if (v->problem == PROBLEM_MISCONFIGURED) {
		out->reason = EXIT_REASON_EPT_MISCONFIGURATION;
		out->qualification = 0;
	} else if (v->problem == PROBLEM_MACHINE_CHECK) {
		out->reason = EXIT_REASON_EXCEPTION_NMI;
		out->qualification = 0;
		out->intr_info = INJECT_MC;
	}
}

static void take_kicks(struct vmx_lp *v)
{
	if (v->g.hold_interrupts)
		return;
	if (v->kick_waits || platform_interrupt_pending(v->platform, v->number))
		cpu_kick(v->cpu);
	v->kick_waits = false;
}

/* Exits that come before the first instruction. */
static bool entry_fails(const struct vmx_guest *g, struct vm_exit *exit)
{
	*exit = (struct vm_exit){ 0 };
	if (!state_valid(g))
		exit->reason = EXIT_REASON_ENTRY_FAILURE_GUEST_STATE | EXIT_ENTRY_FAILED;
	else if (timer_ran_out(g->vmcs))
		exit->reason = EXIT_REASON_PREEMPTION_TIMER;
	return exit->reason;
}

/* The host's timer, if it comes before the guest's own preemption timer. */
static void arm_quantum(struct vmx_lp *v)
{
	uint64_t quantum = atomic_load_explicit(&v->platform->quantum, memory_order_relaxed);
	struct cpu_controls *c = cpu_controls(v->cpu);

	v->in_quantum = quantum && (!c->budget || quantum < c->budget);
	if (v->in_quantum)
		c->budget = quantum;
}

/* The time that the instructions took, on a machine that counts it by them. */
static void pass_time(struct vmx_lp *v)
{
	uint64_t now = cpu_instructions(v->cpu), each = v->platform->config.tsc.per_instruction;

	if (each)
		platform_tsc_advance(v->platform, (now - v->counted) * each);
	v->counted = now;
}

static void run_cpu(struct vmx_lp *v, struct cpu_exit *e)
{
	v->problem = PROBLEM_NONE;
	cpu_run(v->cpu, e);
	pass_time(v);
	if (e->reason == CPU_EXIT_PREEMPTION_TIMER && v->in_quantum)
		e->reason = CPU_EXIT_EXTERNAL_INTERRUPT;
}

static void run_guest(struct vmx_lp *v, struct cpu_regs *regs, struct vm_exit *exit)
{
	struct cpu_exit e;

	load(v, regs);
	take_kicks(v);
	cpu_raise_interrupt(v->cpu);
	arm_quantum(v);
	do
		run_cpu(v, &e);
	while (interrupt_waits(v, &e) || takes_posted(v, &e) || becomes_ve(v, &e));
	state_save(cpu_state(v->cpu), v->g.vmcs, regs);
	fx_save(&cpu_state(v->cpu)->fx, v->g.xsave);
	describe(v, &e, exit);
}

bool vmx_run(struct vmx_lps *lps, unsigned lp, const struct vmx_guest *guest, struct cpu_regs *regs,
	     struct vm_exit *exit)
{
	struct vmx_lp *v = lps->lp[lp];
	bool started;

	v->g = *guest;
	started = !entry_fails(guest, exit);
	if (started)
		run_guest(v, regs, exit);
	probe_leave(lps, v);
	return started;
}
