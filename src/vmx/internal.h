/* SPDX-License-Identifier: MIT */
/*
 * One logical processor's interpreter, and what it asks for while it runs (ops.c).
 */
#ifndef VMX_INTERNAL_H
#define VMX_INTERNAL_H

#include "vmx/lp.h"

/* Why the last translation failed, when that is more than an EPT violation. */
enum walk_problem { PROBLEM_NONE, PROBLEM_MISCONFIGURED, PROBLEM_CONVERTIBLE, PROBLEM_MACHINE_CHECK };

struct vmx_lp {
	struct platform *platform;
	unsigned number;
	struct vmx_lps *lps;         /* that it is one of */
	struct cpu *cpu;
	struct vmx_guest g;          /* that runs */
	const struct vmcs *last;     /* the VMCS of the last run */
	uint8_t *apic, *ve_info;     /* pages that the VMCS names, NULL: no such memory */
	const uint8_t *msr_bitmap;
	enum walk_problem problem;
	uint64_t destroyed_seen;     /* the memory's count of destroyed pages at the last flush */
	uint64_t shared_root;        /* of the shared EPT that cached translations are from */
	bool notified;               /* a notification of posted interrupts arrived; atomic */
	bool kick_waits;             /* an interrupt that came while interrupts were held */
	uint64_t counted;            /* instructions whose time has passed on a machine that counts it */
	bool in_quantum;             /* this stay may end by the host's timer */
	struct cpu_unknown unknown;
};

/* Memory, time, random numbers, MSRs and the task priority of the guest that is on the processor. */
extern const struct cpu_ops vmx_ops;

/* The page whose address, with its key id, a VMCS field holds. */
uint8_t *vmx_named_page(const struct vmx_lp *v, uint32_t field);

#endif
