// SPDX-License-Identifier: MIT
/*
 * Stopping and resuming all processors together, and looking at guest state meanwhile.
 */
#include "vmx/probe.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "platform/platform.h"
#include "vmx/internal.h"

enum place { OUT, IN, HELD };

struct processor {
	enum place place;
	enum vmx_probe_go go;
	bool begun;	/* was held once */
	bool excused;	/* left its guest for an interrupt while held: comes back to be held */
	bool met_point; /* `stop` was not told yet */
	bool looked_at; /* stays where it is */
	struct cpu_stop stop;
};

struct vmx_probe {
	struct vmx_probe_config config;
	struct vmx_lps *lps;
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool over;    /* nobody stops any more */
	bool asked;   /* all are to stop */
	bool stopped; /* they have */
	bool has_reason;
	struct vmx_stop reason; /* of this stop */
	struct processor lp[VMX_LPS];
};

/* ---- stopping, with the lock held ---- */

static bool all_stand(const struct vmx_probe *p)
{
	unsigned begun = 0;

	for (unsigned i = 0; i < p->config.lps; i++) {
		if (p->lp[i].place == IN)
			return false;
		begun += p->lp[i].begun;
	}
	return begun == p->config.lps || (begun && p->config.one_thread) || p->over;
}

/* Nobody's doing: told of one that can be looked at, or was to step. */
static unsigned anyone(const struct vmx_probe *p)
{
	for (unsigned i = 0; i < p->config.lps; i++)
		if (p->lp[i].go == VMX_PROBE_STEP)
			return i;
	for (unsigned i = 0; i < p->config.lps; i++)
		if (p->lp[i].place == HELD)
			return i;
	return 0;
}

static void settle_stop(struct vmx_probe *p)
{
	if (!p->asked || p->stopped || !all_stand(p))
		return;
	if (!p->has_reason)
		p->reason = (struct vmx_stop){ .lp = anyone(p) };
	p->stopped = true;
	p->config.stopped(p->config.opaque);
}

static void ask_all(struct vmx_probe *p)
{
	p->asked = true;
	for (unsigned i = 0; i < p->config.lps; i++)
		if (p->lp[i].place == IN)
			cpu_probe_ask(p->lps->lp[i]->cpu, true);
}

/* The first processor that has a reason tells it; a point that another met meanwhile is told next
 * time. */
static void note_reason(struct vmx_probe *p, unsigned lp, const struct cpu_stop *stop)
{
	if (stop->why == CPU_STOP_ASKED)
		return;
	if (p->has_reason) {
		p->lp[lp].met_point |=
			stop->why == CPU_STOP_POINT && stop->point.access != CPU_EXEC;
		p->lp[lp].stop = *stop;
		return;
	}
	p->has_reason = true;
	p->reason = (struct vmx_stop){ lp, *stop };
}

/* The interrupt that a guest must be left for, unless the module keeps interrupts waiting. */
static bool must_leave(const struct vmx_lp *v)
{
	return platform_interrupt_pending(v->platform, v->number) && !v->g.hold_interrupts;
}

static bool may_go(const struct vmx_probe *p, unsigned lp)
{
	return p->over || (!p->asked && p->lp[lp].go != VMX_PROBE_STAY);
}

void probe_hold(void *opaque, const struct cpu_stop *stop)
{
	struct vmx_lp *v = opaque;
	struct vmx_probe *p = v->lps->probe;
	struct processor *me = &p->lp[v->number];

	pthread_mutex_lock(&p->lock);
	me->place = HELD;
	me->begun = true;
	/* Asked once more on its way here, it would stop again when it goes on, for no reason. */
	cpu_probe_ask(v->cpu, false);
	if (!p->over) {
		note_reason(p, v->number, stop);
		ask_all(p);
	}
	settle_stop(p);
	pthread_cond_broadcast(&p->change);
	while (me->looked_at || (!may_go(p, v->number) && !must_leave(v)))
		pthread_cond_wait(&p->change, &p->lock);
	me->excused = !may_go(p, v->number);
	me->place = IN;
	if (p->over)
		cpu_probe_step(v->cpu, false);
	pthread_mutex_unlock(&p->lock);
}

/* ---- in and out ---- */

/* While all are stopped only a processor that comes to be held again, or to leave at once, goes in.
 */
static bool gate_open(struct vmx_probe *p, struct vmx_lp *v)
{
	const struct processor *me = &p->lp[v->number];

	if (me->looked_at)
		return false;
	if (p->over || me->excused || (p->asked && !p->stopped) ||
	    platform_interrupt_pending(v->platform, v->number))
		return true;
	return !p->asked && me->go != VMX_PROBE_STAY;
}

/* On one thread nobody else gets on while this one waits: those who may run count as stopped. */
static void give_way(struct vmx_probe *p)
{
	if (!p->config.one_thread || p->asked)
		return;
	p->asked = true;
	settle_stop(p);
}

void probe_enter(struct vmx_lps *lps, struct vmx_lp *v)
{
	struct vmx_probe *p = lps->probe;
	struct processor *me;

	if (!p || v->number >= p->config.lps)
		return;
	me = &p->lp[v->number];
	pthread_mutex_lock(&p->lock);
	while (!gate_open(p, v)) {
		give_way(p);
		pthread_cond_wait(&p->change, &p->lock);
	}
	me->place = IN;
	cpu_probe_ask(v->cpu, p->asked && !p->over);
	pthread_mutex_unlock(&p->lock);
}

void probe_leave(struct vmx_lps *lps, struct vmx_lp *v)
{
	struct vmx_probe *p = lps->probe;

	if (!p || v->number >= p->config.lps)
		return;
	pthread_mutex_lock(&p->lock);
	p->lp[v->number].place = OUT;
	settle_stop(p);
	pthread_cond_broadcast(&p->change);
	pthread_mutex_unlock(&p->lock);
}

void probe_kicked(struct vmx_lps *lps)
{
	struct vmx_probe *p = __atomic_load_n(&lps->probe, __ATOMIC_ACQUIRE);

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	pthread_cond_broadcast(&p->change);
	pthread_mutex_unlock(&p->lock);
}

/* ---- the debugger's side ---- */

bool vmx_probe_attach(struct vmx_lps *lps, const struct vmx_probe_config *config)
{
	struct vmx_probe *p = calloc(1, sizeof(*p));

	if (!p || !cpu_probe_attach(lps->group)) {
		free(p);
		return false;
	}
	for (unsigned i = 0; i < config->lps; i++)
		p->lp[i].go = VMX_PROBE_GO;
	p->config = *config;
	p->lps = lps;
	p->asked = true;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->change, NULL);
	__atomic_store_n(&lps->probe, p, __ATOMIC_RELEASE);
	return true;
}

void vmx_probe_ask(struct vmx_lps *lps)
{
	struct vmx_probe *p = lps->probe;

	pthread_mutex_lock(&p->lock);
	ask_all(p);
	settle_stop(p);
	pthread_cond_broadcast(&p->change);
	pthread_mutex_unlock(&p->lock);
}

bool vmx_probe_stopped(struct vmx_lps *lps, struct vmx_stop *stop)
{
	struct vmx_probe *p = lps->probe;
	bool stopped;

	pthread_mutex_lock(&p->lock);
	stopped = p->stopped;
	*stop = p->reason;
	pthread_mutex_unlock(&p->lock);
	return stopped;
}

/* One that leaves for an interrupt, or comes back from it, is on its way for a moment. */
static void wait_until_it_stands(struct vmx_probe *p, unsigned lp)
{
	while (p->lp[lp].place == IN && !p->over)
		pthread_cond_wait(&p->change, &p->lock);
}

/* A point met during the last stop, by one that now goes on, is the reason for the next. */
static bool stop_again(struct vmx_probe *p)
{
	for (unsigned i = 0; i < p->config.lps; i++) {
		struct processor *lp = &p->lp[i];

		if (!lp->met_point || lp->go == VMX_PROBE_STAY)
			continue;
		lp->met_point = false;
		p->has_reason = true;
		p->reason = (struct vmx_stop){ i, lp->stop };
		p->config.stopped(p->config.opaque);
		return true;
	}
	return false;
}

void vmx_probe_resume(struct vmx_lps *lps, const enum vmx_probe_go *go)
{
	struct vmx_probe *p = lps->probe;

	pthread_mutex_lock(&p->lock);
	p->has_reason = false;
	for (unsigned i = 0; i < p->config.lps; i++) {
		if (p->stopped)
			wait_until_it_stands(p, i);
		p->lp[i].go = go[i];
		if (p->lp[i].place != IN)
			cpu_probe_step(lps->lp[i]->cpu, go[i] == VMX_PROBE_STEP);
	}
	if (!stop_again(p))
		p->asked = p->stopped = false;
	pthread_cond_broadcast(&p->change);
	pthread_mutex_unlock(&p->lock);
}

void vmx_probe_end(struct vmx_lps *lps)
{
	struct vmx_probe *p = lps->probe;

	pthread_mutex_lock(&p->lock);
	p->over = true;
	cpu_probe_clear_all(lps->group);
	pthread_cond_broadcast(&p->change);
	pthread_mutex_unlock(&p->lock);
}

void probe_free_all(struct vmx_lps *lps)
{
	if (!lps->probe)
		return;
	pthread_mutex_destroy(&lps->probe->lock);
	pthread_cond_destroy(&lps->probe->change);
	free(lps->probe);
	lps->probe = NULL;
}

bool vmx_probe_point(struct vmx_lps *lps, const struct cpu_point *point, bool set)
{
	return set ? cpu_probe_set(lps->group, point) : cpu_probe_clear(lps->group, point);
}

void vmx_probe_clear_points(struct vmx_lps *lps)
{
	cpu_probe_clear_all(lps->group);
}

/* ---- state and memory ---- */

bool vmx_probe_look(struct vmx_lps *lps, unsigned lp, bool *held)
{
	struct vmx_probe *p = lps->probe;
	struct processor *at = &p->lp[lp];
	bool looks;

	pthread_mutex_lock(&p->lock);
	wait_until_it_stands(p, lp);
	*held = at->place == HELD;
	looks = at->looked_at = at->place != IN;
	pthread_mutex_unlock(&p->lock);
	return looks;
}

void vmx_probe_looked(struct vmx_lps *lps, unsigned lp)
{
	struct vmx_probe *p = lps->probe;

	pthread_mutex_lock(&p->lock);
	p->lp[lp].looked_at = false;
	pthread_cond_broadcast(&p->change);
	pthread_mutex_unlock(&p->lock);
}

struct cpu_state *vmx_probe_state(struct vmx_lps *lps, unsigned lp)
{
	return cpu_state(lps->lp[lp]->cpu);
}

uint8_t vmx_probe_cr8(struct vmx_lps *lps, unsigned lp)
{
	struct vmx_lp *v = lps->lp[lp];

	return v->g.vmcs ? (uint8_t)vmx_ops.read_cr8(v) : 0;
}

/* The host memory of a guest-physical address, as far as the guest has access to it. */
static enum vmx_probe_where host_of(struct vmx_lp *v, uint64_t gpa, bool write, uint8_t **host)
{
	bool shared = gpa & v->g.shared_bit;
	const struct ept_tree *tree = shared ? &v->g.shared_ept : &v->g.ept;
	struct memory *mem = &v->platform->mem;
	struct ept_page page = { 0 };
	uint64_t pa;

	if (gpa >> v->g.gpa_bits || ept_walk(tree, gpa, EPT_R, &page) != WALK_FOUND)
		return VMX_PROBE_NOT_IN_EPT;
	pa = platform_pa(v->platform, page.hpa);
	*host = mem_ptr(mem, pa, 1);
	if (!*host || !mem_key_check(mem, pa, shared ? 0 : v->g.hkid))
		return VMX_PROBE_NOT_IN_EPT;
	return write && !(page.permissions & EPT_W) ? VMX_PROBE_READ_ONLY : VMX_PROBE_MAPPED;
}

static bool read_entry(void *opaque, uint64_t gpa, void *entry, unsigned size)
{
	uint8_t *host = NULL;

	if (host_of(opaque, gpa, false, &host) != VMX_PROBE_MAPPED)
		return false;
	memcpy(entry, host, size);
	return true;
}

enum vmx_probe_where vmx_probe_translate(struct vmx_lps *lps, unsigned lp, uint64_t lin, bool write,
					 uint64_t *gpa, uint8_t **host)
{
	struct vmx_lp *v = lps->lp[lp];

	if (!v->g.vmcs)
		return VMX_PROBE_NO_GUEST;
	if (!cpu_probe_translate(v->cpu, lin, read_entry, v, gpa))
		return VMX_PROBE_NOT_IN_PAGE_TABLES;
	return host_of(v, *gpa, write, host);
}

void vmx_probe_written(struct vmx_lps *lps, const uint8_t *host, size_t len)
{
	cpu_invalidate_code(lps->group, host, len);
}
