/* SPDX-License-Identifier: MIT */
/* --record FILE: what happens on the machine, as a transcript for `seamless replay`. */
#ifndef CLI_RECORD_OPTION_H
#define CLI_RECORD_OPTION_H

#include <stdio.h>

#include "seamless/seamless.h"

struct record_option {
	const char *path;
	FILE *out;
	struct seamless_recording *recording;
};

/* path NULL: nothing is recorded. Returns 0, or -1 after saying why on stderr. */
int record_open(struct record_option *record, const char *path, struct seamless_machine *machine);
/* As above: the transcript could not be written. Call it before the machine is destroyed. */
int record_close(struct record_option *record);

#endif
