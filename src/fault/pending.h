/* SPDX-License-Identifier: MIT */
/*
 * The fault that is to meet a logical processor's next call, and which of its refusals that is.
 * Where a mechanism causes the status (a lock, the random numbers, PCONFIG, a pending interrupt) it
 * is the mechanism that fails and asks here whether it must; all else refuses the call between its
 * checks and its first change.
 */
#ifndef FAULT_PENDING_H
#define FAULT_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#define FAULT_PENDING_TEXT 200

struct fault_pending {
	uint64_t status; /* the refusal, with its detail; 0: none */
	bool any_detail; /* ... of whatever operand comes first */
	bool happened;
	unsigned looks; /* an interrupt: how often the leaf looks for one in vain before */
	char text[FAULT_PENDING_TEXT]; /* what the reason names as its cause */
};

/* For the two below, of a fault that there is. */
bool fault_is(struct fault_pending *f, uint64_t status);
uint64_t fault_is_left(struct fault_pending *f);

/* Whether it is the refusal `status`: if so it happens now. */
static inline bool fault_meets(struct fault_pending *f, uint64_t status)
{
	return f->status && fault_is(f, status);
}

/*
 * What has no mechanism of its own, or did not meet it, happens now: the status of the refusal, 0
 * if there is none.
 */
static inline uint64_t fault_remains(struct fault_pending *f)
{
	return f->status ? fault_is_left(f) : 0;
}

/* Whether an interrupt for the host comes where the leaf looks for one now. */
bool fault_interrupts(struct fault_pending *f);

/*
 * A guest's lock was refused as if the host wanted it; and as if the guest had tried for too long.
 */
bool fault_host_priority(const struct fault_pending *f);
bool fault_timeout(const struct fault_pending *f);

/* The call is over: whether the fault has happened. */
bool fault_end(struct fault_pending *f);

#endif
