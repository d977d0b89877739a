/* SPDX-License-Identifier: MIT */
/*
 * A small machine for fuzzing the SEAMCALL boundary, brought up to a stage of a TD's life by
 * correct calls.
 */
#ifndef FUZZ_SEAMCALL_STAGE_H
#define FUZZ_SEAMCALL_STAGE_H

#include "bring_up.h"

enum stage {
	STAGE_POWER_ON,	 /* nothing called */
	STAGE_SYSTEM,	 /* SYS.CONFIG done, TDMR usable */
	STAGE_TD,	 /* a TD with one vCPU and one page, being built */
	STAGE_RUNNABLE,	 /* finalized */
	STAGE_GUEST,	 /* its vCPU runs on processor 0 */
	STAGE_MIGRATION, /* it is exported, and another TD imports it */
	STAGES,
};

/*
 * Brings a machine up to each stage, before the first input: what an input covers is then its own.
 * Aborts when a call of the bring-up is refused or without memory.
 */
void stages_make(void);

/* The machine of that stage. */
struct seamless_machine *stage_machine(enum stage stage);

/*
 * Undoes what a run did to it, right after it: what that covers then belongs to the input that did
 * it, and the next one finds the same machine each time.
 */
void stage_restore(enum stage stage);

/* What it returns to, sealed. */
const struct seamless_snapshot *stage_snapshot(enum stage stage);

#endif
