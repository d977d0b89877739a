/* SPDX-License-Identifier: MIT */
/*
 * --gdb PORT: gdb's remote protocol on a port of this machine. The guest waits at its first
 * instruction for the first client; when one goes away, the guest runs on and another may come.
 */
#ifndef CLI_RUN_GDB_H
#define CLI_RUN_GDB_H

#include <pthread.h>
#include <stdbool.h>

#include "gdb/session.h"
#include "vmm/vm.h"

struct run_gdb {
	bool wanted, open;
	uint16_t port; /* 0: any free one */
	int listener;
	struct vmm_vm *vm;
	bool started;
	_Atomic bool attached; /* the guest can be held */
	pthread_t thread;
	int client;	 /* -1: none */
	int stopped;	 /* eventfd: the guest stands */
	int over;	 /* eventfd: the run is at its end */
	_Atomic unsigned status; /* that it ends with */
	struct gdb_session session;
};

/* Opens the port, if wanted. Returns 0, or -1 after saying why on stderr. */
int run_gdb_open(struct run_gdb *gdb);

/* Before the guest runs: makes it wait, and says where for. Returns 0, or -1 after saying why. */
int run_gdb_start(struct run_gdb *gdb, struct vmm_vm *vm);

/*
 * The run is being ended, by any thread: the guest is held no more. One whose module keeps
 * interrupts waiting would not be left for the kick that ends it.
 */
void run_gdb_release(struct run_gdb *gdb);

/* The run is over; a client is told the exit status. */
void run_gdb_stop(struct run_gdb *gdb, unsigned status);

/* Fine at any time. */
void run_gdb_close(struct run_gdb *gdb);

#endif
