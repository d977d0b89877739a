/* SPDX-License-Identifier: MIT */
/*
 * Machine checks inside the module. On hardware the module's own access to a page whose integrity the host broke ends
 * the module: no SEAMCALL works until it is loaded anew. Here such an access leaves the call at once, wherever it is;
 * locks stay as they are, since nothing of this module runs any more.
 */
#ifndef SEAMLESS_MODULE_MACHINE_CHECK_H
#define SEAMLESS_MODULE_MACHINE_CHECK_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include "module/module.h"

/* One call or VM exit under way on this thread. */
struct machine_check {
	jmp_buf back;
	uint64_t pa; /* where it happened */
};

/* Guards what follows on this thread. True: we come back from a machine check. */
#define machine_check_begin(mc) (machine_check_guard = (mc), _setjmp((mc)->back))
/* The guarded part is over. */
#define machine_check_leave() (machine_check_guard = NULL)
/* The guarded part that this thread is in. */
extern _Thread_local struct machine_check *machine_check_guard __attribute__((tls_model("initial-exec")));

/* The module's access to @pa fails. Does not return inside a guarded part. */
void machine_check_at(uint64_t pa) __attribute__((cold));

/* The end of the call that met it, and of the module. */
enum module_where machine_check_end(struct module *m, unsigned lp, struct cpu_regs *regs,
				    const struct machine_check *mc);
/* A call of a module that is gone: @regs holds the status that says so. */
enum module_where machine_check_dead(struct module *m, unsigned lp, struct cpu_regs *regs);

#endif
