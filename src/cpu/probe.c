// SPDX-License-Identifier: MIT
/*
 * The probe: what makes a vCPU stop, and standing still. A point on an instruction ends the blocks
 * before it and has one of its own that goes to the run loop, where stops happen; a watched page is
 * kept out of the TLB, and an access to a watched byte begins its instruction anew, alone. A group
 * without a probe pays for none of this.
 */
#include "cpu/probe.h"

#include <stdlib.h>

#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/group.h"

struct probe {
	pthread_mutex_t lock; /* of the points, which vCPUs read as they decode */
	unsigned nr_code, nr_data;
	struct cpu_point point[CPU_POINTS]; /* length 0: free */
};

bool cpu_probe_attach(struct cpu_group *group)
{
	struct probe *probe = group->probe ? NULL : calloc(1, sizeof(*probe));

	if (!probe)
		return group->probe;
	pthread_mutex_init(&probe->lock, NULL);
	pthread_mutex_lock(&group->lock);
	group->probe = probe;
	for (struct cpu *c = group->members; c; c = c->group_next)
		c->probe = probe;
	pthread_mutex_unlock(&group->lock);
	return true;
}

void probe_free(struct cpu_group *group)
{
	if (!group->probe)
		return;
	pthread_mutex_destroy(&group->probe->lock);
	free(group->probe);
}

/* ---- points ---- */

static bool same_point(const struct cpu_point *a, const struct cpu_point *b)
{
	return a->address == b->address && a->length == b->length && a->access == b->access &&
	       a->tag == b->tag;
}

/* The point, or where it would go; NULL: nowhere. */
static struct cpu_point *find(struct probe *probe, const struct cpu_point *point)
{
	struct cpu_point *free_one = NULL;

	for (unsigned i = 0; i < CPU_POINTS; i++) {
		if (probe->point[i].length && same_point(&probe->point[i], point))
			return &probe->point[i];
		if (!probe->point[i].length)
			free_one = &probe->point[i];
	}
	return free_one;
}

static void count(struct probe *probe)
{
	unsigned code = 0, data = 0;

	for (unsigned i = 0; i < CPU_POINTS; i++) {
		code += probe->point[i].length && probe->point[i].access == CPU_EXEC;
		data += probe->point[i].length && probe->point[i].access != CPU_EXEC;
	}
	__atomic_store_n(&probe->nr_code, code, __ATOMIC_RELEASE);
	__atomic_store_n(&probe->nr_data, data, __ATOMIC_RELEASE);
}

static void tell_members(struct cpu_group *group)
{
	pthread_mutex_lock(&group->lock);
	for (struct cpu *c = group->members; c; c = c->group_next)
		cpu_post(c, EVENT_POINTS);
	pthread_mutex_unlock(&group->lock);
}

static bool change(struct cpu_group *group, const struct cpu_point *point, bool set)
{
	struct probe *probe = group->probe;
	struct cpu_point *at;
	bool known;

	if (!probe || !point->length)
		return false;
	pthread_mutex_lock(&probe->lock);
	at = find(probe, point);
	known = at && at->length;
	if (at)
		*at = set ? *point : known ? (struct cpu_point){ 0 } : *at;
	count(probe);
	pthread_mutex_unlock(&probe->lock);
	tell_members(group);
	return set ? at != NULL : known;
}

bool cpu_probe_set(struct cpu_group *group, const struct cpu_point *point)
{
	return change(group, point, true);
}

bool cpu_probe_clear(struct cpu_group *group, const struct cpu_point *point)
{
	return change(group, point, false);
}

void cpu_probe_clear_all(struct cpu_group *group)
{
	if (!group->probe)
		return;
	pthread_mutex_lock(&group->probe->lock);
	memset(group->probe->point, 0, sizeof(group->probe->point));
	count(group->probe);
	pthread_mutex_unlock(&group->probe->lock);
	tell_members(group);
}

static bool covers(const struct cpu_point *p, uint64_t lin, uint64_t size, uint32_t access)
{
	return p->length && (p->access & access) &&
	       (lin - p->address < p->length || p->address - lin < size);
}

/* The first point that an access meets. */
static bool point_met(struct probe *probe, uint64_t lin, uint64_t size, uint32_t access,
		      struct cpu_point *met)
{
	unsigned i = 0;

	pthread_mutex_lock(&probe->lock);
	while (i < CPU_POINTS && !covers(&probe->point[i], lin, size, access))
		i++;
	if (i < CPU_POINTS)
		*met = probe->point[i];
	pthread_mutex_unlock(&probe->lock);
	return i < CPU_POINTS;
}

static bool code_met(const struct cpu *cpu, uint64_t lin, uint64_t size, struct cpu_point *met)
{
	return __atomic_load_n(&cpu->probe->nr_code, __ATOMIC_ACQUIRE) &&
	       point_met(cpu->probe, lin, size, CPU_EXEC, met);
}

bool probe_stops_at(const struct cpu *cpu, uint64_t lin)
{
	return code_met(cpu, lin, 1, &(struct cpu_point){ 0 });
}

bool probe_stops_within(const struct cpu *cpu, uint64_t lin, unsigned size)
{
	return code_met(cpu, lin, size, &(struct cpu_point){ 0 });
}

bool probe_watches(const struct cpu *cpu)
{
	return cpu->probe && __atomic_load_n(&cpu->probe->nr_data, __ATOMIC_ACQUIRE);
}

bool probe_watches_page(const struct cpu *cpu, uint64_t page)
{
	return probe_watches(cpu) && point_met(cpu->probe, page, PAGE_SIZE, CPU_READ | CPU_WRITE,
					       &(struct cpu_point){ 0 });
}

/* An access that will happen. It is taken note of when its instruction runs alone. */
void probe_watch(struct cpu *cpu, uint64_t lin, unsigned size, uint32_t access)
{
	struct cpu_point met;

	if (!point_met(cpu->probe, lin, size, access, &met))
		return;
	if (!cpu->stepping) {
		cpu->probe_alone = true;
		longjmp(cpu->jmp, LEAVE_RESTART);
	}
	cpu->probe_met = met;
}

/* ---- steps ---- */

void cpu_probe_step(struct cpu *cpu, bool on)
{
	bool under_way = !cpu->exit;

	cpu->probe_step = !on ? PROBE_STEP_NONE : under_way ? PROBE_STEP_DONE : PROBE_STEP_WANTED;
	cpu->probe_from = cpu->s.rip;
	cpu_attention(cpu);
}

void probe_step_begins(struct cpu *cpu)
{
	cpu->probe_alone = false;
	cpu->probe_met.length = 0;
	if (cpu->probe_step != PROBE_STEP_WANTED)
		return;
	cpu->probe_step = PROBE_STEP_DONE;
	cpu->probe_from = cpu->s.rip;
}

/* Back from an exit: one that the stepped instruction did not get past did not end it. */
void probe_step_resumes(struct cpu *cpu)
{
	if (cpu->probe_step == PROBE_STEP_DONE && cpu->s.rip == cpu->probe_from &&
	    !(cpu->event.info & CPU_INTR_VALID))
		cpu->probe_step = PROBE_STEP_WANTED;
}

bool probe_steps(const struct cpu *cpu)
{
	return cpu->probe_step == PROBE_STEP_WANTED || cpu->probe_alone;
}

/* ---- stopping ---- */

void cpu_probe_ask(struct cpu *cpu, bool stop)
{
	if (stop)
		cpu_post(cpu, EVENT_STOP);
	else
		__atomic_fetch_and(&cpu->events, ~EVENT_STOP, __ATOMIC_SEQ_CST);
}

static bool must_stop(struct cpu *cpu, struct cpu_stop *stop)
{
	uint64_t lin = (cpu->s.rip + cpu->code_base) & cpu->lin_mask;

	*stop = (struct cpu_stop){ .why = CPU_STOP_POINT, .point = cpu->probe_met };
	if (stop->point.length ||
	    (cpu->probe_step == PROBE_STEP_NONE && code_met(cpu, lin, 1, &stop->point)))
		return true;
	stop->why = cpu->probe_step == PROBE_STEP_DONE ? CPU_STOP_STEP : CPU_STOP_ASKED;
	return stop->why == CPU_STOP_STEP ||
	       __atomic_load_n(&cpu->events, __ATOMIC_SEQ_CST) & EVENT_STOP;
}

/* Between two instructions: stands still if there is a reason; whether there was one. */
bool probe_check(struct cpu *cpu)
{
	struct cpu_stop stop;

	if (!must_stop(cpu, &stop))
		return false;
	__atomic_fetch_and(&cpu->events, ~EVENT_STOP, __ATOMIC_SEQ_CST);
	cpu->probe_met.length = 0;
	cpu->probe_step = PROBE_STEP_NONE;
	cpu->s.rflags = flags_get(cpu);
	exclusive_leave(cpu);
	if (cpu->ops->stopped)
		cpu->ops->stopped(cpu->opaque, &stop);
	exclusive_enter(cpu);
	exclusive_check(cpu);
	flags_load_arith(cpu, cpu->s.rflags);
	cpu_flush_tlb(cpu);
	debug_changed(cpu);
	cpu_state_changed(cpu);
	return true;
}
