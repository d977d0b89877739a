/* SPDX-License-Identifier: MIT */
/*
 * Guest state and controls between the VMCS and a running interpreter.
 */
#ifndef VMX_STATE_H
#define VMX_STATE_H

#include "vmx/lp.h"

/* Guest state of the VMCS, and the registers that no VM entry touches. */
void state_load(struct cpu_state *s, const struct vmcs *vmcs, const struct cpu_regs *regs);
void state_save(const struct cpu_state *s, struct vmcs *vmcs, struct cpu_regs *regs);
/* Whether VM entry takes this state, and the interpreter can run it. */
bool state_valid(const struct vmx_guest *g);
/* Is it a linear address as the guest's paging mode has them? */
bool state_canonical(const struct vmcs *v, uint64_t address);
/* x87 and SSE state from and to an XSAVE image; XMM registers are also in struct cpu_regs. */
void fx_load(struct cpu_fx *fx, const uint8_t *xsave);
void fx_save(const struct cpu_fx *fx, uint8_t *xsave);
void controls_load(struct cpu_controls *c, const struct vmx_guest *g);
/* The preemption timer is on and at 0. */
bool timer_ran_out(const struct vmcs *vmcs);

#endif
