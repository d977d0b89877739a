/* SPDX-License-Identifier: MIT */
/*
 * A trace in the manner of strace: one line per SEAMCALL and TDCALL, with operands and outputs by
 * name. TDH.VP.ENTER has a line where it enters and, unless a TDVMCALL ends it, one where it
 * returns. Exits that the module serves by itself have lines when a filter names their reason.
 */
#ifndef TRACE_LINES_H
#define TRACE_LINES_H

#include "seamless/seamless.h"
#include "trace/spec.h"

struct trace_lines;

/* To the file that `spec` names, or stderr. NULL with errno. */
struct trace_lines *trace_lines_open(const struct trace_spec *spec,
				     struct seamless_machine *machine);
/* Frees it. -1 with errno: not everything could be written. */
int trace_lines_close(struct trace_lines *trace);

#endif
