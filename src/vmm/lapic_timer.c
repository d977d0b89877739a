// SPDX-License-Identifier: MIT
/*
 * The local APIC's timer.
 */
#include "vmm/clock.h"
#include "vmm/lapic_timer.h"

#define MODE(entry)  (entry & (3u << 17))
#define PERIODIC     (1u << 17)
#define TSC_DEADLINE (2u << 17)

/* A guest can't keep the host busy with timer interrupts: none has a shorter period than this. */
#define SHORTEST_PERIOD (CLOCK_MS / 10)

static uint32_t entry_of(const struct lapic *lapic)
{
	return lapic->lvt[LAPIC_LVT_TIMER];
}

static uint64_t now(const struct lapic *lapic)
{
	return lapic->ops->now(lapic->ops->opaque);
}

/* The machine hears of it first: what it then does about the time stays true. */
static void set_deadline(struct lapic *lapic, uint64_t deadline)
{
	atomic_store(&lapic->deadline, deadline);
	lapic->ops->arm(lapic->ops->opaque, lapic->index, deadline);
}

/* TSC ticks per count: the divider is 2, 4, 8 to 128, and 1 for the last code. */
static uint64_t count_ticks(const struct lapic *lapic)
{
	unsigned code = (lapic->divide & 3) | (lapic->divide >> 1 & 4);

	return (uint64_t)lapic->ops->tick << ((code + 1) & 7);
}

static uint64_t round_ticks(const struct lapic *lapic)
{
	uint64_t ticks = lapic->initial * count_ticks(lapic);

	return MODE(entry_of(lapic)) == PERIODIC && ticks < SHORTEST_PERIOD ? SHORTEST_PERIOD
									    : ticks;
}

static void start(struct lapic *lapic, uint64_t from)
{
	lapic->started = from;
	set_deadline(lapic, lapic->initial ? from + round_ticks(lapic) : CLOCK_NEVER);
}

static void stop(struct lapic *lapic)
{
	lapic->initial = 0;
	set_deadline(lapic, CLOCK_NEVER);
}

void lapic_timer_set_lvt(struct lapic *lapic, uint32_t value)
{
	bool other_mode = (MODE(entry_of(lapic)) == TSC_DEADLINE) != (MODE(value) == TSC_DEADLINE);

	lapic->lvt[LAPIC_LVT_TIMER] = value;
	if (other_mode)
		stop(lapic);
}

void lapic_timer_set_initial(struct lapic *lapic, uint32_t count)
{
	if (MODE(entry_of(lapic)) == TSC_DEADLINE)
		return;
	lapic->initial = count;
	start(lapic, now(lapic));
}

/* The rest of the round runs at the new rate. */
void lapic_timer_set_divide(struct lapic *lapic, uint32_t divide)
{
	uint32_t left = lapic_timer_current(lapic);

	lapic->divide = divide;
	if (!lapic_armed(lapic) || MODE(entry_of(lapic)) == TSC_DEADLINE)
		return;
	lapic->started = now(lapic) - (lapic->initial - left) * count_ticks(lapic);
	set_deadline(lapic, lapic->started + round_ticks(lapic));
}

uint32_t lapic_timer_current(struct lapic *lapic)
{
	uint64_t gone;

	if (!lapic_armed(lapic) || MODE(entry_of(lapic)) == TSC_DEADLINE)
		return 0;
	gone = (now(lapic) - lapic->started) / count_ticks(lapic);
	return gone < lapic->initial ? lapic->initial - (uint32_t)gone : 0;
}

uint64_t lapic_timer_deadline(struct lapic *lapic)
{
	return MODE(entry_of(lapic)) == TSC_DEADLINE && lapic_armed(lapic)
		       ? atomic_load(&lapic->deadline)
		       : 0;
}

/* Rounds that nobody was there to count are lost, not made up for. */
static void next_round(struct lapic *lapic, uint64_t deadline, uint64_t time)
{
	uint64_t ticks = round_ticks(lapic);

	start(lapic, deadline + (time - deadline) / ticks * ticks);
}

static void expire(struct lapic *lapic, uint64_t deadline, uint64_t time)
{
	uint32_t entry = entry_of(lapic);

	if (!(entry & LAPIC_LVT_MASKED) && (uint8_t)entry >= LAPIC_VECTOR_FIRST)
		lapic->ops->interrupt(lapic->ops->opaque, lapic->index, (uint8_t)entry);
	if (MODE(entry) == PERIODIC && lapic->initial)
		next_round(lapic, deadline, time);
	else
		set_deadline(lapic, CLOCK_NEVER);
}

/* One that lies in the past already is reached at once. */
void lapic_timer_set_deadline(struct lapic *lapic, uint64_t deadline)
{
	uint64_t time = now(lapic);

	if (MODE(entry_of(lapic)) != TSC_DEADLINE)
		return;
	if (deadline && deadline <= time)
		expire(lapic, deadline, time);
	else
		set_deadline(lapic, deadline ? deadline : CLOCK_NEVER);
}

void lapic_expire(struct lapic *lapic)
{
	uint64_t deadline, time;

	pthread_mutex_lock(&lapic->lock);
	deadline = atomic_load(&lapic->deadline);
	time = now(lapic);
	if (deadline <= time)
		expire(lapic, deadline, time);
	else if (deadline != CLOCK_NEVER)
		lapic->ops->arm(lapic->ops->opaque, lapic->index, deadline);
	pthread_mutex_unlock(&lapic->lock);
}
