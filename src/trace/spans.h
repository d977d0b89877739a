/* SPDX-License-Identifier: MIT */
/*
 * The events of a machine as stretches of time, by logical processor: in the guest, in the module,
 * in the VMM, asleep. What the timeline draws and the statistics add up.
 */
#ifndef TRACE_SPANS_H
#define TRACE_SPANS_H

#include <pthread.h>

#include "trace/call.h"

#define TRACE_LPS 64

enum span_kind {
	SPAN_GUEST,   /* the guest ran */
	SPAN_MODULE,  /* the module served an exit of the guest's; what it did is `event` */
	SPAN_TD_EXIT, /* all that a TD exit took, from the guest's last instruction to the next
			 entry */
	SPAN_CALL,    /* a SEAMCALL: `event` */
	SPAN_IDLE,    /* the vCPU slept in HLT */
	SPAN_PHASE,   /* of the run, named `phase`; lp is -1 */
};

/* Times are nanoseconds of the machine's time (seamless_time_ns()). */
struct span {
	enum span_kind kind;
	int lp;
	uint64_t from, to;
	struct trace_call what; /* GUEST, MODULE, TD_EXIT: the exit at its end or begin; CALL */
	uint64_t instructions;	/* GUEST */
	const struct seamless_event *event; /* MODULE, CALL */
	const char *phase;
};

/* Something that has no length. */
enum mark_kind { MARK_INTERRUPT, MARK_NMI, MARK_TIMER };

struct mark {
	enum mark_kind kind;
	int lp;
	uint64_t at;
	uint8_t vector; /* INTERRUPT */
};

/* Called one at a time; spans in the order of their ends, marks among them. */
struct span_ops {
	void (*span)(void *opaque, const struct span *span);
	void (*mark)(void *opaque, const struct mark *mark); /* or NULL */
};

/* What a processor is at, and since when. */
struct span_track {
	enum { TRACK_HOST, TRACK_GUEST, TRACK_EXIT } state;
	uint64_t since, call_since, asleep_since, instructions;
	struct trace_call exit;
	bool asleep;
};

struct spans {
	struct seamless_machine *machine;
	const struct span_ops *ops;
	void *opaque;
	pthread_mutex_t lock;
	const char *phase, *ve_phase;
	uint64_t phase_since;
	struct span_track track[TRACE_LPS];
};

/* Begins to watch, while no thread uses the machine. False: too many watch it. */
bool spans_open(struct spans *spans, struct seamless_machine *machine, const struct span_ops *ops,
		void *opaque);
/* Ends what has begun, at this time, and the watching; while no thread uses the machine. */
void spans_close(struct spans *spans);

/* What the machine does not tell. Any thread. */
void spans_phase(struct spans *spans, const char *name); /* the last one ends; NULL: none begins */
/* At the guest's next #VE another begins: the boot shim gets none, a kernel begins with CPUID. */
void spans_phase_at_ve(struct spans *spans, const char *name);
void spans_guests_end(struct spans *spans); /* no vCPU will be entered again */
void spans_sleep(struct spans *spans, unsigned lp, bool asleep);
void spans_mark(struct spans *spans, enum mark_kind kind, unsigned lp, uint8_t vector);

#endif
