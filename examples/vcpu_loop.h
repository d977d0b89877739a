/* SPDX-License-Identifier: MIT */
/* A vCPU of a small hypervisor: see vcpu_loop.c. */
#ifndef EXAMPLES_VCPU_LOOP_H
#define EXAMPLES_VCPU_LOOP_H

#include <tdx/tdx.h>

/* The processor's own register numbers, as a hypervisor that decodes instructions has them. */
enum vcpu_reg {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	NUM_REGS
};

struct vcpu {
	unsigned long regs[NUM_REGS];
	tdx_tdr_t tdr;
	tdx_tdvpr_t tdvpr;
	tdx_u64 free_page; /* the next page of the host's that may become the TD's */
};

enum vcpu_run { RUN_AGAIN, RUN_HALTED, RUN_ENDED };

enum vcpu_run vcpu_run_once(struct vcpu *vcpu);

#endif
