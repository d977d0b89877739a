// SPDX-License-Identifier: MIT
/*
 * Prints the calls of a run as they are told by the machine's trace. A line that repeats the one
 * before is counted, not printed: TDH.SYS.TDMR.INIT alone is 256 calls per GiB.
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

static bool is_vmcall(const struct seamless_event *e)
{
	return !(e->in->gpr[0] & 0xffff);
}

/* The VMM's answer to a TDVMCALL, in the registers of the next entry. */
static void append_answer(struct run_trace *trace, const struct seamless_event *e, char *line,
			  size_t size)
{
	bool *answers = &trace->answers[e->lp % RUN_TRACE_LPS];
	size_t length = strlen(line);
	char answer[256];

	if (*answers) {
		explain_vmcall_out(answer, sizeof(answer), trace->asked[e->lp % RUN_TRACE_LPS],
				   e->in->gpr);
		snprintf(line + length, size - length, " -> guest, answers %s", answer);
	} else {
		snprintf(line + length, size - length, " -> guest");
	}
	*answers = false;
}

/* TDH.VP.ENTER that got into the guest has no result yet: its exit is told later. */
static void seamcall(struct run_trace *trace, const struct seamless_event *e)
{
	char line[900];

	if (e->where == SEAMLESS_TO_GUEST) {
		explain_call_in(line, sizeof(line), EXPLAIN_HOST, e->in->gpr);
		append_answer(trace, e, line, sizeof(line));
	} else {
		explain_call(line, sizeof(line), EXPLAIN_HOST, e->in->gpr, e->out->gpr);
		append_reason(line, sizeof(line));
	}
	print_line(trace, e->lp, line);
}

/* A TDVMCALL goes to the host and has no result yet; nor has a TDCALL that the host must help. */
static void tdcall(struct run_trace *trace, const struct seamless_event *e)
{
	char line[900] = "    ";
	size_t size = sizeof(line) - 4;

	if (e->where == SEAMLESS_TO_GUEST) {
		explain_call(line + 4, size, EXPLAIN_GUEST, e->in->gpr, e->out->gpr);
		append_reason(line, sizeof(line));
	} else if (is_vmcall(e)) {
		explain_vmcall(line + 4, size, e->in->gpr);
		trace->answers[e->lp % RUN_TRACE_LPS] = true;
		memcpy(trace->asked[e->lp % RUN_TRACE_LPS], e->in->gpr, sizeof(e->in->gpr));
	} else {
		explain_call_in(line + 4, size, EXPLAIN_GUEST, e->in->gpr);
	}
	print_line(trace, e->lp, line);
}

static void td_exit(struct run_trace *trace, const struct seamless_event *e)
{
	static const char head[] = "    TD exit: ";
	const uint64_t enter[16] = { 0 };
	char line[900];

	memcpy(line, head, sizeof(head));
	explain_call_out(line + sizeof(head) - 1, sizeof(line) - sizeof(head), EXPLAIN_HOST, enter,
			 e->out->gpr);
	print_line(trace, e->lp, line);
}

static void vm_exit(struct run_trace *trace, const struct seamless_event *e)
{
	bool call = e->exit && (e->exit->reason & 0xffff) == TDX_EXIT_REASON_TDCALL;

	if (call)
		tdcall(trace, e);
	if (e->where == SEAMLESS_TO_HOST && !(call && is_vmcall(e)))
		td_exit(trace, e);
}

static void on_event(void *opaque, const struct seamless_event *e)
{
	struct run_trace *trace = opaque;

	if (!e->after || !e->in || !e->out)
		return;
	if (e->kind == SEAMLESS_EVENT_SEAMCALL)
		seamcall(trace, e);
	if (e->kind == SEAMLESS_EVENT_VM_EXIT)
		vm_exit(trace, e);
}

int run_trace_open(struct run_trace *trace, const char *path, struct seamless_machine *machine)
{
	*trace = (struct run_trace){ .out = path ? fopen(path, "w") : stderr, .owned = path };
	if (!trace->out) {
		fprintf(stderr, "seamless: %s: %s\n", path, strerror(errno));
		return -1;
	}
	pthread_mutex_init(&trace->lock, NULL);
	seamless_add_trace(machine, on_event, trace);
	return 0;
}

void run_trace_close(struct run_trace *trace, struct seamless_machine *machine)
{
	seamless_remove_trace(machine, on_event, trace);
	print_repeats(trace);
	if (trace->owned)
		fclose(trace->out);
	pthread_mutex_destroy(&trace->lock);
}
