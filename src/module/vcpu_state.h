/* SPDX-License-Identifier: MIT */
/*
 * Guest state between where the module keeps it (VMCS, TDVPS) and a running interpreter.
 */
#ifndef SEAMLESS_MODULE_VCPU_STATE_H
#define SEAMLESS_MODULE_VCPU_STATE_H

#include <stdbool.h>
#include "cpu/cpu.h"
#include "module/guest.h"

/* All of it but x87 and SSE state. */
void vcpu_state_load(struct cpu_state *s, const struct vcpu *vp, const struct vmcs *vmcs, const struct cpu_regs *regs);
void vcpu_state_save(const struct cpu_state *s, const struct vcpu *vp, struct vmcs *vmcs, struct cpu_regs *regs);

/* Whether VM entry takes this state, and the interpreter can run it. */
bool vcpu_state_valid(const struct vmcs *vmcs, const struct module *m, const struct td *td);

/* x87 and SSE state from and to the XSAVE image of the TDVPS; XMM registers are also in the module's registers. */
void vcpu_fx_load(struct cpu_fx *fx, const uint8_t *xbuff);
void vcpu_fx_save(const struct cpu_fx *fx, uint8_t *xbuff);

/* Execution controls, from the VMCS and from what the TD has. */
void vcpu_controls_load(struct cpu_controls *c, const struct module *m, const struct td *td, const struct vcpu *vp,
			const struct vmcs *vmcs);
/* The preemption timer is on and at 0. */
bool vcpu_timer_ran_out(const struct vmcs *vmcs);

#endif
