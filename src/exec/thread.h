/* SPDX-License-Identifier: MIT */
/*
 * One traced thread and the call it makes.
 */
#ifndef EXEC_THREAD_H
#define EXEC_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "seamless/seamless.h"

struct exec_thread {
	pid_t tid;	       /* 0: free slot */
	int lp;		       /* logical processor, -1: none yet */
	bool fresh;	       /* has not stopped yet: its first stop is its birth */
	uint64_t entry, stack; /* of the guest, for a vCPU's first entry */
	struct user_regs_struct host; /* behind TDH.VP.ENTER, while its guest runs */
};

/* What became of a signal. */
enum exec_trap {
	EXEC_NOT_OURS, /* it is the program's */
	EXEC_SERVED,   /* a call was made, the thread goes on behind it */
	EXEC_LOST,     /* the thread is gone */
};

/* The thread stopped for SIGILL or SIGSEGV. *next_lp: the first free processor number, advanced when this thread takes it. */
enum exec_trap exec_thread_trap(struct exec_thread *t, struct seamless_machine *m, unsigned *next_lp);

#endif
