/* SPDX-License-Identifier: MIT */
/*
 * A VM exit as the processor reports it.
 */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

#include <stdint.h>

/* The exit information fields of the VMCS. */
struct vm_exit {
	uint32_t reason;
	uint64_t qualification;
	uint64_t guest_linear;
	uint64_t guest_physical;
	uint32_t intr_info;
	uint32_t intr_error;
	uint32_t idt_info;
	uint32_t idt_error;
	uint32_t instr_length;
	uint32_t instr_info;
};

struct vmcs;

/* Into the VMCS, as the processor leaves them: no event is left to be injected. */
void vm_exit_record(struct vmcs *vmcs, const struct vm_exit *exit);

#endif
