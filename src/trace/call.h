/* SPDX-License-Identifier: MIT */
/*
 * What an event of a machine is about: a leaf, a sub-function of TDG.VP.VMCALL, or an exit.
 */
#ifndef TRACE_CALL_H
#define TRACE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "explain/explain.h"
#include "seamless/seamless.h"

struct trace_call {
	bool leaf; /* a SEAMCALL or TDCALL: side and number say which */
	enum explain_side side;
	uint64_t number;
	unsigned exit; /* a VM exit's basic reason; with a TDCALL that is TDCALL */
};

/* event: a SEAMCALL or a VM exit. */
struct trace_call trace_call_of(const struct seamless_event *event);

/*
 * What a TD exit, told by an event that goes to the host, is to the VMM: a sub-function of
 * TDG.VP.VMCALL, or an exit reason.
 */
struct trace_call trace_td_exit_of(const struct seamless_event *event);

/* "TDH.MEM.PAGE.AUG", "MapGPA", "EPT_VIOLATION"; a number without a name as "TDCALL 0x63". */
size_t trace_call_name(char *buf, size_t size, const struct trace_call *call);

#endif
