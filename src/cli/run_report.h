/* SPDX-License-Identifier: MIT */
/*
 * What `seamless run` says about a run, on standard error.
 */
#ifndef CLI_RUN_REPORT_H
#define CLI_RUN_REPORT_H

#include "vmm/vm.h"

/* A line of two parts, after what the guest has printed so far. */
void run_say(const char *what, const char *text);

void run_report_built(const struct vmm_vm *vm);

/* How the run ended and, when it did not end well, what helps to see why. */
void run_report_end(struct vmm_vm *vm, struct seamless_machine *machine, bool kernel);

#endif
