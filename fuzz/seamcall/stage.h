/* SPDX-License-Identifier: MIT */
/*
 * A small machine for fuzzing the SEAMCALL boundary, brought up to a stage of a TD's life by
 * correct calls.
 */
#ifndef FUZZ_SEAMCALL_STAGE_H
#define FUZZ_SEAMCALL_STAGE_H

#include "bring_up.h"

enum stage {
	STAGE_POWER_ON, /* nothing called */
	STAGE_SYSTEM,	/* SYS.CONFIG done, TDMR usable */
	STAGE_TD,	/* a TD with one vCPU and one page, being built */
	STAGE_RUNNABLE, /* finalized */
	STAGE_GUEST,	/* its vCPU runs on processor 0 */
	STAGE_MIGRATION, /* it is exported, and another TD imports it */
	STAGES,
};

/*
 * A machine at that stage, the same each time it is asked for: it stays the stage's, and what the
 * last run did to it is undone. Aborts when a call of the bring-up is refused or without memory.
 */
struct seamless_machine *stage_machine(enum stage stage);
/* What it returns to. */
const struct seamless_snapshot *stage_snapshot(enum stage stage);

#endif
