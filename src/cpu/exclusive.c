// SPDX-License-Identifier: MIT
/*
 * One vCPU at work while all others of its group stand between two instructions: for locked
 * operations that the host can't do in one, and for taking write access to a page away from all.
 */
#include "cpu/group.h"

static bool flag(const bool *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static void set_flag(bool *p, bool value)
{
	__atomic_store_n(p, value, __ATOMIC_SEQ_CST);
}

static struct cpu *owner(struct cpu_group *group)
{
	return __atomic_load_n(&group->exclusive, __ATOMIC_SEQ_CST);
}

/* Asks those who run to stop; whether there are any. */
static bool others_run(struct cpu *cpu)
{
	bool any = false;

	pthread_mutex_lock(&cpu->group->lock);
	for (struct cpu *c = cpu->group->members; c; c = c->group_next)
		if (c != cpu && flag(&c->executing) && !flag(&c->parked)) {
			cpu_attention(c);
			any = true;
		}
	pthread_mutex_unlock(&cpu->group->lock);
	return any;
}

/* With the lock held: waits until nobody is exclusive. One that waits counts as standing still. */
static void park(struct cpu *cpu)
{
	struct cpu_group *group = cpu->group;

	set_flag(&cpu->parked, true);
	pthread_cond_broadcast(&group->exclusive_change);
	while (owner(group))
		pthread_cond_wait(&group->exclusive_change, &group->exclusive_lock);
}

void exclusive_begin(struct cpu *cpu)
{
	struct cpu_group *group = cpu->group;

	pthread_mutex_lock(&group->exclusive_lock);
	park(cpu);
	__atomic_store_n(&group->exclusive, cpu, __ATOMIC_SEQ_CST);
	while (others_run(cpu))
		pthread_cond_wait(&group->exclusive_change, &group->exclusive_lock);
	pthread_mutex_unlock(&group->exclusive_lock);
}

void exclusive_end(struct cpu *cpu)
{
	struct cpu_group *group = cpu->group;

	pthread_mutex_lock(&group->exclusive_lock);
	__atomic_store_n(&group->exclusive, NULL, __ATOMIC_SEQ_CST);
	set_flag(&cpu->parked, false);
	pthread_cond_broadcast(&group->exclusive_change);
	pthread_mutex_unlock(&group->exclusive_lock);
}

/* Between two instructions, after the limit was armed: stands still while another is exclusive. */
void exclusive_check(struct cpu *cpu)
{
	if (likely(!owner(cpu->group)))
		return;
	pthread_mutex_lock(&cpu->group->exclusive_lock);
	park(cpu);
	set_flag(&cpu->parked, false);
	pthread_mutex_unlock(&cpu->group->exclusive_lock);
}

/* The run loop, which begins with exclusive_check(), is entered and left. */
void exclusive_enter(struct cpu *cpu)
{
	set_flag(&cpu->executing, true);
}

void exclusive_leave(struct cpu *cpu)
{
	set_flag(&cpu->executing, false);
	if (likely(!owner(cpu->group)))
		return;
	pthread_mutex_lock(&cpu->group->exclusive_lock);
	pthread_cond_broadcast(&cpu->group->exclusive_change);
	pthread_mutex_unlock(&cpu->group->exclusive_lock);
}
