/* SPDX-License-Identifier: MIT */
/*
 * The guest of a VMCS as software in root mode finds it after an exit and sends it on: its mode,
 * the next instruction, the event that the next VM entry delivers.
 */
#ifndef VMX_GUEST_H
#define VMX_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include "vmx/vmcs.h"

unsigned guest_cpl(const struct vmcs *vmcs);
bool guest_in_64bit(const struct vmcs *vmcs);
/* To the next instruction: RIP, end of STI and MOV SS blocking, single-step trap. */
void guest_skip_instruction(struct vmcs *vmcs);
/* A single-step trap is pending, or none. */
void guest_set_pending_step(struct vmcs *vmcs, bool pending);

/* The event of the next VM entry. */
void inject_event(struct vmcs *vmcs, uint32_t info, uint32_t error_code);
/* The event whose delivery met the exit is delivered again. */
void inject_again(struct vmcs *vmcs);
/* Whether that event is the exception @vector, and whether the exception bitmap has it exit. */
bool injection_is(const struct vmcs *vmcs, unsigned vector);
bool injection_is_intercepted(const struct vmcs *vmcs);
/* It is not delivered: the exit that it would have been. */
void injection_to_exit(struct vmcs *vmcs);

#endif
