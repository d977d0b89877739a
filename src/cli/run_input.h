/* SPDX-License-Identifier: MIT */
/*
 * Standard input as the guest's keyboard. A terminal is put into raw mode, so that every key but
 * Ctrl-A reaches the guest, and is as it was when the run is over.
 */
#ifndef CLI_RUN_INPUT_H
#define CLI_RUN_INPUT_H

#include <pthread.h>
#include <stdbool.h>
#include <termios.h>

#include "vmm/vm.h"

struct run_input {
	struct vmm_vm *vm;
	bool terminal, escaped; /* in raw mode; after Ctrl-A */
	bool started;
	struct termios before;
	pthread_t thread;
	int over; /* eventfd */
};

/* Starts a thread that types what comes. 0, or -1 after saying why on stderr. */
int run_input_start(struct run_input *input, struct vmm_vm *vm);
void run_input_stop(struct run_input *input);

#endif
