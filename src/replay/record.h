/* SPDX-License-Identifier: MIT */
/*
 * Recording what happens on a machine as a transcript that `seamless replay` takes.
 *
 * Recorded are calls, VM exits with the guest state that the module looks at, host writes by
 * seamless_write() and seamless_fill(), private writes, and every change of the machine by
 * seamless_*(). Of an interpreted guest's memory that part is recorded which a TDCALL reads. Not
 * visible, and so not recorded: writes through seamless_shared() pointers. Values that depend on
 * random numbers or time repeat if the platform's do (`seed N`, `tsc start ...`).
 *
 * Of calls that overlap on several processors the one that ends first is written first.
 */
#ifndef REPLAY_RECORD_H
#define REPLAY_RECORD_H

#include <stdbool.h>
#include <stdio.h>

#include "seamless/seamless.h"

struct replay_recorder;

/*
 * Begins a transcript of `m`, at best before its first call, on `out`, which stays the caller's.
 * NULL without memory. The caller passes events on: seamless_add_trace(m, replay_record, recorder),
 * or from a trace function of its own.
 */
struct replay_recorder *replay_record_start(struct seamless_machine *m, FILE *out);

/* A seamless_trace function; `opaque` is the recorder. */
void replay_record(void *opaque, const struct seamless_event *event);

/* Ends the transcript, after the last event, and frees the recorder. False: something could not be
 * written. */
bool replay_record_end(struct replay_recorder *recorder);

#endif
