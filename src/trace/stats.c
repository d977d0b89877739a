// SPDX-License-Identifier: MIT
/*
 * Counting: see stats.h.
 */
#include "trace/stats.h"

#include <stdlib.h>
#include <string.h>

#include "gen/leaves.h"
#include "tdx/status.h"
#include "tdx/structures.h"
#include "tdx/tdvmcall.h"

#define LEVEL(gpa)	    ((gpa)&7)
#define SHARED_FROM_BIT	    47 /* of a GPA, with either width; private memory lies below */
#define STATUS_CODE(status) ((status) >> 32)

static unsigned leaf_index(const struct trace_call *call)
{
	bool named = call->number < TRACE_LEAVES &&
		     explain_leaf_name(call->side, (uint32_t)call->number);

	return named ? (unsigned)call->number : TRACE_LEAVES - 1;
}

static void count_status(struct stats *stats, enum explain_side side, unsigned leaf, uint64_t code)
{
	struct stats_status *status = stats->status;

	for (size_t i = 0; i < stats->statuses; i++, status++) {
		if (status->side == side && status->leaf == leaf && status->code == code)
			break;
	}
	if (status == &stats->status[STATS_STATUSES])
		return; /* counted as refused all the same */
	if (status == &stats->status[stats->statuses])
		stats->statuses++;
	*status = (struct stats_status){ side, leaf, code, status->count + 1 };
}

static void count_pages(struct stats_pages *pages, uint64_t gpa)
{
	if (LEVEL(gpa))
		pages->large++;
	else
		pages->small++;
}

static void count_memory(struct stats *stats, const struct trace_call *call, uint64_t rcx)
{
	if (call->side == EXPLAIN_HOST && call->number == LEAF_TDH_MEM_PAGE_ADD)
		count_pages(&stats->added, rcx);
	if (call->side == EXPLAIN_HOST && call->number == LEAF_TDH_MEM_PAGE_AUG)
		count_pages(&stats->augmented, rcx);
	if (call->side == EXPLAIN_GUEST && call->number == LEAF_TDG_MEM_PAGE_ACCEPT)
		count_pages(&stats->accepted, rcx);
}

static void count_result(struct stats *stats, const struct trace_call *call,
			 const struct seamless_event *event)
{
	unsigned leaf = leaf_index(call);
	uint64_t status = event->out->gpr[REG_RAX];

	stats->calls[call->side][leaf]++;
	if (TDX_STATUS_ERROR(status)) {
		stats->refused[call->side][leaf]++;
		count_status(stats, call->side, leaf, STATUS_CODE(status));
	} else {
		count_memory(stats, call, event->in->gpr[REG_RCX]);
	}
}

static void count_vmcall(struct stats *stats, uint64_t number)
{
	bool named = number <= UINT32_MAX && explain_leaf_name(EXPLAIN_VMCALL, (uint32_t)number);
	struct stats_vmcall *vmcall = stats->vmcall;

	if (!named)
		number = UINT64_MAX;
	while (vmcall < &stats->vmcall[stats->vmcalls] && vmcall->number != number)
		vmcall++;
	if (vmcall == &stats->vmcall[TRACE_VMCALLS])
		return;
	if (vmcall == &stats->vmcall[stats->vmcalls])
		stats->vmcalls++;
	*vmcall = (struct stats_vmcall){ number, vmcall->count + 1 };
}

static unsigned reason_index(unsigned reason)
{
	return reason < TRACE_REASONS ? reason : TRACE_REASONS - 1;
}

static void count_td_exit(struct stats *stats, const struct seamless_event *event)
{
	const struct trace_call call = trace_td_exit_of(event);

	stats->td_exits[reason_index(call.exit)]++;
	if (call.leaf)
		count_vmcall(stats, call.side == EXPLAIN_VMCALL ? call.number : UINT64_MAX);
	if (call.exit != TDX_EXIT_REASON_EPT_VIOLATION)
		return;
	if (event->out->gpr[REG_R8] >> SHARED_FROM_BIT)
		stats->shared_violations++;
	else
		stats->private_violations++;
}

/* A TDCALL that went to the host is made again, or has no result of the module's. */
static void count_exit(struct stats *stats, const struct span *span)
{
	const struct seamless_event *event = span->event;

	stats->vm_exits[reason_index(span->what.exit)]++;
	if (event->where == SEAMLESS_TO_HOST)
		count_td_exit(stats, event);
	else if (span->what.leaf)
		count_result(stats, &span->what, event);
}

/* TDH.VP.ENTER that enters has RAX from the guest. */
static void count_call(struct stats *stats, const struct span *span)
{
	if (span->event->where == SEAMLESS_TO_GUEST)
		stats->calls[EXPLAIN_HOST][leaf_index(&span->what)]++;
	else
		count_result(stats, &span->what, span->event);
}

static void count_phase(struct stats *stats, const struct span *span)
{
	if (stats->phases < STATS_PHASES)
		stats->phase[stats->phases++] =
			(struct stats_phase){ span->phase, span->to - span->from };
}

static void count_guest(struct stats_lp *lp, const struct span *span)
{
	lp->entries++;
	lp->instructions += span->instructions;
	lp->guest_ns += span->to - span->from;
}

static void on_span(void *opaque, const struct span *span)
{
	struct stats *stats = opaque;
	struct stats_lp *lp = &stats->lp[span->lp < 0 ? 0 : span->lp];

	switch (span->kind) {
	case SPAN_GUEST: count_guest(lp, span); return;
	case SPAN_MODULE:
		count_exit(stats, span);
		if (span->event->where == SEAMLESS_TO_GUEST)
			lp->exit_ns += span->to - span->from;
		return;
	case SPAN_TD_EXIT: lp->exit_ns += span->to - span->from; return;
	case SPAN_IDLE: lp->idle_ns += span->to - span->from; return;
	case SPAN_CALL: count_call(stats, span); return;
	case SPAN_PHASE: count_phase(stats, span); return;
	}
}

struct stats *stats_open(struct seamless_machine *machine, unsigned vcpus)
{
	static const struct span_ops ops = { on_span, NULL };
	struct stats *stats = calloc(1, sizeof(*stats));

	if (!stats)
		return NULL;
	stats->vcpus = vcpus;
	stats->virtual_time = seamless_time_counted(machine);
	if (spans_open(&stats->spans, machine, &ops, stats))
		return stats;
	free(stats);
	return NULL;
}

/* The sleep in HLT is part of that TD exit. */
void stats_close(struct stats *stats)
{
	spans_close(&stats->spans);
	for (unsigned lp = 0; lp < TRACE_LPS; lp++) {
		struct stats_lp *s = &stats->lp[lp];

		s->exit_ns -= s->idle_ns < s->exit_ns ? s->idle_ns : s->exit_ns;
	}
}

void stats_free(struct stats *stats)
{
	free(stats);
}

struct stats_lp stats_sum(const struct stats *stats)
{
	struct stats_lp sum = { 0 };

	for (unsigned lp = 0; lp < TRACE_LPS; lp++) {
		sum.entries += stats->lp[lp].entries;
		sum.instructions += stats->lp[lp].instructions;
		sum.guest_ns += stats->lp[lp].guest_ns;
		sum.exit_ns += stats->lp[lp].exit_ns;
		sum.idle_ns += stats->lp[lp].idle_ns;
	}
	return sum;
}

bool stats_shows(const struct stats *stats, unsigned lp)
{
	return lp < stats->vcpus || stats->lp[lp].entries;
}
