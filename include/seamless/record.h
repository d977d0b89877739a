/* SPDX-License-Identifier: MIT */
/*
 * Recording what happens on a machine as a transcript that `seamless replay` takes: a bug report
 * that runs. Files end in .tdx.
 *
 *   FILE *out = fopen("bug.tdx", "w");
 *   struct seamless_recording *r = seamless_record_start(m, out);  // before the first call
 *   ...
 *   if (!seamless_record_end(r) || fclose(out))                     // before seamless_destroy()
 *           perror("bug.tdx");
 *
 * Recorded are the platform file, calls, VM exits with the guest state that the module looks at,
 * what the host writes into shared memory by whatever way, private writes, and every change of the
 * machine by seamless_*(). Of an interpreted guest's memory that part is recorded which a TDCALL
 * reads. Values that depend on random numbers or time repeat if the platform's do (`seed N`, `tsc
 * start ...`).
 *
 * Of calls that overlap on several processors the one that ends first is written first.
 */
#ifndef SEAMLESS_RECORD_H
#define SEAMLESS_RECORD_H

#include <stdbool.h>
#include <stdio.h>

#include "seamless/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

struct seamless_recording;

/*
 * Begins a transcript of `m`, at best before its first call and while no thread uses it, on `out`,
 * which stays the caller's. Takes one of the machine's traces and watches its memory
 * (seamless_watch_memory). NULL: no memory, or no trace left.
 */
struct seamless_recording *seamless_record_start(struct seamless_machine *m, FILE *out);

/*
 * Ends the transcript and frees the recording, while no thread uses the machine. False: something
 * could not be written.
 */
bool seamless_record_end(struct seamless_recording *recording);

#ifdef __cplusplus
}
#endif
#endif
