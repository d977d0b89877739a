/* SPDX-License-Identifier: MIT */
/*
 * The phases of `seamless run`, for --stats and timelines, and what else of a run only the VMM can
 * tell them.
 */
#ifndef CLI_RUN_PHASES_H
#define CLI_RUN_PHASES_H

#include "cli/trace_option.h"
#include "vmm/vm.h"

#define RUN_PHASES_LINE 160

struct run_phases {
	struct trace_option *option;
	bool linux_kernel, init; /* it is a kernel's console; init has started */
	char line[RUN_PHASES_LINE];
	size_t length; /* of the line so far; beyond RUN_PHASES_LINE it only counts */
};

/* The guest runs from now on: a kernel through its boot shim, or anything else, called `name`. */
void run_phases_guest(struct run_phases *phases, const char *name);

/* No vCPU will be entered again. */
void run_phases_guest_ended(struct run_phases *phases);

/* A byte of the guest's console: a kernel says there when it starts init. */
void run_phases_take(struct run_phases *phases, uint8_t byte);

/* For vm_config.tell: `opaque` is a struct trace_option. */
void run_phases_tell(void *opaque, enum vm_event event, unsigned vcpu, uint8_t vector);

#endif
