/* SPDX-License-Identifier: MIT */
/*
 * Two TDs of which each becomes the other: one is built, exported and imported into the second,
 * torn down, made anew as the next destination. One thread, the driver, makes the calls that must
 * come in order; the others carry pages over meanwhile, each on a stream, read and write what the
 * migration TD may, and call whatever else there is.
 */
#ifndef TESTS_STRESS_PAIR_H
#define TESTS_STRESS_PAIR_H

#include "stress.h"

#define PACKAGES    2
#define TDCX_PAGES  6
#define TDVPS_PAGES 5
#define STREAMS	    9
#define LEVELS	    3

/* Each page of a TD is for one thing. */
enum {
	AT_TDCX,
	AT_STREAM = AT_TDCX + TDCX_PAGES,
	AT_TDVPR = AT_STREAM + STREAMS,
	AT_TDVPS,
	AT_TABLE = AT_TDVPS + TDVPS_PAGES,
	AT_MEMORY = AT_TABLE + LEVELS,
	PAGES_EACH = AT_MEMORY + SHARED_GPAS
};

struct side {
	uint64_t tdr, hkid, page[PAGES_EACH];
	_Atomic uint64_t handle, uuid[4]; /* for the migration TD */
};

/* Who is it about, and how seriously is a refusal taken? */
enum { SOURCE, TARGET };
enum { MUST, MAY, IN_THE_END };

struct step {
	uint64_t (*call)(struct worker *w, struct side *t, unsigned i);
	uint8_t who, times, how;
};

struct pair {
	struct side side[SIDES];
	uint64_t migtd_vp;
	uint8_t migtd_hash[48]; /* as a binding with SERVTD_ATTRIBUTES has it: it stays */
	atomic_uint source;	/* index of the side */
	const struct step *script;
	unsigned at, times, tries;
	uint64_t value;		/* read by the migration TD */
	uint64_t state_pages;	/* of the last bundle of state */
	pthread_rwlock_t order; /* held exclusively where no bundle may be under way */
	atomic_bool live;	/* pages may be carried */
	bool closed;
	_Atomic uint64_t flush; /* a vCPU that has to leave its processor, whichever that is */
	unsigned arrived, aborted, broken;
};

static inline struct side *side_of(struct pair *p, unsigned who)
{
	return &p->side[atomic_load(&p->source) ^ who];
}

/* A step that is one expression of w, t and i. */
#define PAIR_STEP(name, call)                                                                      \
	uint64_t name(struct worker *w, struct side *t, unsigned i)                                \
	{                                                                                          \
		(void)i;                                                                           \
		return call;                                                                       \
	}
#define ONE_CALL(name, call) static PAIR_STEP(name, call)

/* Steps of making a destination, also after its migration has begun. */
uint64_t pair_table(struct worker *w, struct side *t, unsigned i);
uint64_t pair_vp_create(struct worker *w, struct side *t, unsigned i);
uint64_t pair_vp_addcx(struct worker *w, struct side *t, unsigned i);

/* Scripts end with a step without a call. pair_life.c: how a TD comes and goes. */
extern const struct step pair_build[], pair_make_target[];
extern const struct step pair_leave_source[], pair_leave_target[], pair_leave_both[];
/* pair_session.c: a migration up to the start token, and its two ends. */
extern const struct step pair_migrate[], pair_arrive[], pair_call_off[];

#endif
