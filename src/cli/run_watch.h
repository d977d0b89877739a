/* SPDX-License-Identifier: MIT */
/*
 * Watches over a run: SIGINT, SIGTERM or SIGHUP end it, and so does a timeout; the TD is torn down
 * all the same.
 */
#ifndef CLI_RUN_WATCH_H
#define CLI_RUN_WATCH_H

#include <pthread.h>

#include "cli/run_gdb.h"
#include "vmm/vm.h"

struct run_watch {
	struct vmm_vm *vm;
	struct run_gdb *gdb; /* which may hold the guest */
	double timeout; /* seconds; 0: none */
	pthread_t thread;
	int signals; /* signalfd */
	int over;    /* eventfd: the run is over */
};

/*
 * Blocks the signals for this thread and those that it creates, and starts watching. 0, or -1 after
 * saying why on stderr.
 */
int run_watch_start(struct run_watch *watch, struct vmm_vm *vm, struct run_gdb *gdb,
		    double timeout);
void run_watch_stop(struct run_watch *watch);

#endif
