/* SPDX-License-Identifier: MIT */
/* A replay under way. */
#ifndef REPLAY_RUN_H
#define REPLAY_RUN_H

#include "replay/replay.h"
#include "replay/transcript.h"

struct captured {
	bool set;
	uint64_t lo, hi;
};

struct run {
	const struct replay_options *options;
	struct replay_counts *counts;
	struct transcript *t;
	struct seamless_machine *m;
	uint64_t event_ticks;
	struct captured captured[TRANSCRIPT_NAMES];
	const struct transcript_event *event; /* the one being replayed */
	bool differs;			      /* it differs already */
	bool ended;			      /* before_call said so */
	bool saved;			      /* the snapshot that is asked for */
	unsigned begin;			      /* the line before which a snapshot was taken */
	struct seamless_fault
		*fault[TRANSCRIPT_MAX_LPS]; /* of the last FAULT line of a processor */
	char *err;
	size_t err_len;
};

/* Tells a difference of the event; the first one makes it a mismatch. */
void run_differs(struct run *r, const char *what, const char *expected, const char *got);

/* Compares what an S, C or X line gave with what was recorded, and keeps what it captures. */
void run_compare(struct run *r, const struct seamless_regs *in, const struct seamless_regs *out,
		 enum seamless_where where);

/* The value that an input or a VMCS field is to have. */
struct captured run_value(const struct run *r, const struct transcript_value *v);

#endif
