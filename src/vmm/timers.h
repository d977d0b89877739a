/* SPDX-License-Identifier: MIT */
/*
 * A deadline per vCPU, and the thread that waits for the next of them.
 */
#ifndef VMM_TIMERS_H
#define VMM_TIMERS_H

#include <pthread.h>
#include <stdbool.h>

#include "vmm/clock.h"

struct vmm_timers {
	const struct vmm_clock *clock;
	void (*fire)(void *opaque, unsigned index); /* called without a lock held */
	void *opaque;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool started, stop;
	uint64_t deadline[TD_MAX_VCPUS]; /* in the TD's time; CLOCK_NEVER: none */
};

void timers_init(struct vmm_timers *timers, const struct vmm_clock *clock,
		 void (*fire)(void *opaque, unsigned index), void *opaque);
void timers_free(struct vmm_timers *timers);

/*
 * Between these two a thread calls `fire` for each deadline that has passed, once. timers_start()
 * returns 0, or -1 when there is no thread.
 */
int timers_start(struct vmm_timers *timers);
void timers_stop(struct vmm_timers *timers);

/* Without that thread: the next deadline, CLOCK_NEVER if there is none, and `fire` for all that
 * passed. */
uint64_t timers_next(struct vmm_timers *timers);
void timers_fire_due(struct vmm_timers *timers);

/* Sets vCPU `index`'s deadline in place of the one it had. Any thread. */
void timers_set(struct vmm_timers *timers, unsigned index, uint64_t deadline);

#endif
