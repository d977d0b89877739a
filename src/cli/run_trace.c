// SPDX-License-Identifier: MIT
/*
 * Prints the calls of a run as they are told by the machine's trace. A line that repeats the one before is counted,
 * not printed: TDH.SYS.TDMR.INIT alone is 256 calls per GiB.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/run_trace.h"
#include "explain/explain.h"
#include "tdx/structures.h"

static void print_repeats(struct run_trace *trace)
{
	if (trace->repeats)
		fprintf(trace->out, "  ... and %" PRIu64 " more like it\n", trace->repeats);
	trace->repeats = 0;
}

static void print_line(struct run_trace *trace, int lp, const char *call)
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

static void seamcall(struct run_trace *trace, const struct seamless_event *e)
{
	char line[900];

	if (e->where == SEAMLESS_TO_GUEST) {
		size_t length = explain_call_in(line, sizeof(line), EXPLAIN_HOST, e->in->gpr);

		if (length < sizeof(line))
			snprintf(line + length, sizeof(line) - length, " -> guest");
	} else {
		explain_call(line, sizeof(line), EXPLAIN_HOST, e->in->gpr, e->out->gpr);
		append_reason(line, sizeof(line));
	}
	print_line(trace, e->lp, line);
}

/* An exit of the guest that reaches the VMM, as TDH.VP.ENTER's result. */
static void td_exit(struct run_trace *trace, const struct seamless_event *e)
{
	static const uint64_t enter[16]; /* RAX 0: the leaf number of TDH.VP.ENTER */
	char line[900] = "    TD exit: ";
	size_t length = strlen(line);

	explain_call_out(line + length, sizeof(line) - length, EXPLAIN_HOST, enter, e->out->gpr);
	print_line(trace, e->lp, line);
}

/* A TDVMCALL goes to the host and has no result yet. */
static void tdcall(struct run_trace *trace, const struct seamless_event *e)
{
	char line[900] = "    ";
	size_t size = sizeof(line) - 4;

	if (e->where == SEAMLESS_TO_GUEST) {
		explain_call(line + 4, size, EXPLAIN_GUEST, e->in->gpr, e->out->gpr);
		append_reason(line, sizeof(line));
	} else if (!(e->in->gpr[0] & 0xffff)) {
		explain_vmcall(line + 4, size, e->in->gpr);
	} else {
		explain_call_in(line + 4, size, EXPLAIN_GUEST, e->in->gpr);
	}
	print_line(trace, e->lp, line);
}

/* Exits that the module serves alone are not shown. */
static void on_event(void *opaque, const struct seamless_event *e)
{
	struct run_trace *trace = opaque;

	if (!e->after || !e->in || !e->out)
		return;
	if (e->kind == SEAMLESS_EVENT_SEAMCALL)
		seamcall(trace, e);
	if (e->kind != SEAMLESS_EVENT_VM_EXIT || !e->exit)
		return;
	if ((e->exit->reason & 0xffff) == TDX_EXIT_REASON_TDCALL)
		tdcall(trace, e);
	else if (e->where == SEAMLESS_TO_HOST)
		td_exit(trace, e);
}

int run_trace_open(struct run_trace *trace, const char *path, struct seamless_machine *machine)
{
	*trace = (struct run_trace){ .out = path ? fopen(path, "w") : stderr, .owned = path };
	if (!trace->out) {
		fprintf(stderr, "seamless: %s: %s\n", path, strerror(errno));
		return -1;
	}
	pthread_mutex_init(&trace->lock, NULL);
	seamless_set_trace(machine, on_event, trace);
	return 0;
}

void run_trace_close(struct run_trace *trace, struct seamless_machine *machine)
{
	seamless_set_trace(machine, NULL, NULL);
	print_repeats(trace);
	if (trace->owned)
		fclose(trace->out);
	pthread_mutex_destroy(&trace->lock);
}
