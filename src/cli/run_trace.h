/* SPDX-License-Identifier: MIT */
/*
 * The trace of a run in the manner of strace: one line per SEAMCALL and TDCALL, with operands and
 * outputs by name. TDH.VP.ENTER has a line where it enters and, unless a TDVMCALL ends it, one
 * where it returns.
 */
#ifndef CLI_RUN_TRACE_H
#define CLI_RUN_TRACE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "seamless/seamless.h"

#define RUN_TRACE_LPS 64

struct run_trace {
	FILE *out;
	pthread_mutex_t lock;
	char last[1024]; /* the line printed last; lines that repeat it are counted */
	uint64_t repeats;
	bool answers[RUN_TRACE_LPS]; /* the next TDH.VP.ENTER of that logical processor answers a
					TDVMCALL */
	uint64_t asked[RUN_TRACE_LPS][16]; /* the registers of that TDVMCALL */
	bool owned;			   /* `out` was opened here */
};

/* `path` NULL: to stderr. Returns 0, or -1 after saying why on stderr. */
int run_trace_open(struct run_trace *trace, const char *path, struct seamless_machine *machine);
void run_trace_close(struct run_trace *trace, struct seamless_machine *machine);

#endif
