/* SPDX-License-Identifier: MIT */
/* --record FILE: what happens on the machine, as a transcript for `seamless replay`. */
#ifndef CLI_RUN_RECORD_H
#define CLI_RUN_RECORD_H

#include <stdio.h>

#include "replay/record.h"

struct run_record {
	const char *path;
	FILE *out;
	struct replay_recorder *recorder;
};

/* path NULL: nothing is recorded. Returns 0, or -1 after saying why on stderr. */
int run_record_open(struct run_record *record, const char *path, struct seamless_machine *machine);
/* As above: the transcript could not be written. */
int run_record_close(struct run_record *record, struct seamless_machine *machine);

#endif
