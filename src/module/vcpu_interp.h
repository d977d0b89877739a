/* SPDX-License-Identifier: MIT */
/*
 * One logical processor's interpreter, and what it asks for while it runs (vcpu_ops.c).
 */
#ifndef SEAMLESS_MODULE_VCPU_INTERP_H
#define SEAMLESS_MODULE_VCPU_INTERP_H

#include <stdbool.h>
#include "cpu/cpu.h"
#include "module/guest.h"

/* Why the last translation failed, when that is more than an EPT violation. */
enum walk_problem { PROBLEM_NONE, PROBLEM_MISCONFIGURED, PROBLEM_CONVERTIBLE, PROBLEM_MACHINE_CHECK };

struct interp {
	struct module *m;
	unsigned lp;
	struct cpu *cpu;
	struct lp_guest *guest;
	unsigned vm;                 /* that runs */
	struct vmcs *vmcs;           /* its VMCS */
	enum walk_problem problem;
	uint64_t destroyed_seen;     /* the memory's count of destroyed pages at the last flush */
	uint64_t shared_eptp;        /* the one that cached translations are from */
	bool notified;               /* a notification of posted interrupts arrived; atomic */
	bool kick_waits;             /* an interrupt that came while instructions were stepped */
	uint64_t counted;            /* instructions whose time has passed on a machine that counts it */
	bool in_quantum;             /* this stay may end by the host's timer */
	struct cpu_unknown unknown;
};

/* Memory, time, random numbers, MSRs and the task priority of the vCPU that is on the processor. */
extern const struct cpu_ops vcpu_ops;

#endif
