// SPDX-License-Identifier: MIT
/*
 * vCPUs on the interpreter: one per logical processor, as on hardware. What it asks for while it runs (memory, MSRs,
 * time, random numbers) is answered here for the vCPU that is on the processor.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "module/guest.h"
#include "module/guest_mem.h"
#include "module/keyid.h"
#include "module/msr.h"
#include "module/tsc.h"
#include "module/vcpu.h"
#include "module/vcpu_state.h"
#include "platform/platform.h"

#define SIZE_2M (1ull << 21)
#define MACHINE_CHECK_INFO 0x80000312u

#define MSR_TSC_INDEX 0x10u
#define MSR_SPEC_CTRL 0x48u
#define MSR_PRED_CMD 0x49u
#define MSR_FLUSH_CMD 0x10bu

/* Why the last translation failed, when that is more than an EPT violation. */
enum walk_problem { PROBLEM_NONE, PROBLEM_MISCONFIGURED, PROBLEM_CONVERTIBLE, PROBLEM_MACHINE_CHECK };

struct interp {
	struct module *m;
	unsigned lp;
	struct cpu *cpu;
	struct lp_guest *guest;
	struct vmcs *vmcs;           /* of the VM that runs */
	enum walk_problem problem;
	uint64_t destroyed_seen;     /* the memory's count of destroyed pages at the last flush */
	uint64_t shared_eptp;        /* the one that cached translations are from */
	bool kick_waits;             /* an interrupt that came while instructions were stepped */
	struct cpu_unknown unknown;
};

/* ---- memory ---- */

static bool keys_fit(struct memory *mem, uint64_t pa, uint64_t size, uint16_t hkid)
{
	for (uint64_t at = pa; at < pa + size; at += MEM_PAGE)
		if (!mem_key_check(mem, at, hkid))
			return false;
	return true;
}

static bool map_private(struct interp *in, uint64_t gpa, uint32_t access, struct cpu_mapping *out)
{
	struct memory *mem = &in->m->plat->mem;
	uint16_t hkid = in->guest->td.tdr->hkid;
	struct guest_page page;
	enum guest_walk walk = guest_walk_private(in->m, &in->guest->td, gpa, access, &page);
	uint64_t pa = keyid_strip(in->m, page.hpa) & ~(uint64_t)(MEM_PAGE - 1);

	out->permissions = page.permissions;
	if (walk != WALK_FOUND)
		return false;
	if (!mem_key_check(mem, pa, hkid)) {
		in->problem = PROBLEM_MACHINE_CHECK;
		return false;
	}
	out->gpa = gpa & ~(uint64_t)(MEM_PAGE - 1);
	out->size = MEM_PAGE;
	if (page.size >= SIZE_2M && keys_fit(mem, pa & ~(SIZE_2M - 1), SIZE_2M, hkid)) {
		pa &= ~(SIZE_2M - 1);
		out->gpa &= ~(SIZE_2M - 1);
		out->size = SIZE_2M;
	}
	out->host = mem_ptr(mem, pa, out->size);
	return out->host;
}

static bool map_shared(struct interp *in, uint64_t gpa, uint32_t access, struct cpu_mapping *out)
{
	struct guest_page page;
	enum guest_walk walk = guest_walk_shared(in->m, &in->guest->td, in->shared_eptp, gpa, access, &page);
	uint64_t pa = keyid_strip(in->m, page.hpa) & ~(uint64_t)(MEM_PAGE - 1);

	out->permissions = page.permissions;
	out->gpa = gpa & ~(uint64_t)(MEM_PAGE - 1);
	out->size = MEM_PAGE;
	if (walk == WALK_FOUND)
		out->host = mem_shared_ptr(&in->m->plat->mem, in->lp, in->guest->vp.vps->last_exit_tsc, pa, MEM_PAGE);
	else if (walk == WALK_CONVERTIBLE)
		in->problem = PROBLEM_CONVERTIBLE;
	if (walk == WALK_MISCONFIGURATION || (walk == WALK_FOUND && !out->host))
		in->problem = PROBLEM_MISCONFIGURED;
	return walk == WALK_FOUND && out->host;
}

static bool translate(void *opaque, uint64_t gpa, uint32_t access, struct cpu_mapping *out)
{
	struct interp *in = opaque;

	in->problem = PROBLEM_NONE;
	*out = (struct cpu_mapping){ 0 };
	if (gpa >> td_gpa_width(&in->guest->td))
		return false;
	return guest_gpa_shared(&in->guest->td, gpa) ? map_shared(in, gpa, access, out)
						     : map_private(in, gpa, access, out);
}

/* ---- time, random numbers ---- */

static uint64_t rdtsc(void *opaque)
{
	const struct interp *in = opaque;

	return tsc_virtual(&in->guest->td, platform_rdtsc(in->m->plat));
}

static bool draw_random(void *opaque, uint64_t *value)
{
	struct interp *in = opaque;

	return platform_rdrand(in->m->plat, in->lp, value);
}

/* ---- MSRs ---- */

/* Whether the TD's MSR bitmaps have an access exit. */
static bool msr_exits(const struct interp *in, uint32_t msr, bool write)
{
	const uint8_t *bitmap = td_page(in->m, &in->guest->td, TDCS_PAGE_MSR_BITMAPS);

	if (!MSR_IN_BITMAP(msr))
		return true;
	return bitmap[MSR_BITMAP_BYTE(msr) + (write ? MSR_BITMAP_WRITES : 0)] & MSR_BITMAP_BIT(msr);
}

/* MSRs that the guest owns and the interpreter does not have: where the TDVPS keeps them. */
static uint64_t *msr_in_tdvps(struct interp *in, uint32_t msr)
{
	struct tdvps *vps = in->guest->vp.vps;

	switch (msr) {
	case MSR_SPEC_CTRL: return &vps->msr_spec_ctrl;
	case 0xe1: return &vps->msr_umwait_control;
	case 0x122: return &vps->msr_tsx_ctrl;
	default: return NULL;
	}
}

static enum cpu_msr_answer rdmsr(void *opaque, uint32_t index, uint64_t *value)
{
	struct interp *in = opaque;
	const uint64_t *kept = msr_in_tdvps(in, index);

	if (msr_exits(in, index, false))
		return CPU_MSR_EXIT;
	if (index == MSR_TSC_INDEX)
		*value = rdtsc(in);
	else if (kept)
		*value = *kept;
	else
		return CPU_MSR_CPU;
	return CPU_MSR_DONE;
}

static enum cpu_msr_answer wrmsr(void *opaque, uint32_t index, uint64_t value)
{
	struct interp *in = opaque;
	uint64_t *kept = msr_in_tdvps(in, index);

	if (msr_exits(in, index, true))
		return CPU_MSR_EXIT;
	if (kept)
		*kept = value;
	else if (index != MSR_PRED_CMD && index != MSR_FLUSH_CMD)
		return CPU_MSR_CPU;
	return CPU_MSR_DONE;
}

/* ---- the task priority, in the virtual APIC page ---- */

#define VAPIC_TPR 0x80u

static uint8_t *vapic(struct interp *in)
{
	return vcpu_page(in->m, &in->guest->vp, TDVPS_PAGE_VAPIC);
}

static uint64_t read_cr8(void *opaque)
{
	return vapic(opaque)[VAPIC_TPR] >> 4;
}

static void write_cr8(void *opaque, uint64_t value)
{
	vapic(opaque)[VAPIC_TPR] = (uint8_t)(value << 4);
}

static void remember_unknown(void *opaque, const struct cpu_unknown *unknown)
{
	struct interp *in = opaque;

	in->unknown = *unknown;
}

static const struct cpu_ops ops = {
	.translate = translate,
	.rdtsc = rdtsc,
	.random = draw_random,
	.rdmsr = rdmsr,
	.wrmsr = wrmsr,
	.read_cr8 = read_cr8,
	.write_cr8 = write_cr8,
	.unknown = remember_unknown,
};

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
	in->cpu = cpu_create(group, &ops, in);
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

/* ---- running ---- */

/* Cached translations that a real processor would not have any more. */
static void flush_if_stale(struct interp *in)
{
	uint64_t destroyed = atomic_load_explicit(&in->m->plat->mem.destroyed, memory_order_acquire);
	uint64_t eptp = vmcs_read(vcpu_vmcs(in->m, &in->guest->vp, 0), VMCS_SHARED_EPTP);

	if (!in->guest->stale_tlb && destroyed == in->destroyed_seen && eptp == in->shared_eptp)
		return;
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

	if (e->reason != CPU_EXIT_EPT_VIOLATION || in->problem != PROBLEM_CONVERTIBLE || vps->ve_valid ||
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

bool vcpu_run(struct module *m, unsigned lp, struct cpu_regs *regs, struct vm_exit *exit)
{
	struct interp *in = interp_of(m, lp);
	struct cpu_exit e;

	if (!in)
		in = make(m, lp);
	if (!in)
		return false;
	load(in, regs);
	take_kicks(in);
	do {
		in->problem = PROBLEM_NONE;
		cpu_run(in->cpu, &e);
	} while (interrupt_waits(in, &e) || becomes_ve(in, &e));
	save(in, regs);
	describe(in, &e, exit);
	return true;
}
