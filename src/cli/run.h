/* SPDX-License-Identifier: MIT */
/*
 * A run of `seamless run`, from its options to its end: what its parts share.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/fault_option.h"
#include "cli/file.h"
#include "cli/run_attest.h"
#include "cli/run_gdb.h"
#include "cli/run_phases.h"
#include "cli/run_progress.h"
#include "cli/run_quote.h"
#include "cli/strict_option.h"
#include "cli/td_option.h"
#include "cli/trace_option.h"
#include "vmm/vm.h"

struct run {
	const char *guest, *firmware, *kernel, *initrd, *append;
	const char *platform, *record_path;
	uint64_t memory;
	unsigned vcpus;
	struct td_option td;
	struct strict_option strict;
	uint64_t stop_after;
	double timeout;
	bool deterministic;
	struct trace_option trace;
	struct run_phases phases;
	struct fault_option faults;
	struct run_quote quote;
	struct run_attest attest;
	struct run_gdb gdb;
	struct run_progress progress;
	struct file file, kernel_file, initrd_file;
	struct vmm_image image;
	struct vmm_host host;
	struct vmm_vm vm;
};

/*
 * Reads the options into a zeroed structure. 0: go on, 1: help was asked for, -1: wrong, after
 * saying why on stderr.
 */
int run_options(struct run *run, int argc, char **argv);

void run_usage(FILE *out);

/* Reads the guest and makes its image. 0, or -1 after saying why on stderr. */
int run_load(struct run *run);

/* Builds the TD on run->host, runs it and tears it down. Returns an exit status. */
int run_td(struct run *run);

#endif
