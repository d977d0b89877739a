/* SPDX-License-Identifier: MIT */
/*
 * A run as a file in the Trace Event format, which Perfetto shows: a track for each vCPU with
 * complete events for the guest, for each exit and, inside of these, for the calls; instants for
 * interrupts and timers; a track for the phases of the run. Written as it happens: the file is all
 * that grows.
 */
#ifndef TRACE_TIMELINE_H
#define TRACE_TIMELINE_H

#include "trace/spans.h"
#include "trace/spec.h"

struct timeline;

/*
 * Processors below `vcpus` are vCPUs, and have a track from the start. NULL with errno.
 */
struct timeline *timeline_open(const struct trace_spec *spec, struct seamless_machine *machine,
			       unsigned vcpus);
/* For what the machine does not tell. */
struct spans *timeline_spans(struct timeline *timeline);
/* Frees it. -1 with errno: not everything could be written. */
int timeline_close(struct timeline *timeline);

#endif
