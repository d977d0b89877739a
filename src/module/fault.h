/* SPDX-License-Identifier: MIT */
/*
 * Faults on demand: what the machine does by chance, made to happen to one call. Where a mechanism causes the status
 * (a lock, the random numbers, PCONFIG, a pending interrupt) it is the mechanism that fails; all else refuses the call
 * between its checks and its first change.
 */
#ifndef SEAMLESS_MODULE_FAULT_H
#define SEAMLESS_MODULE_FAULT_H

#include "module/call.h"

/* Whether the fault that is to meet this call is the refusal @status: if so it happens now. */
bool fault_meets(struct call *c, uint64_t status);

/*
 * What has no mechanism of its own, or did not meet it: where nothing has changed. After all checks, in leaves whose
 * checks change something before that.
 */
uint64_t fault_point(struct call *c);

/* An interrupt for the host comes where the leaf looks for one. */
bool fault_interrupts(struct call *c);

/* A guest's lock was refused as if the host wanted it; and as if the guest had tried for too long. */
bool fault_host_priority(const struct call *c);
bool fault_timeout(const struct call *c);

#endif
