/* SPDX-License-Identifier: MIT */
/*
 * Two TDs in the middle of a migration, one being exported, the other imported, with the host's
 * lists at known places.
 */
#ifndef FUZZ_SEAMCALL_MIGRATION_H
#define FUZZ_SEAMCALL_MIGRATION_H

#include "bring_up.h"

#define TARGET_TDR (PAGES_BASE + 40 * 4096)

/* Pages of the shared buffers: the MBMD, the lists, and what they list. */
#define MIG_MBMD    (SHARED_BASE + 16 * 4096)
#define MIG_PAGES   (SHARED_BASE + 17 * 4096) /* a page list, of pages 18 to 23 */
#define MIG_GPAS    (SHARED_BASE + 24 * 4096)
#define MIG_BUFFERS (SHARED_BASE + 25 * 4096) /* pages 28 to 31 */
#define MIG_MACS    (SHARED_BASE + 26 * 4096)
#define MIG_NEW	    (SHARED_BASE + 27 * 4096) /* TD pages 56 to 59 */

/* From a finalized TD that is migratable: TDR is LIVE_EXPORT, TARGET_TDR is MEMORY_IMPORT. */
void migration_begin(struct seamless_machine *m);

#endif
