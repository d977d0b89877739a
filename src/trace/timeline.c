// SPDX-License-Identifier: MIT
/*
 * Trace Events: see timeline.h. Each line of the file is one event.
 */
#include "trace/timeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/text.h"
#include "gen/leaves.h"
#include "tdx/structures.h"
#include "tdx/tdvmcall.h"

/* Numbers of tracks. Perfetto takes 0 as none, and the process's own as its main thread. */
#define PROCESS	  1u
#define PHASES	  PROCESS
#define TRACK(lp) (PHASES + 1 + (unsigned)(lp))
#define MAX_CALL  900
#define MAX_WHY	  256
#define MAX_EVENT (6 * (MAX_CALL + MAX_WHY) + 300) /* should every letter need an escape */

struct timeline {
	struct spans spans;
	struct trace_filter filter;
	unsigned vcpus;
	FILE *out;
	const char *separator;
	bool named[TRACE_LPS];
};

static const struct trace_call enter = { .leaf = true,
					 .side = EXPLAIN_HOST,
					 .number = LEAF_TDH_VP_ENTER };
static const struct trace_call halt = { .leaf = true,
					.side = EXPLAIN_VMCALL,
					.number = TDX_VMCALL_FN_INSTRUCTION_HLT,
					.exit = TDX_EXIT_REASON_TDCALL };

static void put(struct timeline *timeline, const struct text *event)
{
	fprintf(timeline->out, "%s%s", timeline->separator, event->buf);
	timeline->separator = ",\n";
}

/* Names a track and gives it its place. */
static void name_track(struct timeline *timeline, unsigned tid, const char *name, int place)
{
	char line[300];
	struct text t = text_start(line, sizeof(line));

	text_add(&t,
		 "{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_name\",\"args\":{\"name\":",
		 tid);
	text_json(&t, name);
	text_add(&t,
		 "}},\n{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_sort_index\","
		 "\"args\":{\"sort_index\":%d}}",
		 tid, place);
	put(timeline, &t);
}

static void name_lp(struct timeline *timeline, unsigned lp)
{
	char name[40];

	if (timeline->named[lp])
		return;
	snprintf(name, sizeof(name), "%s %u", lp < timeline->vcpus ? "vCPU" : "processor", lp);
	name_track(timeline, TRACK(lp), name, (int)lp + 1);
	timeline->named[lp] = true;
}

/* Microseconds with three decimals: what was whole nanoseconds nests as it did. */
static void add_time(struct text *t, const char *name, uint64_t ns)
{
	text_add(t, ",\"%s\":%" PRIu64 ".%03" PRIu64, name, ns / 1000, ns % 1000);
}

static void begin(struct text *t, const char *kind, unsigned tid, const char *category,
		  const char *name)
{
	text_add(t, "{\"ph\":\"%s\",\"pid\":1,\"tid\":%u,\"cat\":\"%s\",\"name\":", kind, tid,
		 category);
	text_json(t, name);
}

/* The line that the other trace has of it, and why it was refused. */
static void add_call(struct text *t, const struct seamless_event *event, enum explain_side side)
{
	char line[MAX_CALL], reason[MAX_WHY];

	if (event->where == SEAMLESS_TO_HOST && event->kind == SEAMLESS_EVENT_VM_EXIT)
		explain_call_in(line, sizeof(line), side, event->in->gpr);
	else if (event->where == SEAMLESS_TO_GUEST && event->kind == SEAMLESS_EVENT_SEAMCALL)
		explain_call_in(line, sizeof(line), side, event->in->gpr);
	else
		explain_call(line, sizeof(line), side, event->in->gpr, event->out->gpr);
	text_add(t, ",\"args\":{\"call\":");
	text_json(t, line);
	if (seamless_reason(reason, sizeof(reason))) {
		text_add(t, ",\"refused\":");
		text_json(t, reason);
	}
	text_put(t, '}');
}

static void add_args(struct text *t, const struct span *span)
{
	if (span->kind == SPAN_GUEST)
		text_add(t, ",\"args\":{\"instructions\":%" PRIu64 "}", span->instructions);
	if (span->event && span->what.leaf)
		add_call(t, span->event, span->kind == SPAN_CALL ? EXPLAIN_HOST : EXPLAIN_GUEST);
}

/* TDH.VP.ENTER is what all stays in the guest and all TD exits belong to. */
static bool shows(const struct trace_filter *filter, const struct span *span)
{
	if (span->kind == SPAN_PHASE)
		return true;
	if (!trace_filter_vcpu(filter, span->lp))
		return false;
	switch (span->kind) {
	case SPAN_GUEST: return trace_filter_call(filter, &enter);
	case SPAN_IDLE: return trace_filter_call(filter, &halt);
	case SPAN_TD_EXIT:
		return trace_filter_call(filter, &enter) || trace_filter_call(filter, &span->what);
	default: return trace_filter_call(filter, &span->what);
	}
}

static void name_of(char *name, size_t size, const struct span *span)
{
	static const char exit[] = "TD exit ";

	switch (span->kind) {
	case SPAN_GUEST: snprintf(name, size, "guest"); return;
	case SPAN_IDLE: snprintf(name, size, "idle"); return;
	case SPAN_PHASE: snprintf(name, size, "%s", span->phase); return;
	case SPAN_TD_EXIT:
		memcpy(name, exit, sizeof(exit));
		trace_call_name(name + sizeof(exit) - 1, size - sizeof(exit), &span->what);
		return;
	default: trace_call_name(name, size, &span->what);
	}
}

static void on_span(void *opaque, const struct span *span)
{
	static const char *const category[] = {
		[SPAN_GUEST] = "guest",	  [SPAN_MODULE] = "module", [SPAN_TD_EXIT] = "td_exit",
		[SPAN_CALL] = "seamcall", [SPAN_IDLE] = "idle",	    [SPAN_PHASE] = "phase"
	};
	struct timeline *timeline = opaque;
	char line[MAX_EVENT], name[80];
	struct text t = text_start(line, sizeof(line));

	if (!shows(&timeline->filter, span))
		return;
	if (span->kind != SPAN_PHASE)
		name_lp(timeline, (unsigned)span->lp);
	name_of(name, sizeof(name), span);
	begin(&t, "X", span->kind == SPAN_PHASE ? PHASES : TRACK(span->lp), category[span->kind],
	      name);
	add_time(&t, "ts", span->from);
	add_time(&t, "dur", span->to - span->from);
	add_args(&t, span);
	text_put(&t, '}');
	put(timeline, &t);
}

static void on_mark(void *opaque, const struct mark *mark)
{
	static const char *const names[] = { [MARK_NMI] = "NMI", [MARK_TIMER] = "timer" };
	struct timeline *timeline = opaque;
	char line[300], name[40];
	struct text t = text_start(line, sizeof(line));

	if (!trace_filter_all(&timeline->filter) || !trace_filter_vcpu(&timeline->filter, mark->lp))
		return;
	if (mark->kind == MARK_INTERRUPT)
		snprintf(name, sizeof(name), "interrupt 0x%02x", mark->vector);
	else
		snprintf(name, sizeof(name), "%s", names[mark->kind]);
	begin(&t, "i", TRACK(mark->lp), "interrupt", name);
	text_add(&t, ",\"s\":\"t\"");
	add_time(&t, "ts", mark->at);
	text_put(&t, '}');
	put(timeline, &t);
}

static void put_head(struct timeline *timeline)
{
	fprintf(timeline->out,
		"{\"displayTimeUnit\":\"ns\",\"otherData\":{\"clock\":\"%s\"},\"traceEvents\":[\n"
		"{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"seamless\"}"
		"}",
		seamless_time_counted(timeline->spans.machine) ? "virtual" : "real");
	timeline->separator = ",\n";
	name_track(timeline, PHASES, "run", 0);
	for (unsigned lp = 0; lp < timeline->vcpus && lp < TRACE_LPS; lp++) {
		if (trace_filter_vcpu(&timeline->filter, (int)lp))
			name_lp(timeline, lp);
	}
}

struct timeline *timeline_open(const struct trace_spec *spec, struct seamless_machine *machine,
			       unsigned vcpus)
{
	static const struct span_ops ops = { on_span, on_mark };
	struct timeline *timeline = calloc(1, sizeof(*timeline));

	if (!timeline)
		return NULL;
	timeline->filter = spec->filter;
	timeline->vcpus = vcpus;
	timeline->out = fopen(spec->path, "we");
	if (!timeline->out || !spans_open(&timeline->spans, machine, &ops, timeline)) {
		if (timeline->out)
			fclose(timeline->out);
		free(timeline);
		return NULL;
	}
	put_head(timeline);
	return timeline;
}

struct spans *timeline_spans(struct timeline *timeline)
{
	return &timeline->spans;
}

int timeline_close(struct timeline *timeline)
{
	int result;

	spans_close(&timeline->spans);
	fputs("\n]}\n", timeline->out);
	result = ferror(timeline->out) ? -1 : 0;
	if (fclose(timeline->out))
		result = -1;
	free(timeline);
	return result;
}
