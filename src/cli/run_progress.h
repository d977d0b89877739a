/* SPDX-License-Identifier: MIT */
/*
 * A line that says how far a run is, on a terminal, as long as the guest has printed nothing: a
 * guest with much memory accepts all of it before its first word.
 */
#ifndef CLI_RUN_PROGRESS_H
#define CLI_RUN_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>

#include "vmm/vm.h"

struct run_progress {
	struct vmm_vm *vm;
	pthread_t thread;
	bool started;
	int over; /* eventfd: the run is at its end */
	pthread_mutex_t lock;
	bool quiet, shown; /* under lock */
};

/* Shows nothing when standard error is no terminal. */
void run_progress_start(struct run_progress *progress, struct vmm_vm *vm);

/* Both are fine at any time. The line goes away for good, when the guest prints or at the end. */
void run_progress_stop(struct run_progress *progress);
void run_progress_quiet(struct run_progress *progress);

#endif
