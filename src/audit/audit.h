/* SPDX-License-Identifier: MIT */
/*
 * Whether all that a module keeps agrees with itself: PAMT, secure EPTs, the links from a TD to its pages, key ids,
 * locks and counts. Each fact stands in two places at least; a finding names both claims. Nothing is changed, and a
 * value that the host spoiled leads to a finding or is passed over, never astray.
 *
 * No thread may be inside a call of the module meanwhile; vCPUs may be in their guests.
 */
#ifndef SEAMLESS_AUDIT_AUDIT_H
#define SEAMLESS_AUDIT_AUDIT_H

#include <stddef.h>
#include <stdint.h>

struct module;

/* The rules, by the names that findings and docs/invariants.md give them. */
#define AUDIT_ONE_TYPE "one-type"           /* an entry has a type that exists, at one size */
#define AUDIT_ONE_OWNER "one-owner"         /* what a TD claims is what the PAMT says of the page */
#define AUDIT_CLAIMED_ONCE "claimed-once"   /* every page of a TD has one place in it, no private page two */
#define AUDIT_CHILD_COUNT "child-count"     /* CHLDCNT of the TDR is the number of its pages */
#define AUDIT_TREE "tree"                   /* secure EPT entries are well formed; aliases follow the TD's own entry */
#define AUDIT_EPOCH "epoch"                 /* BEPOCHs and counts of vCPUs fit TD_EPOCH and who is running */
#define AUDIT_VCPU "vcpu"                   /* a vCPU is on one processor, and counted where it is associated */
#define AUDIT_KEY_ID "key-id"               /* a key id has the state and the one TD that its TDR says */
#define AUDIT_ENCRYPTION "encryption"       /* a TD's pages are under its key */
#define AUDIT_LOCK "lock"                   /* between calls only running vCPUs hold locks */
/* Between one step and the next: */
#define AUDIT_RELEASE "release"             /* a page leaves a TD that runs only blocked and tracked */
#define AUDIT_KEY_REUSE "key-reuse"         /* a key id becomes free only when flushed and written back */
#define AUDIT_MEASUREMENT "measurement"     /* MRTD does not change once it is final */

struct audit_finding {
	const char *rule;
	uint64_t pa;      /* the object, 0: none in particular */
	const char *text; /* a sentence with both claims; valid during the call only */
};

typedef void (*audit_tell)(void *opaque, const struct audit_finding *finding);

#define AUDIT_NO_MEMORY SIZE_MAX

/* Tells each finding (@tell may be NULL) and returns their number, AUDIT_NO_MEMORY if there was none to look with. */
size_t audit_module(const struct module *m, audit_tell tell, void *opaque);

/*
 * The same, and what may have changed since the last look with the same history. @steps: calls and VM exits that ended
 * since then; the rules about one step apply if that is 1.
 */
struct audit_history;
struct audit_history *audit_history_new(void);
void audit_history_free(struct audit_history *h);
size_t audit_step(struct audit_history *h, const struct module *m, unsigned steps, audit_tell tell, void *opaque);

#endif
