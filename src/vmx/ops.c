// SPDX-License-Identifier: MIT
/*
 * What an interpreter asks for while it runs: memory, MSRs, time, random numbers, the task priority.
 */
#include "platform/platform.h"
#include "vmx/internal.h"
#include "vmx/state.h"
#include "vmx/probe.h"
#include "vmx/vapic.h"
#include "vmx/x86.h"

#define SIZE_2M (1ull << 21)
#define TSC_FRACTION_BITS 48

/* ---- memory ---- */

static bool keys_fit(struct memory *mem, uint64_t pa, uint64_t size, uint16_t hkid)
{
	for (uint64_t at = pa; at < pa + size; at += MEM_PAGE)
		if (!mem_key_check(mem, at, hkid))
			return false;
	return true;
}

static bool map_private(struct vmx_lp *v, uint64_t gpa, uint32_t access, struct cpu_mapping *out)
{
	struct memory *mem = &v->platform->mem;
	struct ept_page page = { 0 };
	enum ept_result found = ept_walk(&v->g.ept, gpa, access, &page);
	uint64_t pa = platform_pa(v->platform, page.hpa) & ~(uint64_t)(MEM_PAGE - 1);

	out->permissions = page.permissions;
	if (found != WALK_FOUND)
		return false;
	if (!mem_key_check(mem, pa, v->g.hkid)) {
		v->problem = PROBLEM_MACHINE_CHECK;
		return false;
	}
	if (page.size >= SIZE_2M && keys_fit(mem, pa & ~(SIZE_2M - 1), SIZE_2M, v->g.hkid)) {
		pa &= ~(SIZE_2M - 1);
		out->gpa &= ~(SIZE_2M - 1);
		out->size = SIZE_2M;
	}
	out->host = mem_ptr(mem, pa, out->size);
	return out->host;
}

static bool map_shared(struct vmx_lp *v, uint64_t gpa, uint32_t access, struct cpu_mapping *out)
{
	struct ept_page page = { 0 };
	enum ept_result found = ept_walk(&v->g.shared_ept, gpa, access, &page);
	uint64_t pa = platform_pa(v->platform, page.hpa) & ~(uint64_t)(MEM_PAGE - 1);

	out->permissions = page.permissions;
	if (found == WALK_FOUND)
		out->host = mem_shared_ptr(&v->platform->mem, v->number, pa, MEM_PAGE);
	else if (found == WALK_CONVERTIBLE)
		v->problem = PROBLEM_CONVERTIBLE;
	if (found == WALK_MISCONFIGURATION || (found == WALK_FOUND && !out->host))
		v->problem = PROBLEM_MISCONFIGURED;
	return out->host;
}

static bool translate(void *opaque, uint64_t gpa, uint32_t access, struct cpu_mapping *out)
{
	struct vmx_lp *v = opaque;

	v->problem = PROBLEM_NONE;
	*out = (struct cpu_mapping){ .gpa = gpa & ~(uint64_t)(MEM_PAGE - 1), .size = MEM_PAGE };
	if (gpa >> v->g.gpa_bits)
		return false;
	return gpa & v->g.shared_bit ? map_shared(v, gpa, access, out) : map_private(v, gpa, access, out);
}

uint8_t *vmx_named_page(const struct vmx_lp *v, uint32_t field)
{
	uint64_t address = vmcs_read(v->g.vmcs, field), pa = platform_pa(v->platform, address);
	struct memory *mem = &v->platform->mem;

	if (address >> v->platform->config.maxpa || mem_is_destroyed(mem, pa) ||
	    !mem_key_check(mem, pa, platform_hkid(v->platform, address)))
		return NULL;
	return mem_ptr(mem, pa & ~(uint64_t)(MEM_PAGE - 1), MEM_PAGE);
}

/* ---- time, random numbers ---- */

static uint64_t rdtsc(void *opaque)
{
	const struct vmx_lp *v = opaque;
	uint64_t uncounted = cpu_instructions(v->cpu) - v->counted;
	uint64_t now = platform_rdtsc(v->platform) + uncounted * v->platform->config.tsc.per_instruction;
	uint64_t multiplier = vmcs_read(v->g.vmcs, VMCS_TSC_MULTIPLIER);

	return (uint64_t)((unsigned __int128)now * multiplier >> TSC_FRACTION_BITS) +
	       vmcs_read(v->g.vmcs, VMCS_TSC_OFFSET);
}

static bool draw_random(void *opaque, uint64_t *value)
{
	const struct vmx_lp *v = opaque;

	return platform_rdrand(v->platform, v->number, value);
}

/* ---- interrupts ---- */

#define PROC2_VAPIC (VMX_PROC2_VIRTUAL_X2APIC | VMX_PROC2_APIC_REGISTERS | VMX_PROC2_INTERRUPT_DELIVERY)

static uint8_t *posted_descriptor(const struct vmx_lp *v)
{
	uint64_t pa = platform_pa(v->platform, vmcs_read(v->g.vmcs, VMCS_POSTED_INTR_DESC));

	if (!(vmcs_read(v->g.vmcs, VMCS_PIN_CTLS) & VMX_PIN_POSTED_INTERRUPTS))
		return NULL;
	return mem_shared_ptr(&v->platform->mem, v->number, pa, POSTED_DESCRIPTOR_BYTES);
}

static struct vapic vapic_of(const struct vmx_lp *v)
{
	return (struct vapic){ .page = v->apic, .vmcs = v->g.vmcs };
}

static int pending_vector(void *opaque)
{
	const struct vmx_lp *v = opaque;
	struct vapic a = vapic_of(v);

	if (!a.page || !(vmcs_read(v->g.vmcs, VMCS_PROC_CTLS2) & VMX_PROC2_INTERRUPT_DELIVERY))
		return -1;
	a.posted = posted_descriptor(v);
	return vapic_vector(&a);
}

static void ack_vector(void *opaque, int vector)
{
	struct vapic a = vapic_of(opaque);

	vapic_deliver(&a, (unsigned)vector);
}

/* What runs may be of lower priority now. */
static void look_again(struct vmx_lp *v)
{
	cpu_raise_interrupt(v->cpu);
}

static enum cpu_msr_answer x2apic_access(struct vmx_lp *v, uint32_t msr, uint64_t *value, bool write)
{
	struct vapic a = vapic_of(v);

	if (!a.page || (vmcs_read(v->g.vmcs, VMCS_PROC_CTLS2) & PROC2_VAPIC) != PROC2_VAPIC)
		return CPU_MSR_FAULT;
	if (!(write ? vapic_wrmsr(&a, msr, *value) : vapic_rdmsr(&a, msr, value)))
		return CPU_MSR_FAULT;
	if (write)
		look_again(v);
	return CPU_MSR_DONE;
}

static uint64_t read_cr8(void *opaque)
{
	const struct vmx_lp *v = opaque;

	return v->apic ? v->apic[VAPIC_TPR] >> 4 : 0;
}

static void write_cr8(void *opaque, uint64_t value)
{
	struct vapic a = vapic_of(opaque);

	if (!a.page)
		return;
	vapic_set_tpr(&a, (uint8_t)(value << 4));
	look_again(opaque);
}

/* ---- MSRs ---- */

static bool msr_exits(const struct vmx_lp *v, uint32_t msr, bool write)
{
	if (!MSR_IN_BITMAP(msr) || !v->msr_bitmap)
		return true;
	return v->msr_bitmap[MSR_BITMAP_BYTE(msr) + (write ? MSR_BITMAP_WRITES : 0)] & MSR_BITMAP_BIT(msr);
}

/* MSRs that the guest owns and the interpreter does not have. */
static uint64_t *msr_kept(const struct vmx_lp *v, uint32_t msr)
{
	switch (msr) {
	case MSR_SPEC_CTRL: return v->g.spec_ctrl;
	case MSR_UMWAIT_CONTROL: return v->g.umwait_control;
	case MSR_TSX_CTRL: return v->g.tsx_ctrl;
	case MSR_DS_AREA: return v->g.ds_area;
	default: return NULL;
	}
}

static enum cpu_msr_answer rdmsr(void *opaque, uint32_t index, uint64_t *value)
{
	struct vmx_lp *v = opaque;
	const uint64_t *kept = msr_kept(v, index);

	if (msr_exits(v, index, false))
		return CPU_MSR_EXIT;
	if (index >= X2APIC_FIRST && index <= X2APIC_LAST)
		return x2apic_access(v, index, value, false);
	if (index == MSR_TIME_STAMP_COUNTER)
		*value = rdtsc(v);
	else if (kept)
		*value = *kept;
	else if (index == MSR_DEBUG_INTERFACE || index == MSR_MISC_PACKAGE_CTLS) /* the processor's own */
		*value = platform_rdmsr(v->platform, v->number, index);
	else
		return CPU_MSR_CPU;
	return CPU_MSR_DONE;
}

static enum cpu_msr_answer wrmsr(void *opaque, uint32_t index, uint64_t value)
{
	struct vmx_lp *v = opaque;
	uint64_t *kept = msr_kept(v, index);

	if (msr_exits(v, index, true))
		return CPU_MSR_EXIT;
	if (index >= X2APIC_FIRST && index <= X2APIC_LAST)
		return x2apic_access(v, index, &value, true);
	if (index == MSR_DS_AREA && !state_canonical(v->g.vmcs, value))
		return CPU_MSR_FAULT;
	if (kept)
		*kept = value;
	else if (index != MSR_PRED_CMD && index != MSR_FLUSH_CMD)
		return CPU_MSR_CPU;
	return CPU_MSR_DONE;
}

static void remember_unknown(void *opaque, const struct cpu_unknown *unknown)
{
	struct vmx_lp *v = opaque;

	v->unknown = *unknown;
}

const struct cpu_ops vmx_ops = {
	.translate = translate,
	.rdtsc = rdtsc,
	.random = draw_random,
	.pending_vector = pending_vector,
	.ack_vector = ack_vector,
	.rdmsr = rdmsr,
	.wrmsr = wrmsr,
	.read_cr8 = read_cr8,
	.write_cr8 = write_cr8,
	.unknown = remember_unknown,
	.stopped = probe_hold,
};
