/* SPDX-License-Identifier: MIT */
/*
 * What the processor's VMX allows, sampled and checked by TDH.SYS.INIT, and what follows from it: the execution
 * controls of a TD's VMCS, and the VMX capabilities that an L1 VMM inside a TD reads.
 */
#ifndef SEAMLESS_MODULE_VMX_H
#define SEAMLESS_MODULE_VMX_H

#include <stdbool.h>
#include <stdint.h>
#include "gen/vmcs.h"

struct call;
struct module;
struct td;
struct tdcs;
struct vapic;
struct vcpu;
struct vmcs;

/* The control fields of a VMCS that TDX sets. */
struct vmx_ctls {
	uint32_t ctl[NUM_VMX_CTLS];
};

struct vmx_caps {
	uint64_t basic, ept_vpid_cap;
	uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	uint64_t proc, proc2, proc3; /* allowed settings: must-be-1 bits 31:0, may-be-1 bits 63:32; proc3 may-be-1 only */
	struct vmx_ctls l1, l2;      /* before what depends on the TD */
};

/* What TDX needs; MISC: unrestricted guest, HLT and shutdown states, PT in VMX, VMWRITE to any field. */
#define VMCS_MAX_BYTES 2048u
#define MISC_NEEDED (1ull << 5 | 1ull << 6 | 1ull << 7 | 1ull << 14 | 1ull << 29)
#define EPT_VPID_NEEDED 0x10106334041ull
#define CR0_INIT 0x21ull
#define CR4_INIT 0x2040ull
#define CR0_L2_VARIABLE 0x8005001full

/* Checks what the processor allows of the controls and samples the first values of L1's (0) or those of L2 VMs (1). */
uint64_t vmx_controls(struct call *c, unsigned vm);

/* The controls of the VMCS of L1 (vm 0) or of an L2 VM of this TD at first. */
struct vmx_ctls vmx_td_ctls(const struct module *m, const struct td *td, unsigned vm);

/* CR0 and CR4 bits that the guest does not own, and what it reads in them. */
uint64_t vmx_cr0_mask(const struct module *m);
uint64_t vmx_cr0_shadow(const struct module *m);
uint64_t vmx_cr4_mask(const struct module *m, const struct td *td);
uint64_t vmx_cr4_shadow(const struct module *m);

/* CR4 bits of features that XFAM or ATTRIBUTES do not give the TD. */
uint64_t vmx_cr4_absent(const struct module *m, const struct td *td);
/* CR4 bits that software in the TD may change in an L2 VM. */
uint64_t vmx_l2_cr4_writable(const struct module *m, const struct td *td);

/* TDCS.VIRTUAL_IA32_VMX_*: what an L1 VMM reads. */
void vmx_init_virtual_msrs(const struct module *m, const struct td *td);

/* The VMCS of @vm (0: L1) of a virtual CPU whose TDVPS pages are complete. */
struct vmcs *vcpu_vmcs(const struct module *m, const struct vcpu *vp, unsigned vm);
/* The virtual APIC of L1, without a posted-interrupt descriptor. */
struct vapic vcpu_vapic(const struct module *m, const struct vcpu *vp);
/* Fills the VMCS of @vm as TDH.VP.INIT does. @import: but for what comes with the migrated vCPU. */
void vmcs_init(const struct module *m, const struct td *td, const struct vcpu *vp, unsigned vm, bool import);

#endif
