/* SPDX-License-Identifier: MIT */
/*
 * Watching a machine: one function is told of each call, each VM exit and each change the host
 * makes from outside.
 */
#ifndef SEAMLESS_TRACE_H
#define SEAMLESS_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "seamless/guest.h"
#include "seamless/lp.h"

#ifdef __cplusplus
extern "C" {
#endif

enum seamless_event_kind {
	SEAMLESS_EVENT_SEAMCALL,      /* told twice: before and after */
	SEAMLESS_EVENT_VM_EXIT,	      /* TDCALL (reason 77) included; told twice */
	SEAMLESS_EVENT_WRITE,	      /* host write: pa, len, data */
	SEAMLESS_EVENT_FILL,	      /* host fill: pa, len, value */
	SEAMLESS_EVENT_PRIVATE_WRITE, /* seamless_private_write: pa, len, data */
	SEAMLESS_EVENT_MSR,	      /* lp (-1: all), addr, value */
	SEAMLESS_EVENT_CPUID,	      /* lp (-1: all), addr = leaf, subleaf, cpuid */
	SEAMLESS_EVENT_CPUID_CLEAR,
	SEAMLESS_EVENT_INTERRUPT, /* value */
	SEAMLESS_EVENT_ENTROPY,	  /* value */
	SEAMLESS_EVENT_PCONFIG,	  /* value */
	SEAMLESS_EVENT_RELOAD,
	SEAMLESS_EVENT_FAULT, /* a fault is to meet the next call on lp: data, len: "LEAF STATUS",
				 the beginning of a rule (fault.h) */
};

/* Fields that a kind does not name are 0. Pointers are valid during the call only. */
struct seamless_event {
	enum seamless_event_kind kind;
	int lp;
	bool after; /* a call or VM exit has been handled: out and where are valid */
	enum seamless_where where;
	const struct seamless_regs *in;	 /* registers before */
	const struct seamless_regs *out; /* and after */
	const struct seamless_vm_exit *exit;
	uint64_t pa, len, value;
	uint32_t addr, subleaf;
	const void *data;
	struct seamless_cpuid cpuid;
};

/*
 * Called on the thread where it happens, several threads at a time. After a call, seamless_reason()
 * and seamless_guest_field() tell more. It must not make calls itself.
 */
typedef void (*seamless_trace_tell)(void *opaque, const struct seamless_event *event);

#define SEAMLESS_TRACES 8

/* Adds one, while no thread uses the machine. False: there are SEAMLESS_TRACES already. */
bool seamless_trace_add(struct seamless_machine *m, seamless_trace_tell trace, void *opaque);
/* Removes what was added with the same values, while no thread uses the machine. */
void seamless_trace_remove(struct seamless_machine *m, seamless_trace_tell trace, void *opaque);

#ifdef __cplusplus
}
#endif
#endif
