// SPDX-License-Identifier: MIT
/*
 * Events by leaf and exit reason: see call.h.
 */
#include "trace/call.h"

#include <inttypes.h>
#include <stdio.h>

#include "gen/leaves.h"
#include "tdx/structures.h"

#define LEAF(rax) ((rax)&0xffff)

static bool standard_vmcall(const uint64_t *gpr)
{
	return LEAF(gpr[REG_RAX]) == LEAF_TDG_VP_VMCALL && !gpr[REG_R10];
}

static struct trace_call tdcall(const uint64_t *gpr)
{
	struct trace_call call = { .leaf = true,
				   .side = EXPLAIN_GUEST,
				   .number = LEAF(gpr[REG_RAX]),
				   .exit = TDX_EXIT_REASON_TDCALL };

	if (standard_vmcall(gpr)) {
		call.side = EXPLAIN_VMCALL;
		call.number = gpr[REG_R11];
	}
	return call;
}

struct trace_call trace_call_of(const struct seamless_event *event)
{
	unsigned reason;

	if (event->kind == SEAMLESS_EVENT_SEAMCALL)
		return (struct trace_call){ .leaf = true,
					    .side = EXPLAIN_HOST,
					    .number = LEAF(event->in->gpr[REG_RAX]) };
	reason = event->exit ? event->exit->reason & 0xffff : 0;
	return reason == TDX_EXIT_REASON_TDCALL ? tdcall(event->in->gpr)
						: (struct trace_call){ .exit = reason };
}

struct trace_call trace_td_exit_of(const struct seamless_event *event)
{
	struct trace_call call = trace_call_of(event);
	bool vmcall =
		call.leaf && (call.side == EXPLAIN_VMCALL ||
			      (call.side == EXPLAIN_GUEST && call.number == LEAF_TDG_VP_VMCALL));

	/* A TDCALL that the host must help with first exits for another reason. */
	if (vmcall)
		return call;
	return (struct trace_call){ .exit = (unsigned)LEAF(event->out->gpr[REG_RAX]) };
}

size_t trace_call_name(char *buf, size_t size, const struct trace_call *call)
{
	static const char *const sides[] = { "SEAMCALL", "TDCALL", "TDVMCALL" };
	const char *name = NULL;
	const char *what = call->leaf ? sides[call->side] : "exit";
	uint64_t number = call->leaf ? call->number : call->exit;

	if (!call->leaf)
		name = explain_exit_reason((uint16_t)call->exit);
	else if (number <= UINT32_MAX)
		name = explain_leaf_name(call->side, (uint32_t)number);
	return (size_t)(name ? snprintf(buf, size, "%s", name)
			     : snprintf(buf, size, "%s 0x%" PRIx64, what, number));
}
