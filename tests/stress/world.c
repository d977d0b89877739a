// SPDX-License-Identifier: MIT
/*
 * The TDs that the threads share, and what is looked at when none of them is inside.
 */
#include "stress.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/audit.h"

#define WORKER_BUFFERS (BOX_HOST + 0x1000000ull)
#define LARGE_PAGES    (BOX_TDMR + (32ull << 20))

/* The fixture's vCPU leaves its processor; two more come, and leave too. */
static void add_vcpus(struct shared *s, uint64_t tdr, uint64_t first)
{
	for (unsigned i = 0; i < VCPUS_EACH; i++) {
		uint64_t vcpu = i ? box_page(s->b) : first;

		if (i) {
			box_ok(s->b, 0, LEAF_TDH_VP_CREATE, vcpu, tdr, 0, 0);
			for (unsigned k = 0; k < 5 + TDVPS_PAGES_PER_L2 * s->b->l2_vms; k++)
				box_ok(s->b, 0, LEAF_TDH_VP_ADDCX, box_page(s->b), vcpu, 0, 0);
			box_ok(s->b, 0, LEAF_TDH_VP_INIT, vcpu, 0, 0, 0);
		}
		box_ok(s->b, 0, LEAF_TDH_VP_FLUSH, vcpu, 0, 0, 0);
		s->vcpu[s->vcpus++] = vcpu;
	}
}

/* Tables for the shared regions that the fixture has none for. */
static void add_tables(struct shared *s, uint64_t tdr)
{
	for (uint64_t region = 1; region < 3; region++)
		box_ok(s->b, 0, LEAF_TDH_MEM_SEPT_ADD, region << 21 | 1, tdr, box_page(s->b), 0);
}

/* The driver has none of these. */
static void add_lanes(struct shared *s)
{
	for (unsigned i = 0; i < s->workers; i++) {
		struct worker *w = &s->w[i];

		w->lane[0] = (struct lane){ .gpa = LANE_GPA(w), .page = box_page(s->b) };
		w->lane[1] = (struct lane){ .gpa = LARGE_LANE(w) | 1,
					    .page = LARGE_PAGES + ((LARGE + i + 1ull) << 21),
					    .table = box_page(s->b) };
		box_ok(s->b, 0, LEAF_TDH_MEM_SEPT_ADD, LANE_GPA(w) | 1, s->tdr[RUNNER],
		       box_page(s->b), 0);
		box_add_page(s->b, s->tdr[RUNNER], REPORT_GPA(w), 0);
	}
}

/* One of the TDs that stay, with all its vCPUs and tables, still under construction. */
static void add_td(struct shared *s, unsigned td, uint64_t attributes, unsigned l2_vms)
{
	uint64_t vcpu;

	s->b->attributes = attributes;
	s->b->l2_vms = l2_vms;
	s->tdr[td] = box_td(s->b, BOX_HKID + 3 + td, &vcpu);
	add_vcpus(s, s->tdr[td], vcpu);
	add_tables(s, s->tdr[td]);
	s->b->attributes = s->b->l2_vms = 0;
}

static void finalize(struct shared *s, unsigned td)
{
	box_ok(s->b, 0, LEAF_TDH_MR_FINALIZE, s->tdr[td], 0, 0, 0);
}

static void write_params(struct shared *s, uint64_t pa)
{
	uint8_t params[1024] = { [8] = 3, [16] = 4, [24] = 0x1e, [40] = 40 };

	mem_host_write(&s->b->p->mem, MEM_NO_LP, pa, params, sizeof(params));
}

static void make_workers(struct shared *s, uint64_t seed)
{
	for (unsigned i = 0; i <= s->workers; i++) {
		struct worker *w = &s->w[i];

		w->s = s;
		w->number = i;
		w->lp = i < s->workers ? FIRST_LP + i : 0;
		w->random = (seed * (MAX_WORKERS + 1) + i + 1) * 0x9e3779b97f4a7c15ull;
		w->buffers = WORKER_BUFFERS + i * 0x100000ull;
		w->rip = (uint64_t)(i + 1) << 32;
		write_params(s, PARAMS(w));
	}
}

static void make_tds(struct shared *s)
{
	s->tdr[SRC] = s->mig.src.tdr;
	box_ok(s->b, 0, LEAF_TDH_VP_FLUSH, s->mig.src.vp, 0, 0, 0);
	while (s->vcpus < VCPUS_EACH)
		s->vcpu[s->vcpus++] = s->mig.src.vp;
	add_td(s, RUNNER, 0, 0);
	add_lanes(s);
	finalize(s, RUNNER);
	add_td(s, BUILDING, 0, 0);
	add_td(s, NESTED, TD_ATTR_DEBUG, L2_VMS);
	stress_nested_open(s);
	finalize(s, NESTED);
	add_td(s, MIGTD, 0, 0);
	finalize(s, MIGTD);
	for (unsigned i = 0; i < CHURN; i++)
		s->tdr[FIRST_CHURN + i] = box_page(s->b);
}

void stress_open(struct shared *s, unsigned workers, uint64_t seed)
{
	char config[64];

	memset(s, 0, sizeof(*s));
	s->workers = workers;
	snprintf(config, sizeof(config), "lps %u\npackages 2", FIRST_LP + workers);
	mig_open_on(&s->mig, config);
	s->b = s->mig.b;
	make_workers(s, seed);
	make_tds(s);
	stress_pair_open(s);
	for (unsigned i = 0; i < POOL; i++)
		s->page[i] = box_page(s->b);
	for (uint64_t i = 0; i < LARGE; i++)
		s->large[i] = LARGE_PAGES + (i << 21);
	s->history = audit_history_new();
	assert_non_null(s->history);
}

void stress_close(struct shared *s)
{
	audit_history_free(s->history);
	stress_pair_close(s);
	mig_close(&s->mig);
}

/* ---- when all are outside ---- */

static void complain(void *opaque, const struct audit_finding *f)
{
	(void)opaque;
	fprintf(stderr, "stress: %s: %s\n", f->rule, f->text);
}

/* Whether the migration TD gets at @td: a host leaf that found a lock taken keeps guests from it
 * until it has had it. */
static bool reachable(struct shared *s, const struct mig_td *td)
{
	return mig_tdcall(&s->mig, td, LEAF_TDG_SERVTD_RD, FIELD_MIG_ENC_KEY, 0) == TDX_SUCCESS;
}

/* The export is over: keys for another, so that the threads can begin it; in a later round if not
 * now. */
static void new_export(struct shared *s)
{
	struct td td;

	td_load(s->b->m, s->tdr[SRC], &td);
	if (td.tdcs->op_state == OP_STATE_RUNNABLE && !td.tdcs->mig_dec_key_set &&
	    reachable(s, &s->mig.src) && reachable(s, &s->mig.dst))
		mig_exchange_keys(&s->mig);
}

void stress_audit(struct shared *s)
{
	if (audit_step(s->history, s->b->m, 2, complain, NULL))
		abort();
}

void stress_look(struct shared *s)
{
	stress_audit(s);
	for (unsigned i = 0; i < STEADY; i++) {
		struct td td;

		td_load(s->b->m, s->tdr[i], &td);
		if (td.tdr->fatal || !td.tdcs)
			stress_wrong(&s->w[0], "the TD at %llx is lost",
				     (unsigned long long)s->tdr[i]);
	}
	new_export(s);
}
