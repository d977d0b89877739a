// SPDX-License-Identifier: MIT
/*
 * VMX capabilities: the check of the processor, and the controls that follow for a TD.
 */
#include "gen/checks.h"
#include "module/vmx.h"
#include "gen/features.h"
#include "gen/vmcs.h"
#include "module/state.h"
#include "platform/platform.h"
#include "platform/word.h"
#include "vmx/x86.h"

#define BITS(high, low) (~0ull >> (63 - (high)) & ~0ull << (low))

#define CR4_L2_WRITABLE 0x3ff1fbfull

static uint64_t read_msr(struct call *c, uint32_t msr)
{
	return platform_rdmsr(c->m->plat, c->lp_id, msr);
}

static uint64_t bad_msr(struct call *c, uint32_t msr, uint64_t value)
{
	return fail(c, TDX_INCORRECT_MSR_VALUE | msr,
		    "MSR %x is %x: it does not offer what TDX needs of VMX", msr, value);
}

/* Checks one control against its MSR and computes its first value. */
static uint64_t check_ctl(struct call *c, const struct vmx_ctl *r, uint32_t init, bool has_ones, uint32_t *value)
{
	uint64_t msr = read_msr(c, r->msr);
	uint32_t ones = has_ones ? (uint32_t)msr : 0;
	uint32_t allowed = has_ones ? (uint32_t)(msr >> 32) : (uint32_t)msr;

	if ((ones & ~(init | r->unknown)) || (~allowed & init) || ((ones | ~allowed) & r->variable))
		return bad_msr(c, r->msr, msr);
	*value = init | ones;
	return 0;
}

/* The secondary controls follow what the processor has of WAITPKG and ENCLV exiting. */
static uint32_t proc2_init(struct call *c, const struct vmx_ctl *r)
{
	struct cpuid_regs seven;
	uint32_t init = r->init & ~VMX_PROC2_WAIT_PAUSE;

	platform_cpuid(c->m->plat, c->lp_id, 7, 0, &seven);
	if (seven.ecx & 1u << 5)
		init |= VMX_PROC2_WAIT_PAUSE;
	if (!(read_msr(c, MSR_VMX_PROC_CTLS2) >> 32 & VMX_PROC2_ENCLV_EXITING))
		init &= ~VMX_PROC2_ENCLV_EXITING;
	return init;
}

uint64_t vmx_controls(struct call *c, unsigned vm)
{
	const struct vmx_ctl *rules = vm ? vmx_l2_ctls : vmx_l1_ctls;
	struct vmx_ctls *out = vm ? &c->m->vmx.l2 : &c->m->vmx.l1;

	for (unsigned i = 0; i < NUM_VMX_CTLS; i++) {
		uint32_t init = i == VMX_CTL_PROC2 ? proc2_init(c, &rules[i]) : rules[i].init;
		uint64_t status = check_ctl(c, &rules[i], init, i != VMX_CTL_PROC3, &out->ctl[i]);

		if (status)
			return status;
	}
	return 0;
}

uint64_t vmx_sample(struct call *c)
{
	struct vmx_caps *v = &c->m->vmx;

	v->basic = read_msr(c, MSR_VMX_BASIC);
	v->ept_vpid_cap = read_msr(c, MSR_VMX_EPT_VPID_CAP);
	v->proc = read_msr(c, MSR_VMX_TRUE_PROC_CTLS);
	v->proc2 = read_msr(c, MSR_VMX_PROC_CTLS2);
	v->proc3 = read_msr(c, MSR_VMX_PROC_CTLS3);
	v->cr0_fixed0 = read_msr(c, MSR_VMX_CR0_FIXED0);
	v->cr0_fixed1 = read_msr(c, MSR_VMX_CR0_FIXED1);
	v->cr4_fixed0 = read_msr(c, MSR_VMX_CR4_FIXED0);
	v->cr4_fixed1 = read_msr(c, MSR_VMX_CR4_FIXED1);
	return TDX_SUCCESS;
}

/* ---- controls of a TD ---- */

static uint32_t with(uint32_t value, uint32_t bits, bool on)
{
	return on ? value | bits : value & ~bits;
}

struct vmx_ctls vmx_td_ctls(const struct module *m, const struct td *td, unsigned vm)
{
	struct vmx_ctls v = vm ? m->vmx.l2 : m->vmx.l1;

	for (size_t i = 0; i < td_ctls_len; i++) {
		const struct td_ctl *r = &td_ctls[i];

		v.ctl[r->ctl] = with(v.ctl[r->ctl], r->bits, td_has(m, td->tdcs, r->feature) == r->value);
	}
	return v;
}

uint64_t vmx_cr0_mask(const struct module *m)
{
	uint64_t fixed = (m->vmx.cr0_fixed0 | ~m->vmx.cr0_fixed1) & ~CR0_PG;

	return fixed | CR0_INIT | 1ull << 29 | 1ull << 30 | BITS(63, 32) | BITS(28, 19) | 1ull << 17 | BITS(15, 6);
}

uint64_t vmx_cr0_shadow(const struct module *m)
{
	return m->vmx.cr0_fixed0 | CR0_INIT;
}

uint64_t vmx_cr4_absent(const struct module *m, const struct td *td)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < td_cr4_len; i++)
		bits |= td_has(m, td->tdcs, td_cr4[i].feature) ? 0 : td_cr4[i].bits;
	return bits;
}

uint64_t vmx_cr4_mask(const struct module *m, const struct td *td)
{
	return m->vmx.cr4_fixed0 | ~m->vmx.cr4_fixed1 | CR4_MCE | CR4_VMXE | CR4_SMXE | 1ull << 15 | BITS(63, 26) |
	       vmx_cr4_absent(m, td);
}

uint64_t vmx_cr4_shadow(const struct module *m)
{
	return (m->vmx.cr4_fixed0 & ~CR4_VMXE) | CR4_MCE;
}

uint64_t vmx_l2_cr4_writable(const struct module *m, const struct td *td)
{
	return CR4_L2_WRITABLE & ~m->vmx.cr4_fixed0 & m->vmx.cr4_fixed1 & ~vmx_cr4_absent(m, td);
}

/* ---- what an L1 VMM reads ---- */

/* A control that an L2 VM has with @init: the fixed-1 and allowed-1 halves. */
static uint64_t capability(const struct module *m, const struct td *td, unsigned ctl, uint32_t init)
{
	uint32_t writable = vmx_ctl_places[ctl].writable;

	for (size_t i = 0; i < td_ctls_len; i++)
		if (td_ctls[i].ctl == ctl && td_ctls[i].if_writable)
			writable = with(writable, td_ctls[i].bits, td_has(m, td->tdcs, td_ctls[i].feature));
	return (init & ~writable) | (uint64_t)(init | writable) << 32;
}

static uint64_t virtual_ept_vpid_cap(const struct module *m, const struct td *td)
{
	uint64_t cap = 1ull << 0 | 1ull << 16 | 1ull << 17 | 1ull << 22; /* execute-only, 2M, 1G, exit information */

	if (td->tdcs->xfam & 1ull << 12)
		cap |= 1ull << 23; /* supervisor shadow stacks */
	return cap | (m->vmx.ept_vpid_cap & BITS(53, 48));
}

void vmx_init_virtual_msrs(const struct module *m, const struct td *td)
{
	struct vmx_ctls v = vmx_td_ctls(m, td, 1);
	struct tdcs *t = td->tdcs;
	uint64_t cr4 = vmx_l2_cr4_writable(m, td);

	for (unsigned i = 0; i < NUM_VMX_CTLS; i++)
		if (vmx_ctl_places[i].virtual_msr)
			word_store(t->page + vmx_ctl_places[i].virtual_msr, 8, capability(m, td, i, v.ctl[i]));
	t->virtual_ia32_vmx_basic = BASIC_IO_EXIT_INFO | BASIC_TRUE_CTLS | 1ull << 56;
	t->virtual_ia32_vmx_misc = MISC_NEEDED | 4ull << 16 | 1ull << 30;
	t->virtual_ia32_vmx_cr0_fixed0 = CR0_INIT & ~CR0_L2_VARIABLE;
	t->virtual_ia32_vmx_cr0_fixed1 = CR0_INIT | CR0_L2_VARIABLE;
	t->virtual_ia32_vmx_cr4_fixed0 = CR4_INIT & ~cr4;
	t->virtual_ia32_vmx_cr4_fixed1 = CR4_INIT | cr4;
	t->virtual_ia32_vmx_ept_vpid_cap = virtual_ept_vpid_cap(m, td);
	t->virtual_ia32_vmx_vmfunc = 0;
	t->virtual_ia32_vmx_procbased_ctls3 = m->vmx.l2.ctl[VMX_CTL_PROC3] | vmx_ctl_places[VMX_CTL_PROC3].writable;
}
