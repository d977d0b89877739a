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

/*
 * gcc's own setjmp stores no more than where to go, in a function that saves all registers anyway. clang's forgets what
 * is live there, and the sanitizers follow that of libc.
 */
#if defined(__clang__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define machine_check_mark(mc) _setjmp((mc)->back.libc)
#define machine_check_return(mc) longjmp((mc)->back.libc, 1)
#else
#define machine_check_mark(mc) __builtin_setjmp((mc)->back.gcc)
#define machine_check_return(mc) __builtin_longjmp((mc)->back.gcc, 1)
#endif

/* One call or VM exit under way on this thread. */
struct machine_check {
	union { jmp_buf libc; void *gcc[5]; } back;
	uint64_t pa; /* where it happened */
};

/* Guards what follows on this thread. True: we come back from a machine check. */
#define machine_check_begin(mc) (machine_check_guard = (mc), machine_check_mark(mc))
/* The guarded part is over. */
#define machine_check_leave() (machine_check_guard = NULL)
/* The guarded part that this thread is in. */
extern _Thread_local struct machine_check *machine_check_guard __attribute__((tls_model("initial-exec")));

/* The module's access to @pa fails. Does not return inside a guarded part. */
void machine_check_at(uint64_t pa) __attribute__((cold));

/* The end of the call that met it at @pa, and of the module. */
enum module_where machine_check_end(struct module *m, unsigned lp, struct cpu_regs *regs, uint64_t pa);
/* A call of a module that is gone: @regs holds the status that says so. */
enum module_where machine_check_dead(struct module *m, unsigned lp, struct cpu_regs *regs);

#endif
