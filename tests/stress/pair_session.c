// SPDX-License-Identifier: MIT
/*
 * A migration: keys, bundles, epochs, and both ways in which it ends.
 */
#include "pair.h"

#include <sched.h>

#include "module/gpa_list.h"

#define MIG_ENC_KEY	FIELD_MIG_ENC_KEY
#define MIG_DEC_KEY	0x9810000300000010ull
#define MIG_VERSION	0x9810000100000020ull
#define KEY_WORDS	4
#define KEY_SELDOM	2000 /* the migration TD looks at a key out of turn */
#define FORWARD_STREAMS (STREAMS - 1)
#define CARRIES		20
#define IMPORT_TRIES	1000

/* ---- the migration TD ---- */

static void service_operands(const struct side *t, uint64_t field, uint64_t value, uint64_t in[8])
{
	in[0] = atomic_load(&t->handle);
	in[1] = field;
	in[2] = value;
	in[3] = UINT64_MAX;
	for (unsigned k = 0; k < 4; k++)
		in[4 + k] = atomic_load(&t->uuid[k]);
}

/* The driver's guest; what makes it leave may be over the next time. */
static uint64_t service(struct worker *w, struct side *t, uint64_t leaf, uint64_t field)
{
	struct pair *p = w->s->pair;
	uint64_t in[8], st;

	if (!stress_enter(w, p->migtd_vp))
		return TDX_OPERAND_BUSY;
	service_operands(t, field, p->value, in);
	st = stress_tdcall(w, leaf, in);
	for (unsigned k = 0; k < 4 && st == TDX_TARGET_UUID_UPDATED; k++)
		atomic_store(&t->uuid[k], w->regs.gpr[GPR_R10 + k]);
	if (w->inside && !st && leaf == LEAF_TDG_SERVTD_RD)
		p->value = w->regs.gpr[GPR_R8];
	if (!w->inside || st == TDX_TARGET_UUID_UPDATED || st == leaf)
		st = TDX_OPERAND_BUSY;
	stress_leave(w);
	return st;
}

/* Word by word of each key, read here and written there. */
static uint64_t keys(struct worker *w, struct side *t, unsigned i)
{
	struct pair *p = w->s->pair;
	struct side *other = &p->side[t == p->side];

	if (i & 1)
		return service(w, other, LEAF_TDG_SERVTD_WR, MIG_DEC_KEY + i / 2);
	return service(w, t, LEAF_TDG_SERVTD_RD, MIG_ENC_KEY + i / 2);
}

static uint64_t version(struct worker *w, struct side *t, unsigned i)
{
	(void)i;
	w->s->pair->value = 0;
	return service(w, t, LEAF_TDG_SERVTD_WR, MIG_VERSION);
}

/* What any vCPU of the migration TD does to either, whatever state it is in. Each look at the key
 * makes a new one. */
void stress_service(struct worker *w)
{
	static const uint64_t field[] = { MIG_VERSION, 0x1110000300000000, 0x9410000300000000,
					  MIG_ENC_KEY };
	struct side *t = side_of(w->s->pair, stress_rnd(w, SIDES));
	uint64_t in[8];

	service_operands(t, field[stress_rnd(w, KEY_SELDOM) ? stress_rnd(w, 3) : 3], 0, in);
	stress_tdcall(w, stress_rnd(w, 2) ? LEAF_TDG_SERVTD_RD : LEAF_TDG_SERVTD_WR, in);
}

/* ---- bundles ---- */

static uint64_t export_state(struct worker *w, uint64_t leaf, uint64_t object)
{
	uint64_t in[8] = { object, 0, MBMD_OPERAND(w), LIST(w) | 15ull << 55 }, st;

	stress_lists(w, 0);
	st = stress_finish(w, leaf, in, false);
	w->s->pair->state_pages = w->regs.gpr[GPR_RDX];
	return st;
}

static uint64_t import_state(struct worker *w, uint64_t leaf, uint64_t object)
{
	uint64_t in[8] = { object, 0, MBMD_OPERAND(w),
			   LIST(w) | (w->s->pair->state_pages - 1) << 55 };

	return stress_finish(w, leaf, in, false);
}

ONE_CALL(export_immutable, export_state(w, LEAF_TDH_EXPORT_STATE_IMMUTABLE, t->tdr))
ONE_CALL(import_immutable, import_state(w, LEAF_TDH_IMPORT_STATE_IMMUTABLE, t->tdr))
ONE_CALL(export_td, export_state(w, LEAF_TDH_EXPORT_STATE_TD, t->tdr))
ONE_CALL(import_td, import_state(w, LEAF_TDH_IMPORT_STATE_TD, t->tdr))
ONE_CALL(export_vp, export_state(w, LEAF_TDH_EXPORT_STATE_VP, t->page[AT_TDVPR]))
ONE_CALL(import_vp, import_state(w, LEAF_TDH_IMPORT_STATE_VP, t->page[AT_TDVPR]))

#define GPA_LIST(w) (GPAS(w) | (uint64_t)(SHARED_GPAS - 1) << 55)

static uint64_t export_pages(struct worker *w, struct side *t, uint64_t on)
{
	uint64_t in[8] = { GPA_LIST(w), t->tdr, MBMD_OPERAND(w), LIST(w), on, MACS(w), UINT64_MAX };

	stress_lists(w, GPA_LIST_OP_MIGRATE);
	return stress_finish(w, LEAF_TDH_EXPORT_MEM, in, true);
}

static uint64_t import_pages(struct worker *w, struct side *t, uint64_t on)
{
	uint64_t in[8] = { GPA_LIST(w), t->tdr,	 MBMD_OPERAND(w), LIST(w),
			   on,		MACS(w), UINT64_MAX,	  PAGES(w) };

	for (unsigned i = 0; i < SHARED_GPAS; i++)
		stress_poke(w, PAGES(w) + 8 * i, t->page[AT_MEMORY + i]);
	return stress_finish(w, LEAF_TDH_IMPORT_MEM, in, true);
}

ONE_CALL(export_all, export_pages(w, t, 0))
ONE_CALL(import_all, import_pages(w, t, 0))

static void block_for_writing(struct worker *w, struct side *t)
{
	uint64_t in[8] = { GPA_LIST(w), t->tdr };

	stress_lists(w, 1);
	stress_finish(w, LEAF_TDH_EXPORT_BLOCKW, in, true);
	CALL(w, LEAF_TDH_MEM_TRACK, t->tdr);
}

/* A bundle that left arrives: before it the next of its stream can't. */
static void carry(struct worker *w, struct side *from, struct side *to)
{
	uint64_t on = 1 + w->number % (FORWARD_STREAMS - 1), st;

	block_for_writing(w, from);
	if (TDX_STATUS_CODE(
		    export_pages(w, from, on))) /* the rest: how many entries were not exported */
		return;
	for (unsigned i = 0; i < IMPORT_TRIES; i++) {
		st = import_pages(w, to, on);
		if (!stress_not_now(st) && TDX_STATUS_CODE(st) != TDX_INVALID_MBMD)
			return;
		sched_yield();
	}
}

void stress_carry(struct worker *w)
{
	struct pair *p = w->s->pair;
	uint64_t vcpu = atomic_load(&p->flush);

	if (vcpu)
		CALL(w, LEAF_TDH_VP_FLUSH, vcpu);
	if (!atomic_load(&p->live) || pthread_rwlock_tryrdlock(&p->order))
		return;
	if (atomic_load(&p->live))
		carry(w, side_of(p, SOURCE), side_of(p, TARGET));
	pthread_rwlock_unlock(&p->order);
}

/* ---- the course of a session ---- */

static uint64_t open_way(struct worker *w, struct side *t, unsigned i)
{
	struct pair *p = w->s->pair;

	(void)t;
	(void)i;
	if (p->closed)
		pthread_rwlock_unlock(&p->order);
	p->closed = false;
	atomic_store(&p->live, true);
	return TDX_SUCCESS;
}

static uint64_t close_way(struct worker *w, struct side *t, unsigned i)
{
	struct pair *p = w->s->pair;

	(void)t;
	(void)i;
	atomic_store(&p->live, false);
	p->closed = p->closed || !pthread_rwlock_trywrlock(&p->order);
	return p->closed ? TDX_SUCCESS : TDX_OPERAND_BUSY;
}

static uint64_t carry_one(struct worker *w, struct side *t, unsigned i)
{
	(void)t;
	(void)i;
	stress_carry(w);
	return TDX_SUCCESS;
}

ONE_CALL(export_track, CALL(w, LEAF_TDH_EXPORT_TRACK, t->tdr, 0, MBMD_OPERAND(w)))
ONE_CALL(export_start, CALL(w, LEAF_TDH_EXPORT_TRACK, t->tdr, 0, MBMD_OPERAND(w), 0, RESUME))
ONE_CALL(import_track, CALL(w, LEAF_TDH_IMPORT_TRACK, t->tdr, 0, MBMD_OPERAND(w)))
ONE_CALL(pause_it, CALL(w, LEAF_TDH_EXPORT_PAUSE, t->tdr))
ONE_CALL(commit, CALL(w, LEAF_TDH_IMPORT_COMMIT, t->tdr))
ONE_CALL(end, CALL(w, LEAF_TDH_IMPORT_END, t->tdr))
ONE_CALL(import_abort, CALL(w, LEAF_TDH_IMPORT_ABORT, t->tdr, 0, MBMD_OPERAND(w)))
ONE_CALL(export_abort, CALL(w, LEAF_TDH_EXPORT_ABORT, t->tdr, 0, MBMD_OPERAND(w)))

static uint64_t restore(struct worker *w, struct side *t, unsigned i)
{
	uint64_t in[8] = { GPA_LIST(w), t->tdr };

	(void)i;
	stress_lists(w, 1);
	return stress_finish(w, LEAF_TDH_EXPORT_RESTORE, in, true);
}

const struct step pair_migrate[] = {
	{ keys, SOURCE, 2 * KEY_WORDS, MUST },
	{ version, TARGET, 1, MUST },
	{ keys, TARGET, 2 * KEY_WORDS, MUST },
	{ version, SOURCE, 1, MUST },
	{ export_immutable, SOURCE, 1, MUST },
	{ import_immutable, TARGET, 1, MUST },
	{ pair_table, TARGET, LEVELS, MAY },
	{ open_way, SOURCE, 1, MUST },
	{ carry_one, SOURCE, CARRIES, MUST },
	{ close_way, SOURCE, 1, MUST },
	{ export_track, SOURCE, 1, MUST },
	{ import_track, TARGET, 1, MUST },
	{ open_way, SOURCE, 1, MUST },
	{ carry_one, SOURCE, CARRIES, MUST },
	{ close_way, SOURCE, 1, MUST },
	{ pause_it, SOURCE, 1, MUST },
	{ export_track, SOURCE, 1, MUST },
	{ import_track, TARGET, 1, MUST },
	{ export_all, SOURCE, 1, MUST },
	{ import_all, TARGET, 1, MUST },
	{ export_all, SOURCE, 1, MUST }, /* what was busy */
	{ import_all, TARGET, 1, MUST },
	{ export_td, SOURCE, 1, MUST },
	{ import_td, TARGET, 1, MUST },
	{ pair_vp_create, TARGET, 1, MAY },
	{ pair_vp_addcx, TARGET, TDVPS_PAGES, MAY },
	{ export_vp, SOURCE, 1, MUST },
	{ import_vp, TARGET, 1, MUST },
	{ export_start, SOURCE, 1, MUST },
	{ import_track, TARGET, 1, MUST },
	{ 0 },
};

const struct step pair_arrive[] = { { commit, TARGET, 1, MAY }, { end, TARGET, 1, MUST }, { 0 } };

const struct step pair_call_off[] = { { import_abort, TARGET, 1, MUST },
				      { export_abort, SOURCE, 1, MUST },
				      { restore, SOURCE, 2, MAY },
				      { 0 } };
