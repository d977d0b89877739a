/* SPDX-License-Identifier: MIT */
/*
 * Seamless as a library: a machine with a software TDX module, for code that makes SEAMCALLs.
 * docs/library.md is its guide, examples/hypervisor/ its example.
 *
 *   struct seamless_machine *m = seamless_create(NULL, err, sizeof(err));
 *   seamless_lp_enter(m, 0);                       // this thread is logical processor 0 now
 *   status = tdh_sys_init(...);                    // any call of tdx/tdh.h
 *   seamless_lp_leave();
 *   seamless_destroy(m);
 *
 * Several machines may exist at the same time. Nothing here prints, exits or keeps global state;
 * the one thing that a thread has is the logical processor it is bound to. Unless said otherwise a
 * function may be called by any thread at any time, bound or not, and pointers must not be NULL.
 *
 * seamless/exec.h is not part of it: programs that `seamless exec` runs include that.
 */
#ifndef SEAMLESS_SEAMLESS_H
#define SEAMLESS_SEAMLESS_H

#include "seamless/check.h"
#include "seamless/debug.h"
#include "seamless/explain.h"
#include "seamless/fault.h"
#include "seamless/guest.h"
#include "seamless/lp.h"
#include "seamless/machine.h"
#include "seamless/memory.h"
#include "seamless/play.h"
#include "seamless/record.h"
#include "seamless/snapshot.h"
#include "seamless/strict.h"
#include "seamless/trace.h"

#endif
