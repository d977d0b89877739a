/* SPDX-License-Identifier: MIT */
/* --trace and --stats: what watches a machine, for the verbs that run something on one. */
#ifndef CLI_TRACE_OPTION_H
#define CLI_TRACE_OPTION_H

#include "cli/file_roles.h"
#include "trace/lines.h"
#include "trace/stats.h"
#include "trace/timeline.h"

#define TRACE_OPTION_MAX 4

struct trace_option {
	struct trace_spec spec[TRACE_OPTION_MAX];
	unsigned count;
	bool stats;
	const char *stats_path; /* NULL: a table on stderr */

	struct trace_lines *lines[TRACE_OPTION_MAX];
	struct timeline *timeline[TRACE_OPTION_MAX];
	struct stats *counted;
	FILE *stats_out;
};

/* The help of both options, for a verb's usage. */
#define TRACE_OPTION_HELP                                                                          \
	"  --trace[=WORDS]   each SEAMCALL and TDCALL with operands and outputs, to stderr. "      \
	"WORDS, with commas:\n"                                                                    \
	"                    leaf:NAME (TDH.MEM.*, MapGPA), exit:REASON, vcpu:N limit it; a "      \
	"FILE gets it,\n"                                                                          \
	"                    FILE.json a timeline for Perfetto; up to 4 such options\n"            \
	"  --stats[=FILE]    exits, calls, instructions, memory and time, at the end, as a table " \
	"on\n"                                                                                     \
	"                    stderr or as JSON in FILE\n"

/* One --trace (text NULL: without words) of the verb. 0, or -1 after saying why on stderr. */
int trace_option_add(struct trace_option *option, const char *verb, const char *text);
void trace_option_free(struct trace_option *option);

/* The files that they write. */
void trace_option_roles(const struct trace_option *option, struct file_roles *roles);

/* Is there a vCPU `vcpus` or above in a filter? Says so on stderr. */
bool trace_option_beyond(const struct trace_option *option, const char *verb, unsigned vcpus);

/*
 * Begins, while no thread uses the machine. vcpus: processors that are known to be vCPUs. 0, or -1
 * after saying why on stderr, with nothing to close.
 */
int trace_option_open(struct trace_option *option, struct seamless_machine *machine,
		      unsigned vcpus);
/* Ends, prints the table. -1 after saying what could not be written. */
int trace_option_close(struct trace_option *option);

/* For each that cares about time. */
bool trace_option_timed(const struct trace_option *option);
void trace_option_each(struct trace_option *option, void (*act)(struct spans *spans, void *opaque),
		       void *opaque);

/* Another phase of the run begins. */
void trace_option_phase(struct trace_option *option, const char *name);

#endif
