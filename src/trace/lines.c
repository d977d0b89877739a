// SPDX-License-Identifier: MIT
/*
 * Prints the calls of a run as they are told by the machine's trace. A line that repeats the one
 * before is counted, not printed: TDH.SYS.TDMR.INIT alone is 256 calls per GiB.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"
#include "gen/leaves.h"
#include "tdx/structures.h"
#include "trace/lines.h"

#define LPS 64

struct trace_lines {
	struct seamless_machine *machine;
	struct trace_filter filter;
	FILE *out;
	pthread_mutex_t lock;
	char last[1024]; /* the line printed last; lines that repeat it are counted */
	uint64_t repeats;
	/* By logical processor: the next TDH.VP.ENTER answers a TDVMCALL; that call's registers;
	   whether it was shown. */
	bool answers[LPS], answers_shown[LPS];
	uint64_t asked[LPS][16];
	bool owned; /* `out` was opened here */
};

static void print_repeats(struct trace_lines *trace)
{
	if (trace->repeats)
		fprintf(trace->out, "  ... and %" PRIu64 " more like it\n", trace->repeats);
	trace->repeats = 0;
}

static void print_line(struct trace_lines *trace, int lp, const char *call)
{
	char line[sizeof(trace->last)];

	snprintf(line, sizeof(line), "[%d] %s", lp, call);
	pthread_mutex_lock(&trace->lock);
	if (!strcmp(line, trace->last)) {
		trace->repeats++;
	} else {
		print_repeats(trace);
		fprintf(trace->out, "%s\n", line);
		memcpy(trace->last, line, sizeof(line));
	}
	pthread_mutex_unlock(&trace->lock);
}

/* "LEAF: STATUS(OPERAND): sentence": the sentence alone, the rest stands in the line already. */
static const char *sentence(const char *reason)
{
	const char *colon = strstr(reason, ": ");

	colon = colon ? strstr(colon + 2, ": ") : NULL;
	return colon ? colon + 2 : reason;
}

/* Why the call was refused; nothing when it was not. */
static void append_reason(char *line, size_t size)
{
	size_t length = strlen(line);
	char reason[256];

	if (seamless_reason(reason, sizeof(reason)))
		snprintf(line + length, size - length, "  # %s", sentence(reason));
}

static bool is_vmcall(const struct seamless_event *e)
{
	return (e->in->gpr[REG_RAX] & 0xffff) == LEAF_TDG_VP_VMCALL;
}

static bool shows(const struct trace_lines *trace, const struct seamless_event *e)
{
	const struct trace_call call = trace_call_of(e);

	return trace_filter_call(&trace->filter, &call);
}

/* The VMM's answer to a TDVMCALL, in the registers of the next entry. */
static void append_answer(struct trace_lines *trace, const struct seamless_event *e, char *line,
			  size_t size)
{
	bool *answers = &trace->answers[e->lp % LPS];
	size_t length = strlen(line);
	char answer[256];

	if (*answers) {
		explain_vmcall_out(answer, sizeof(answer), trace->asked[e->lp % LPS], e->in->gpr);
		snprintf(line + length, size - length, " -> guest, answers %s", answer);
	} else {
		snprintf(line + length, size - length, " -> guest");
	}
	*answers = false;
}

/* TDH.VP.ENTER that got into the guest has no result yet: its exit is told later. */
static void seamcall(struct trace_lines *trace, const struct seamless_event *e)
{
	bool *answers = &trace->answers[e->lp % LPS];
	bool enters = e->where == SEAMLESS_TO_GUEST;
	char line[900];

	if (!shows(trace, e) && !(enters && *answers && trace->answers_shown[e->lp % LPS])) {
		*answers = *answers && !enters;
		return;
	}
	if (enters) {
		explain_call_in(line, sizeof(line), EXPLAIN_HOST, e->in->gpr);
		append_answer(trace, e, line, sizeof(line));
	} else {
		explain_call(line, sizeof(line), EXPLAIN_HOST, e->in->gpr, e->out->gpr);
		append_reason(line, sizeof(line));
	}
	print_line(trace, e->lp, line);
}

static void expect_answer(struct trace_lines *trace, const struct seamless_event *e)
{
	trace->answers[e->lp % LPS] = true;
	trace->answers_shown[e->lp % LPS] = shows(trace, e);
	memcpy(trace->asked[e->lp % LPS], e->in->gpr, sizeof(e->in->gpr));
}

/* A TDVMCALL goes to the host and has no result yet; nor has a TDCALL that the host must help. */
static void tdcall(struct trace_lines *trace, const struct seamless_event *e)
{
	char line[900] = "    ";
	size_t size = sizeof(line) - 4;

	if (e->where == SEAMLESS_TO_GUEST) {
		explain_call(line + 4, size, EXPLAIN_GUEST, e->in->gpr, e->out->gpr);
		append_reason(line, sizeof(line));
	} else if (is_vmcall(e)) {
		explain_vmcall(line + 4, size, e->in->gpr);
	} else {
		explain_call_in(line + 4, size, EXPLAIN_GUEST, e->in->gpr);
	}
	print_line(trace, e->lp, line);
}

static void td_exit(struct trace_lines *trace, const struct seamless_event *e)
{
	static const char head[] = "    TD exit: ";
	const uint64_t enter[16] = { 0 };
	char line[900];

	memcpy(line, head, sizeof(head));
	explain_call_out(line + sizeof(head) - 1, sizeof(line) - sizeof(head), EXPLAIN_HOST, enter,
			 e->out->gpr);
	print_line(trace, e->lp, line);
}

/* An exit of which the VMM hears nothing. */
static void module_exit(struct trace_lines *trace, const struct seamless_event *e)
{
	const struct trace_call call = trace_call_of(e);
	char name[40], line[200];

	trace_call_name(name, sizeof(name), &call);
	snprintf(line, sizeof(line),
		 "    VM exit: %s, served by the module; qualification=0x%" PRIx64
		 " gpa=0x%" PRIx64,
		 name, e->exit ? e->exit->qualification : 0, e->exit ? e->exit->guest_physical : 0);
	print_line(trace, e->lp, line);
}

/* A TD exit is the end of TDH.VP.ENTER, for the reason that its status says. */
static bool shows_td_exit(const struct trace_lines *trace, const struct seamless_event *e)
{
	const struct trace_call enter = { .leaf = true,
					  .side = EXPLAIN_HOST,
					  .number = LEAF_TDH_VP_ENTER };
	const struct trace_call reason = trace_td_exit_of(e);

	return shows(trace, e) || trace_filter_call(&trace->filter, &enter) ||
	       trace_filter_call(&trace->filter, &reason);
}

static void vm_exit(struct trace_lines *trace, const struct seamless_event *e)
{
	bool call = e->exit && (e->exit->reason & 0xffff) == TDX_EXIT_REASON_TDCALL;
	bool vmcall = call && is_vmcall(e);

	if (vmcall && e->where == SEAMLESS_TO_HOST)
		expect_answer(trace, e);
	if (call && shows(trace, e))
		tdcall(trace, e);
	if (e->where == SEAMLESS_TO_HOST && !vmcall && shows_td_exit(trace, e))
		td_exit(trace, e);
	if (e->where == SEAMLESS_TO_GUEST && !call && !trace_filter_all(&trace->filter) &&
	    shows(trace, e))
		module_exit(trace, e);
}

static void on_event(void *opaque, const struct seamless_event *e)
{
	struct trace_lines *trace = opaque;

	if (!e->after || !e->in || !e->out || !trace_filter_vcpu(&trace->filter, e->lp))
		return;
	if (e->kind == SEAMLESS_EVENT_SEAMCALL)
		seamcall(trace, e);
	if (e->kind == SEAMLESS_EVENT_VM_EXIT)
		vm_exit(trace, e);
}

struct trace_lines *trace_lines_open(const struct trace_spec *spec,
				     struct seamless_machine *machine)
{
	struct trace_lines *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return NULL;
	trace->machine = machine;
	trace->filter = spec->filter;
	trace->owned = spec->path;
	trace->out = spec->path ? fopen(spec->path, "we") : stderr;
	if (!trace->out || !seamless_trace_add(machine, on_event, trace)) {
		if (trace->out && trace->owned)
			fclose(trace->out);
		free(trace);
		return NULL;
	}
	pthread_mutex_init(&trace->lock, NULL);
	return trace;
}

int trace_lines_close(struct trace_lines *trace)
{
	int result;

	seamless_trace_remove(trace->machine, on_event, trace);
	print_repeats(trace);
	result = ferror(trace->out) ? -1 : 0;
	if (trace->owned && fclose(trace->out))
		result = -1;
	pthread_mutex_destroy(&trace->lock);
	free(trace);
	return result;
}
