// SPDX-License-Identifier: MIT
/*
 * The driver of the pair: the script under way, and which comes next.
 */
#include "pair.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "module/report.h"

#define TRIES 1000000
#define SPIN  64 /* refusals before it lets others run */

static void begin(struct pair *p, const struct step *script)
{
	p->script = script;
	p->at = p->times = p->tries = 0;
}

static void stop_carrying(struct worker *w)
{
	struct pair *p = w->s->pair;

	atomic_store(&p->live, false);
	if (p->closed)
		pthread_rwlock_unlock(&p->order);
	p->closed = false;
}

/* After @pair_migrate it is the one end or the other, by turns. */
static const struct {
	const struct step *done, *next;
} succession[] = {
	{ pair_build, pair_make_target },     { pair_make_target, pair_migrate },
	{ pair_arrive, pair_leave_source },   { pair_leave_source, pair_make_target },
	{ pair_call_off, pair_leave_target }, { pair_leave_target, pair_make_target },
	{ pair_leave_both, pair_build },
};

static void next_script(struct worker *w)
{
	struct pair *p = w->s->pair;
	const struct step *done = p->script;

	if (done == pair_migrate) {
		begin(p, p->arrived > p->aborted ? pair_call_off : pair_arrive);
		return;
	}
	stop_carrying(w);
	p->arrived += done == pair_arrive;
	p->aborted += done == pair_call_off;
	if (done == pair_leave_source)
		atomic_fetch_xor(&p->source, 1);
	for (unsigned i = 0; i < sizeof(succession) / sizeof(succession[0]); i++)
		if (succession[i].done == done)
			begin(p, succession[i].next);
}

static void went_well(struct pair *p)
{
	p->tries = 0;
	if (++p->times == p->script[p->at].times) {
		p->at++;
		p->times = 0;
	}
}

static bool stands_on_vcpu(uint64_t status)
{
	return TDX_STATUS_CODE(status) == TDX_VCPU_ASSOCIATED ||
	       TDX_STATUS_CODE(status) == TDX_FLUSHVP_NOT_DONE;
}

static bool later(const struct step *step, uint64_t status)
{
	if (TDX_STATUS_FATAL(status))
		return false;
	return step->how == IN_THE_END || stress_not_now(status) || stands_on_vcpu(status);
}

static void broke(struct worker *w, uint64_t status)
{
	struct pair *p = w->s->pair;

	if (p->script[p->at].how == IN_THE_END)
		stress_wrong(w, "a TD can't be torn down: step %u (%u) answers %llx", p->at,
			     p->times, (unsigned long long)status);
	p->broken++;
	stop_carrying(w);
	begin(p, pair_leave_both);
}

/* By everybody: it is on one of the processors. */
static void flush(struct worker *w, uint64_t vcpu)
{
	atomic_store(&w->s->pair->flush, vcpu);
	if (vcpu)
		CALL(w, LEAF_TDH_VP_FLUSH, vcpu);
}

void stress_drive(struct worker *w)
{
	struct pair *p = w->s->pair;
	const struct step *step = &p->script[p->at];
	uint64_t st;

	atomic_fetch_add_explicit(&w->steps, 1, memory_order_relaxed);
	if (!step->call) {
		next_script(w);
		return;
	}
	st = step->call(w, side_of(p, step->who), p->times);
	w->lp = 0;
	flush(w, stands_on_vcpu(st) ? side_of(p, step->who)->page[AT_TDVPR] : 0);
	if (!(st >> 63) && TDX_STATUS_CODE(st) != TDX_INTERRUPTED_RESUMABLE) {
		went_well(p);
	} else if (later(step, st) && ++p->tries < TRIES) {
		if (p->tries % SPIN == 0)
			sched_yield();
	} else if (step->how == MAY) {
		went_well(p);
	} else {
		broke(w, st);
	}
}

void stress_pair_open(struct shared *s)
{
	struct pair *p = calloc(1, sizeof(*p));
	struct tdinfo info;
	struct td migtd;

	assert_non_null(p);
	s->pair = p;
	td_load(s->b->m, s->tdr[MIGTD], &migtd);
	assert_true(tdinfo_fill(migtd.tdcs, SERVTD_ATTRIBUTES >> 32, &info, p->migtd_hash));
	p->migtd_vp = s->vcpu[MIGTD * VCPUS_EACH + 2]; /* the driver's */
	s->vcpu[MIGTD * VCPUS_EACH + 2] = s->vcpu[MIGTD * VCPUS_EACH];
	for (unsigned i = 0; i < SIDES; i++) {
		p->side[i].tdr = s->tdr[FIRST_SIDE + i] = box_page(s->b);
		p->side[i].hkid = BOX_HKID + 10 + i;
		for (unsigned k = 0; k < PAGES_EACH; k++)
			p->side[i].page[k] = box_page(s->b);
		for (unsigned k = 0; k < VCPUS_EACH; k++)
			s->vcpu[s->vcpus++] = p->side[i].page[AT_TDVPR];
	}
	pthread_rwlock_init(&p->order, NULL);
	begin(p, pair_build);
}

void stress_pair_report(const struct shared *s)
{
	printf("%u migrations, %u called off, %u broken\n", s->pair->arrived, s->pair->aborted,
	       s->pair->broken);
}

bool stress_pair_done(const struct shared *s)
{
	return s->pair->arrived && s->pair->aborted;
}

void stress_pair_close(struct shared *s)
{
	pthread_rwlock_destroy(&s->pair->order);
	free(s->pair);
}
