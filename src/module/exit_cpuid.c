// SPDX-License-Identifier: MIT
/*
 * CPUID in a TD: the values that TDH.MNG.INIT computed, a few bits that follow the vCPU's state, #VE for the rest.
 */
#include "module/cpuid.h"
#include "module/guest.h"
#include "module/metadata.h"
#include "platform/platform.h"
#include "vmx/x86.h"

#define LAST_BASE_LEAF 0x23u
#define EXTENDED_BASE 0x80000000u

#define CPUID_VE_SUPERVISOR (1u << 0)
#define CPUID_VE_USER (1u << 1)

#define LEAF_XSTATE 0xdu

/* A leaf above the maximum of its range is answered as the last basic one. */
static uint32_t clamp_leaf(const struct guest_exit *x, uint32_t leaf)
{
	if (leaf >= HYPERVISOR_FIRST && leaf <= HYPERVISOR_LAST)
		return leaf;
	if (leaf > x->m->cpuid_last[1] || (leaf > LAST_BASE_LEAF && leaf < EXTENDED_BASE))
		return LAST_BASE_LEAF;
	return leaf;
}

/* The guest itself asked for #VE on this leaf, or on CPUID as such, at its privilege level. */
static bool guest_wants_ve(const struct guest_exit *x, size_t index)
{
	const struct tdvps *vps = x->vps;

	if (guest_cpl(x->vmcs))
		return vps->cpuid_user_ve || vps->cpuid_control[index] & CPUID_VE_USER;
	return vps->cpuid_supervisor_ve || vps->cpuid_control[index] & CPUID_VE_SUPERVISOR;
}

static void set_bit(uint32_t *reg, uint32_t bit, bool on)
{
	*reg = on ? *reg | bit : *reg & ~bit;
}

static void live_leaf_7(const struct guest_exit *x, uint32_t *v)
{
	if (x->tdcs->cpuid_flags & TD_CPUID_TSX && x->vps->msr_tsx_ctrl & TSX_CTRL_CPUID_CLEAR)
		v[EBX] &= ~CPUID_7_EBX_HLE_RTM;
	set_bit(&v[ECX], CPUID_7_ECX_OSPKE, vmcs_read(x->vmcs, VMCS_GUEST_CR4) & CR4_PKE);
}

/*
 * The sizes that XSAVE (subleaf 0) and XSAVES (subleaf 1) need for what is enabled now. A platform that doesn't say where
 * components lie (that of the transcripts) answers with its table's.
 */
static uint32_t live_xsave_size(const struct guest_exit *x, uint32_t subleaf)
{
	uint32_t offsets[TDCS_XBUFF_COMPONENTS] = { 0 };
	struct cpuid_regs native, avx;

	platform_cpuid(x->m->plat, x->lp_id, LEAF_XSTATE, 2, &avx);
	platform_cpuid(x->m->plat, x->lp_id, LEAF_XSTATE, subleaf, &native);
	if (!avx.ebx)
		return native.ebx;
	return subleaf ? xsave_layout(x->m, x->vps->xcr0 | x->vps->msr_xss, offsets)
		       : xsave_standard_size(x->m, x->vps->xcr0);
}

/* Bits that follow the state of the vCPU. */
static void live_values(const struct guest_exit *x, uint32_t leaf, uint32_t subleaf, uint32_t *v)
{
	switch (leaf) {
	case 1:
		v[EBX] = (v[EBX] & 0x00ffffffu) | x->vps->vcpu_index << CPUID_1_EBX_APIC_ID_SHIFT;
		set_bit(&v[ECX], CPUID_1_ECX_OSXSAVE, vmcs_read(x->vmcs, VMCS_GUEST_CR4) & CR4_OSXSAVE);
		break;
	case 7:
		if (!subleaf)
			live_leaf_7(x, v);
		break;
	case LEAF_XSTATE:
		if (subleaf <= 1)
			v[EBX] = live_xsave_size(x, subleaf);
		break;
	case 0x80000001:
		set_bit(&v[EDX], CPUID_80000001_EDX_SYSCALL, guest_in_64bit(x->vmcs));
		break;
	default:
		break;
	}
}

void handle_cpuid(struct guest_exit *x)
{
	uint64_t *gpr = x->vps->gpr;
	uint32_t leaf = clamp_leaf(x, (uint32_t)gpr[GPR_RAX]);
	uint32_t subleaf = (uint32_t)gpr[GPR_RCX];
	size_t index = md_cpuid_index(leaf, subleaf);
	uint32_t v[CPUID_REGS];

	if (index >= cpuid_rules_len || cpuid_rules[index].faulting || guest_wants_ve(x, index)) {
		inject_ve(x, EXIT_REASON_CPUID, 0, 0, 0);
		return;
	}
	for (unsigned i = 0; i < CPUID_REGS; i++)
		v[i] = x->tdcs->cpuid_values[index][i];
	live_values(x, leaf, subleaf, v);
	gpr[GPR_RAX] = v[EAX];
	gpr[GPR_RBX] = v[EBX];
	gpr[GPR_RCX] = v[ECX];
	gpr[GPR_RDX] = v[EDX];
}
