// SPDX-License-Identifier: MIT
/*
 * VMX capabilities: the check of the processor, and the controls that follow for a TD.
 */
#include "gen/checks.h"
#include "module/vmx.h"
#include "gen/vmcs.h"
#include "module/state.h"
#include "platform/platform.h"
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

static uint64_t check_ctls(struct call *c, const struct vmx_ctl *rules, struct vmx_ctls *out)
{
	uint32_t value[NUM_VMX_CTLS];

	for (unsigned i = 0; i < NUM_VMX_CTLS; i++) {
		uint32_t init = i == VMX_CTL_PROC2 ? proc2_init(c, &rules[i]) : rules[i].init;
		uint64_t status = check_ctl(c, &rules[i], init, i != VMX_CTL_PROC3, &value[i]);

		if (status)
			return status;
	}
	*out = (struct vmx_ctls){ .pin = value[VMX_CTL_PIN], .proc = value[VMX_CTL_PROC], .proc2 = value[VMX_CTL_PROC2],
				  .exit = value[VMX_CTL_EXIT], .entry = value[VMX_CTL_ENTRY], .proc3 = value[VMX_CTL_PROC3] };
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

uint64_t vmx_l1_controls(struct call *c)
{
	return check_ctls(c, vmx_l1_ctls, &c->m->vmx.l1);
}

uint64_t vmx_l2_controls(struct call *c)
{
	return check_ctls(c, vmx_l2_ctls, &c->m->vmx.l2);
}

/* ---- controls of a TD ---- */

static uint32_t with(uint32_t value, uint32_t bits, bool on)
{
	return on ? value | bits : value & ~bits;
}

struct vmx_ctls vmx_td_ctls(const struct module *m, const struct td *td, unsigned vm)
{
	const struct tdcs *t = td->tdcs;
	struct vmx_ctls v = vm ? m->vmx.l2 : m->vmx.l1;
	bool debug = t->attributes & TD_ATTR_DEBUG;
	bool perfmon = t->attributes & TD_ATTR_PERFMON;

	v.exit = with(v.exit, VMX_EXIT_PERF_GLOBAL_CTRL, perfmon || debug);
	v.entry = with(v.entry, VMX_ENTRY_PERF_GLOBAL_CTRL, perfmon || debug);
	v.entry = with(v.entry, VMX_ENTRY_PKRS, t->attributes & TD_ATTR_PKS || debug);
	v.proc = with(v.proc, VMX_PROC_MWAIT_EXITING | VMX_PROC_MONITOR_EXITING,
		      !(t->cpuid_flags & TD_CPUID_MONITOR));
	v.proc = with(v.proc, VMX_PROC_RDPMC_EXITING, !perfmon);
	v.proc2 = with(v.proc2, VMX_PROC2_WAIT_PAUSE, t->cpuid_flags & TD_CPUID_WAITPKG);
	v.proc2 = with(v.proc2, VMX_PROC2_PCONFIG, t->cpuid_flags & TD_CPUID_MKTME);
	v.proc3 = with((uint32_t)v.proc3, VMX_PROC3_GPAW, t->gpaw);
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

uint64_t vmx_cr4_absent(const struct td *td)
{
	uint64_t xfam = td->tdcs->xfam, bits = CR4_KL;

	if (!(xfam & XFAM_PKRU))
		bits |= CR4_PKE;
	if ((xfam & XFAM_CET) != XFAM_CET)
		bits |= CR4_CET;
	if (!(xfam & XFAM_ULI))
		bits |= CR4_UINTR;
	if (!(td->tdcs->attributes & TD_ATTR_PKS))
		bits |= CR4_PKS;
	return bits;
}

uint64_t vmx_cr4_mask(const struct module *m, const struct td *td)
{
	return m->vmx.cr4_fixed0 | ~m->vmx.cr4_fixed1 | CR4_MCE | CR4_VMXE | CR4_SMXE | 1ull << 15 | BITS(63, 26) |
	       vmx_cr4_absent(td);
}

uint64_t vmx_cr4_shadow(const struct module *m)
{
	return (m->vmx.cr4_fixed0 & ~CR4_VMXE) | CR4_MCE;
}

uint64_t vmx_l2_cr4_writable(const struct module *m, const struct td *td)
{
	return CR4_L2_WRITABLE & ~m->vmx.cr4_fixed0 & m->vmx.cr4_fixed1 & ~vmx_cr4_absent(td);
}

/* ---- what an L1 VMM reads ---- */

/* Fixed-1 and allowed-1 halves of a capability MSR. */
static uint64_t capability(uint32_t init, uint32_t variable)
{
	return (init & ~variable) | (uint64_t)(init | variable) << 32;
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
	uint32_t proc = with(vmx_ctl_writable[VMX_CTL_PROC], VMX_PROC_RDPMC_EXITING, t->attributes & TD_ATTR_PERFMON);
	uint32_t proc2 = vmx_ctl_writable[VMX_CTL_PROC2];
	uint64_t cr4 = vmx_l2_cr4_writable(m, td);

	proc2 = with(proc2, VMX_PROC2_WAIT_PAUSE, td->tdcs->cpuid_flags & TD_CPUID_WAITPKG);
	proc2 = with(proc2, VMX_PROC2_PCONFIG, td->tdcs->cpuid_flags & TD_CPUID_MKTME);
	t->virtual_ia32_vmx_basic = BASIC_IO_EXIT_INFO | BASIC_TRUE_CTLS | 1ull << 56;
	t->virtual_ia32_vmx_misc = MISC_NEEDED | 4ull << 16 | 1ull << 30;
	t->virtual_ia32_vmx_cr0_fixed0 = CR0_INIT & ~CR0_L2_VARIABLE;
	t->virtual_ia32_vmx_cr0_fixed1 = CR0_INIT | CR0_L2_VARIABLE;
	t->virtual_ia32_vmx_cr4_fixed0 = CR4_INIT & ~cr4;
	t->virtual_ia32_vmx_cr4_fixed1 = CR4_INIT | cr4;
	t->virtual_ia32_vmx_procbased_ctls2 = capability(v.proc2, proc2);
	t->virtual_ia32_vmx_ept_vpid_cap = virtual_ept_vpid_cap(m, td);
	t->virtual_ia32_vmx_true_pinbased_ctls = capability(m->vmx.l2.pin, vmx_ctl_writable[VMX_CTL_PIN]);
	t->virtual_ia32_vmx_true_procbased_ctls = capability(v.proc, proc);
	t->virtual_ia32_vmx_true_exit_ctls = capability(v.exit, vmx_ctl_writable[VMX_CTL_EXIT]);
	t->virtual_ia32_vmx_true_entry_ctls = capability(v.entry, vmx_ctl_writable[VMX_CTL_ENTRY]);
	t->virtual_ia32_vmx_vmfunc = 0;
	t->virtual_ia32_vmx_procbased_ctls3 = m->vmx.l2.proc3 | vmx_ctl_writable[VMX_CTL_PROC3];
}
