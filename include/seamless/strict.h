/* SPDX-License-Identifier: MIT */
/*
 * A memory sanitizer for code that manages trust domains: what it does wrong with pages is reported
 * at the moment when it does it, with the history of the page. On hardware most of these mistakes
 * show much later, as a machine check or as data that is not what it was.
 *
 *   seamless_strict_start(m, report, NULL);    // before the first call
 *
 * What is reported, by name:
 *
 *   private-read      the host reads a page of a TD or of the module, or one that it took back and
 *                     has not written since: it gets ciphertext
 *   private-write     the host writes to a page of a TD or of the module: its content is lost, the
 *                     TD's or the module's next access is a machine check
 *   private-operand   an operand in shared memory, of a call or of a guest, is such a page
 *   dirty-cache       a page that was taken back is used by the host, or given away under another
 *                     key id, while caches may hold lines of it under its old key id, which would
 *                     overwrite it later: TDH.PHYMEM.PAGE.WBINVD is missing, or TDH.PHYMEM.CACHE.WB
 *                     and TDH.MNG.KEY.FREEID
 *   page-in-use       a page is given to the module that is in use already (PAMT)
 *   tlb-track         a page is to be taken from a TD that can run without TDH.MEM.TRACK since its
 *                     TDH.MEM.RANGE.BLOCK
 *   out-of-memory     none of these: there was no memory for the record of a page, and from here on
 *                     mistakes may go unseen; reported once
 *
 * The host's accesses are those by seamless_read(), write, fill, hash and shared(), and operands of
 * calls. Not seen: what goes through a pointer that seamless_shared() gave before the page went
 * to a TD, and accesses by a process that maps seamless_memory_fd(). A page is 4 KiB; a host write
 * to a page that was taken back and written back makes it the host's, whatever its length.
 */
#ifndef SEAMLESS_STRICT_H
#define SEAMLESS_STRICT_H

#include <stdbool.h>
#include <stdint.h>

#include "seamless/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

struct seamless_strict_report {
	const char *kind; /* a name from above */
	uint64_t pa;	  /* of the first byte */
	int lp;		  /* processor, -1: by no processor */
	const char
		*text; /* all of the report, lines ended by newlines; valid during the call only */
};

/*
 * Called on the thread that made the mistake, during its call; it must not make calls itself. It
 * may end the process.
 */
typedef void (*seamless_strict_tell)(void *opaque, const struct seamless_strict_report *report);

/*
 * Begins, at best before the machine's first call (what happened before has no history), while no
 * thread uses the machine; ends with seamless_strict_stop(). Takes one of the machine's traces.
 * False: no memory, no trace left, or begun already.
 */
bool seamless_strict_start(struct seamless_machine *m, seamless_strict_tell tell, void *opaque);

/* Ends it, before seamless_destroy(), while no thread uses the machine. The number of reports. */
uint64_t seamless_strict_stop(struct seamless_machine *m);

#ifdef __cplusplus
}
#endif
#endif
