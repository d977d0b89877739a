// SPDX-License-Identifier: MIT
/*
 * What an interpreter asks for while it runs: memory, MSRs, time, random numbers, the task priority.
 */
#include "module/guest_mem.h"
#include "module/keyid.h"
#include "module/msr.h"
#include "module/tsc.h"
#include "module/vapic.h"
#include "module/vcpu_interp.h"
#include "platform/platform.h"

#define SIZE_2M (1ull << 21)

#define MSR_TSC_INDEX 0x10u
#define MSR_SPEC_CTRL 0x48u
#define MSR_PRED_CMD 0x49u
#define MSR_FLUSH_CMD 0x10bu

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
	enum guest_walk walk = in->vm ? guest_walk_l2(in->m, &in->guest->td, in->vm, gpa, access, &page)
				      : guest_walk_private(in->m, &in->guest->td, gpa, access, &page);
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
	uint64_t uncounted = cpu_instructions(in->cpu) - in->counted;

	return tsc_virtual(&in->guest->td, platform_rdtsc(in->m->plat) +
						   uncounted * in->m->plat->config.tsc.per_instruction);
}

static bool draw_random(void *opaque, uint64_t *value)
{
	struct interp *in = opaque;

	return platform_rdrand(in->m->plat, in->lp, value);
}

/* ---- interrupts ---- */

#define PROC2_VIRTUAL_X2APIC (1u << 4)
#define PROC2_REGISTERS (1u << 8)
#define PROC2_DELIVERY (1u << 9)
#define PROC2_VAPIC (PROC2_VIRTUAL_X2APIC | PROC2_REGISTERS | PROC2_DELIVERY)

/* L1's page is one of the TDVPS, that of an L2 VM a page of L1's. */
static uint8_t *apic_page(struct interp *in)
{
	const struct vcpu *vp = &in->guest->vp;
	uint8_t *l2 = in->vm ? pa_ptr(in->m, keyid_strip(in->m, vp->vps->l2_vapic_hpa[in->vm])) : NULL;

	return l2 ? l2 : vcpu_page(in->m, vp, TDVPS_PAGE_VAPIC);
}

/* The host's descriptor; only L1 has one. */
static uint8_t *posted_descriptor(struct interp *in)
{
	uint64_t pa = keyid_strip(in->m, vmcs_read(in->vmcs, VMCS_POSTED_INTR_DESC));

	if (in->vm || !(vmcs_read(in->vmcs, VMCS_PIN_CTLS) & VMX_PIN_POSTED_INTERRUPTS))
		return NULL;
	return mem_shared_ptr(&in->m->plat->mem, in->lp, in->guest->vp.vps->last_exit_tsc, pa,
			      POSTED_DESCRIPTOR_BYTES);
}

static struct vapic vapic_of(struct interp *in)
{
	return (struct vapic){ .page = apic_page(in), .vmcs = in->vmcs };
}

static int pending_vector(void *opaque)
{
	struct interp *in = opaque;
	struct vapic a = vapic_of(in);

	if (!(vmcs_read(in->vmcs, VMCS_PROC_CTLS2) & PROC2_DELIVERY))
		return -1;
	a.posted = posted_descriptor(in);
	return vapic_vector(&a);
}

static void ack_vector(void *opaque, int vector)
{
	struct vapic a = vapic_of(opaque);

	vapic_deliver(&a, (unsigned)vector);
}

/* What runs may be of lower priority now. */
static void look_again(struct interp *in)
{
	cpu_raise_interrupt(in->cpu);
}

static enum cpu_msr_answer x2apic_access(struct interp *in, uint32_t msr, uint64_t *value, bool write)
{
	struct vapic a = vapic_of(in);

	if ((vmcs_read(in->vmcs, VMCS_PROC_CTLS2) & PROC2_VAPIC) != PROC2_VAPIC)
		return CPU_MSR_FAULT;
	if (!(write ? vapic_wrmsr(&a, msr, *value) : vapic_rdmsr(&a, msr, value)))
		return CPU_MSR_FAULT;
	if (write)
		look_again(in);
	return CPU_MSR_DONE;
}

static uint64_t read_cr8(void *opaque)
{
	return apic_page(opaque)[VAPIC_TPR] >> 4;
}

static void write_cr8(void *opaque, uint64_t value)
{
	struct vapic a = vapic_of(opaque);

	vapic_set_tpr(&a, (uint8_t)(value << 4));
	look_again(opaque);
}

/* ---- MSRs ---- */

/* Whether the MSR bitmaps have an access exit: those of the TD, or of the L2 VM. */
static bool msr_exits(const struct interp *in, uint32_t msr, bool write)
{
	const uint8_t *bitmap =
		in->vm ? vcpu_page(in->m, &in->guest->vp, TDVPS_PAGE_L2 + (in->vm - 1) * TDVPS_PAGES_PER_L2 + 1)
		       : td_page(in->m, &in->guest->td, TDCS_PAGE_MSR_BITMAPS);

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
	if (index >= X2APIC_FIRST && index <= X2APIC_LAST)
		return x2apic_access(in, index, value, false);
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
	if (index >= X2APIC_FIRST && index <= X2APIC_LAST)
		return x2apic_access(in, index, &value, true);
	if (kept)
		*kept = value;
	else if (index != MSR_PRED_CMD && index != MSR_FLUSH_CMD)
		return CPU_MSR_CPU;
	return CPU_MSR_DONE;
}

static void remember_unknown(void *opaque, const struct cpu_unknown *unknown)
{
	struct interp *in = opaque;

	in->unknown = *unknown;
}

const struct cpu_ops vcpu_ops = {
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
};
