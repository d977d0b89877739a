/* SPDX-License-Identifier: MIT */
/*
 * What `seamless run` says about a run, on standard error.
 */
#ifndef CLI_RUN_REPORT_H
#define CLI_RUN_REPORT_H

#include "cli/file.h"
#include "vmm/vm.h"

/* A line of two parts, after what the guest has printed so far. */
void run_say(const char *what, const char *text);

void run_report_built(const struct vmm_vm *vm);

/* How the run ended and, when it did not end well, what helps to see why. */
/*
 * `program` is what the guest was made from: if that is an ELF file with symbols, addresses in it
 * get their names. `kernel`: it is a Linux kernel.
 */
void run_report_end(struct vmm_vm *vm, struct seamless_machine *machine, const struct file *program,
		    bool kernel);

#endif
