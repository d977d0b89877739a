// SPDX-License-Identifier: MIT
/*
 * Waiting for deadlines.
 */
#include <time.h>

#include "vmm/timers.h"

/* A clock that stands still is looked at again after this long. */
#define LONGEST_WAIT (100 * CLOCK_MS)
#define SECOND_NS    1000000000ull

void timers_init(struct vmm_timers *timers, const struct vmm_clock *clock,
		 void (*fire)(void *opaque, unsigned index), void *opaque)
{
	pthread_condattr_t attr;

	*timers = (struct vmm_timers){ .clock = clock, .fire = fire, .opaque = opaque };
	for (unsigned i = 0; i < TD_MAX_VCPUS; i++)
		timers->deadline[i] = CLOCK_NEVER;
	pthread_mutex_init(&timers->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&timers->changed, &attr);
	pthread_condattr_destroy(&attr);
}

void timers_free(struct vmm_timers *timers)
{
	pthread_cond_destroy(&timers->changed);
	pthread_mutex_destroy(&timers->lock);
}

static unsigned earliest(const struct vmm_timers *timers)
{
	unsigned best = 0;

	for (unsigned i = 1; i < TD_MAX_VCPUS; i++) {
		if (timers->deadline[i] < timers->deadline[best])
			best = i;
	}
	return best;
}

static void wait_ns(struct vmm_timers *timers, uint64_t ns)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns += (uint64_t)until.tv_nsec;
	until.tv_sec += (time_t)(ns / SECOND_NS);
	until.tv_nsec = (long)(ns % SECOND_NS);
	pthread_cond_timedwait(&timers->changed, &timers->lock, &until);
}

static void fire(struct vmm_timers *timers, unsigned index)
{
	timers->deadline[index] = CLOCK_NEVER;
	pthread_mutex_unlock(&timers->lock);
	timers->fire(timers->opaque, index);
	pthread_mutex_lock(&timers->lock);
}

static void wait_or_fire(struct vmm_timers *timers, unsigned next)
{
	uint64_t deadline = timers->deadline[next], now = clock_now(timers->clock);

	if (deadline <= now)
		fire(timers, next);
	else
		wait_ns(timers, deadline - now < LONGEST_WAIT ? deadline - now : LONGEST_WAIT);
}

static void *timers_thread(void *opaque)
{
	struct vmm_timers *timers = opaque;

	pthread_mutex_lock(&timers->lock);
	while (!timers->stop) {
		unsigned next = earliest(timers);

		if (timers->deadline[next] == CLOCK_NEVER)
			pthread_cond_wait(&timers->changed, &timers->lock);
		else
			wait_or_fire(timers, next);
	}
	pthread_mutex_unlock(&timers->lock);
	return NULL;
}

uint64_t timers_next(struct vmm_timers *timers)
{
	uint64_t deadline;

	pthread_mutex_lock(&timers->lock);
	deadline = timers->deadline[earliest(timers)];
	pthread_mutex_unlock(&timers->lock);
	return deadline;
}

void timers_fire_due(struct vmm_timers *timers)
{
	pthread_mutex_lock(&timers->lock);
	for (unsigned i = earliest(timers);
	     timers->deadline[i] != CLOCK_NEVER && timers->deadline[i] <= clock_now(timers->clock);
	     i = earliest(timers))
		fire(timers, i);
	pthread_mutex_unlock(&timers->lock);
}

int timers_start(struct vmm_timers *timers)
{
	timers->stop = false;
	timers->started = !pthread_create(&timers->thread, NULL, timers_thread, timers);
	return timers->started ? 0 : -1;
}

void timers_stop(struct vmm_timers *timers)
{
	if (!timers->started)
		return;
	pthread_mutex_lock(&timers->lock);
	timers->stop = true;
	pthread_cond_signal(&timers->changed);
	pthread_mutex_unlock(&timers->lock);
	pthread_join(timers->thread, NULL);
	timers->started = false;
}

void timers_set(struct vmm_timers *timers, unsigned index, uint64_t deadline)
{
	pthread_mutex_lock(&timers->lock);
	timers->deadline[index] = deadline;
	if (earliest(timers) == index)
		pthread_cond_signal(&timers->changed);
	pthread_mutex_unlock(&timers->lock);
}
