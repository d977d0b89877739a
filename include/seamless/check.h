/* SPDX-License-Identifier: MIT */
/*
 * Whether all that the module keeps on a machine agrees with itself. Each fact about a page, a TD,
 * a vCPU or a key id stands in two places at least; a finding names both claims. docs/invariants.md
 * lists the rules.
 *
 * A finding is a mistake of the module, or the work of a host that wrote over the module's memory
 * on a machine without memory encryption. Programs that test a hypervisor may call this wherever
 * they like; a library built with -Dcheck-state=true (or buildtype debug) does so by itself after
 * every call and VM exit, and says what it found on stderr and aborts.
 */
#ifndef SEAMLESS_CHECK_H
#define SEAMLESS_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "seamless/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

struct seamless_finding {
	const char *rule; /* its name in docs/invariants.md: "one-owner", "claimed-once", ... */
	uint64_t pa;	  /* physical address of the page that it is about, 0: of none */
	const char *text; /* one sentence: the object, what it claims and what contradicts that */
};

/* Strings are valid during the call only. It must not make calls of the module. */
typedef void (*seamless_check_tell)(void *opaque, const struct seamless_finding *finding);

#define SEAMLESS_CHECK_NO_MEMORY ((size_t)-1)

/*
 * Looks at the PAMT of all TDMRs, at all TDs with their control structures, secure EPTs and vCPUs,
 * at key ids and locks. Tells each finding (tell may be NULL) and returns their number, 0: all is
 * well; SEAMLESS_CHECK_NO_MEMORY: there was none to look with. Time grows with the size of the
 * TDMRs (about 1 ms for each GiB). Changes nothing.
 *
 * No thread may be in a call of this machine, or in seamless_vm_exit(), meanwhile; guests may run.
 */
size_t seamless_check(struct seamless_machine *m, seamless_check_tell tell, void *opaque);

#ifdef __cplusplus
}
#endif
#endif
