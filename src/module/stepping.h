/* SPDX-License-Identifier: MIT */
/*
 * Defence against a host that makes a guest progress by one instruction or by none. Interrupts that come at once are
 * answered by running a random number of further instructions first; repeated EPT violations at one instruction put
 * the pages on a list, and the vCPU is not entered again until they are mapped.
 */
#ifndef SEAMLESS_MODULE_STEPPING_H
#define SEAMLESS_MODULE_STEPPING_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct guest_exit;

/* Per logical processor. */
struct lp_step {
	uint64_t entry_rip;      /* guest RIP at the last TD entry */
	uint64_t entry_tsc;
	uint32_t random;         /* state of the generator, 0: not seeded */
	uint32_t instructions;   /* still to run before the exit */
	bool active;             /* instructions are being stepped, external interrupts wait */
	bool nmi, init;          /* met while stepping, to be raised again */
	bool bus_lock;           /* a bus lock not yet reported to the host */
};

enum stepping_verdict {
	STEPPING_CONTINUE,
	STEPPING_RESUME,          /* back into the guest without handling the exit */
	STEPPING_WRONG_APIC_MODE, /* an interrupt can't be put back: the TD must die */
};

enum stepping_verdict stepping_on_exit(struct guest_exit *x);

/* An EPT violation of a private page is about to reach the host. */
void stepping_log_violation(struct guest_exit *x, uint64_t gpa);

enum stepping_entry {
	STEPPING_ENTER,
	STEPPING_NOTIFY,      /* enter, and tell the guest if it asked to be told */
	STEPPING_REFUSE,      /* a page on the list still is not accessible: *gpa */
	STEPPING_TREE_BUSY,
};

enum stepping_entry stepping_on_entry(struct call *c, uint64_t *gpa);

#endif
