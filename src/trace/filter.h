/* SPDX-License-Identifier: MIT */
/*
 * Which events a trace shows. Leaves and exit reasons choose: an event that any of them names is
 * shown, without one of them all are. vCPUs limit what was chosen.
 */
#ifndef TRACE_FILTER_H
#define TRACE_FILTER_H

#include "trace/call.h"

#define TRACE_LEAVES   256 /* numbers of SEAMCALL and TDCALL leaves lie below this */
#define TRACE_REASONS  128
#define TRACE_VMCALLS  32
#define TRACE_MAX_VCPU 63

/* Zeroed: everything. */
struct trace_filter {
	bool leaves, exits;		     /* some are named */
	uint64_t leaf[2][TRACE_LEAVES / 64]; /* by side, host and guest: a bit each */
	uint32_t vmcall[TRACE_VMCALLS];	     /* sub-functions by number */
	unsigned vmcalls;
	uint64_t exit[TRACE_REASONS / 64];
	uint64_t vcpus; /* a bit each; 0: all of them */
};

/*
 * Add what `text` names; * and ? stand for any letters and for one, case does not matter. False,
 * with a sentence in err, when there is none.
 */
bool trace_filter_add_leaf(struct trace_filter *filter, const char *text, char *err, size_t size);
bool trace_filter_add_exit(struct trace_filter *filter, const char *text, char *err, size_t size);
/* "1", "0-3". */
bool trace_filter_add_vcpu(struct trace_filter *filter, const char *text, char *err, size_t size);

/* Is there no choice of leaves and exits? */
bool trace_filter_all(const struct trace_filter *filter);
bool trace_filter_vcpu(const struct trace_filter *filter, int lp);
/* Is it chosen, as a leaf or for its exit reason? */
bool trace_filter_call(const struct trace_filter *filter, const struct trace_call *call);

#endif
