/* SPDX-License-Identifier: MIT */
/*
 * L2 VMs of a TD: one vCPU runs L1, the TD's own monitor, or one of its VMs. TDG.VP.ENTER takes it into a VM with the
 * state that L1 has in memory; an exit that is L1's business writes the state back and returns from that TDCALL.
 */
#ifndef SEAMLESS_MODULE_L2_H
#define SEAMLESS_MODULE_L2_H

#include <stdbool.h>
#include <stdint.h>
#include "module/guest.h"

/* l2_debug_ctls: what the host of a debug TD wants to see. */
#define L2_DEBUG_EXIT_BEFORE_ENTRY (1ull << 0)
#define L2_DEBUG_EXIT_ON_RETURN (1ull << 1)
#define L2_DEBUG_EXIT_ON_EXIT (1ull << 2)

/* ---- memory operands of an L2 VM: L1's GPAs and where they are mapped ---- */

void l2_forget_translations(const struct td *td, struct tdvps *vps);
/* Finds the pages that are not known any more. False: *@failed is mapped nowhere. */
bool l2_translate_state(const struct module *m, const struct td *td, struct tdvps *vps, unsigned vm, uint64_t *failed);
bool l2_translate(const struct module *m, const struct td *td, const struct vcpu *vp, unsigned vm, uint64_t *failed);

/* L2_ENTER_GUEST_STATE: into @gpr and the VM's VMCS, and back from the TDVPS and the VMCS. */
void l2_load_state(const struct module *m, const struct vcpu *vp, unsigned vm, uint64_t gpr[16]);
void l2_store_state(const struct module *m, const struct vcpu *vp, unsigned vm);

/* Before @vmcs of an L2 VM is entered: its preemption timer. */
void l2_set_timer(const struct module *m, const struct tdvps *vps, struct vmcs *vmcs, unsigned vm);

/* ---- from L2 to L1 ---- */

/* What TDG.VP.ENTER returns, from the exit information in the VMCS of the VM that exited. */
void l2_exit_registers(struct tdvps *vps, const struct vmcs *vmcs, uint64_t status, uint64_t extended);

/* An event whose delivery met the exit is delivered at the next entry; once. */
void l2_reinject(struct vmcs *vmcs);

/* ---- TDH.VP.ENTER after a TD exit from L2 ---- */

/* The exit that went to the host is L1's business after all. */
void l2_route_to_l1(struct tdvps *vps);
/* Whether the vCPU goes on in L2 or in L1. False: *@failed is a GPA that the host must map first. */
bool l2_resume(struct call *c, uint64_t *failed);

/* ---- exits ---- */

/* Handles an exit from L2; what remains to be done when the handler is through. */
void l2_handle(struct guest_exit *x);
void l2_finish(struct guest_exit *x);

#endif
