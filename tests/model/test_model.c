// SPDX-License-Identifier: MIT
/*
 * Random sequences of calls on a machine and on the model: after each the outcome and all that can
 * be seen must agree, and the checker of the library must find nothing. A sequence that fails is
 * made as short as it can be and printed.
 *
 * Usage: test_model [--seeds FIRST COUNT] [--steps N] [--only model|checker] [--stats]
 * [--no-shrink]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define MAX_STEPS   4000u
#define CHECK_EVERY 24u
#define SHRINK_RUNS 3000u

static const char *const kind_name[OP_KINDS] = {
	[OP_CREATE] = "TDH.MNG.CREATE",
	[OP_KEY_CONFIG] = "TDH.MNG.KEY.CONFIG",
	[OP_ADDCX] = "TDH.MNG.ADDCX",
	[OP_INIT] = "TDH.MNG.INIT",
	[OP_VP_CREATE] = "TDH.VP.CREATE",
	[OP_VP_ADDCX] = "TDH.VP.ADDCX",
	[OP_VP_INIT] = "TDH.VP.INIT",
	[OP_SEPT_ADD] = "TDH.MEM.SEPT.ADD",
	[OP_PAGE_ADD] = "TDH.MEM.PAGE.ADD",
	[OP_EXTEND] = "TDH.MR.EXTEND",
	[OP_FINALIZE] = "TDH.MR.FINALIZE",
	[OP_AUG] = "TDH.MEM.PAGE.AUG",
	[OP_BLOCK] = "TDH.MEM.RANGE.BLOCK",
	[OP_UNBLOCK] = "TDH.MEM.RANGE.UNBLOCK",
	[OP_TRACK] = "TDH.MEM.TRACK",
	[OP_REMOVE] = "TDH.MEM.PAGE.REMOVE",
	[OP_RELOCATE] = "TDH.MEM.PAGE.RELOCATE",
	[OP_DEMOTE] = "TDH.MEM.PAGE.DEMOTE",
	[OP_PROMOTE] = "TDH.MEM.PAGE.PROMOTE",
	[OP_SEPT_REMOVE] = "TDH.MEM.SEPT.REMOVE",
	[OP_ENTER] = "TDH.VP.ENTER",
	[OP_EXIT] = "(interrupt)",
	[OP_ACCEPT] = "TDG.MEM.PAGE.ACCEPT",
	[OP_GUEST_WRITE] = "(guest writes)",
	[OP_FLUSH] = "TDH.VP.FLUSH",
	[OP_FLUSHDONE] = "TDH.MNG.VPFLUSHDONE",
	[OP_CACHE_WB] = "TDH.PHYMEM.CACHE.WB",
	[OP_FREEID] = "TDH.MNG.KEY.FREEID",
	[OP_RECLAIM] = "TDH.PHYMEM.PAGE.RECLAIM",
	[OP_HOST_CLEAR] = "(host clears)",
};

static const char *const outcome_name[] = { "skipped",	 "success",  "nothing to do",
					    "a refusal", "an entry", "a TD exit" };

struct sequence {
	struct op op[MAX_STEPS];
	unsigned n;
};

enum only { BOTH, MODEL, CHECKER };

/* How a run ended. */
struct verdict {
	bool failed, broken; /* broken: no machine to run it on */
	unsigned at;	     /* the call after which */
	char why[600];
};

/* ---- making sequences ---- */

static uint64_t random_state;

static unsigned rnd(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 11) % n;
}

/* Ends of TDs are rarer than all else; what a TD does in between is commoner. */
static enum op_kind random_kind(void)
{
	static const uint8_t common[] = { OP_AUG,     OP_ACCEPT, OP_ENTER,   OP_EXIT,
					  OP_BLOCK,   OP_TRACK,	 OP_REMOVE,  OP_PAGE_ADD,
					  OP_UNBLOCK, OP_DEMOTE, OP_PROMOTE, OP_GUEST_WRITE,
					  OP_SEPT_ADD };
	unsigned k = rnd(OP_KINDS + sizeof(common));

	if (k >= OP_KINDS)
		k = common[k - OP_KINDS];
	if ((k == OP_FLUSHDONE || k == OP_FINALIZE || k == OP_FLUSH) && rnd(8))
		k = OP_AUG;
	return (enum op_kind)k;
}

static struct op random_op(enum op_kind kind)
{
	unsigned level = rnd(8);

	/* high up an address is blocked seldom: all below it is out of reach then */
	if (level > 3 || (kind == OP_BLOCK && level > 1 && rnd(6)))
		level = rnd(2);
	return (struct op){ .kind = (uint8_t)kind,
			    .td = (uint8_t)rnd(TDS),
			    .page = (uint8_t)rnd(PAGES),
			    .gpa = (uint8_t)rnd(GPAS),
			    .level = (uint8_t)level,
			    .lp = (uint8_t)rnd(LPS),
			    .hkid = (uint8_t)rnd(HKIDS) };
}

static void follow(struct model *m, const struct op *op, enum outcome o)
{
	if (o == OK || o == ENTERED)
		model_apply(m, op);
	else if (o == LEFT)
		model_apply(m, &(struct op){ .kind = OP_EXIT, .td = op->td });
}

static void push(struct sequence *s, struct model *m, struct op op)
{
	if (s->n == MAX_STEPS)
		return;
	follow(m, &op, model_predict(m, &op));
	s->op[s->n++] = op;
}

static uint8_t free_page(const struct model *m)
{
	int td, page = 0;
	bool large;

	while (page + 1 < PAGES && model_page(m, page, &td, &large) != IS_FREE)
		page++;
	return (uint8_t)page;
}

/* A call for a TD on the processor and with the key id of its number, with the next free page. */
static void next(struct sequence *s, struct model *m, enum op_kind kind, uint8_t td, uint8_t lp,
		 uint8_t level)
{
	push(s, m,
	     (struct op){ .kind = (uint8_t)kind,
			  .td = td,
			  .page = free_page(m),
			  .level = level,
			  .lp = lp,
			  .hkid = td });
}

/* The way to a TD that runs, or to one that can be measured. */
static void build(struct sequence *s, struct model *m, uint8_t td, bool finalize)
{
	next(s, m, OP_CREATE, td, td, 0);
	for (uint8_t lp = 0; lp < PACKAGES; lp++)
		next(s, m, OP_KEY_CONFIG, td, lp, 0);
	for (unsigned i = 0; i < 6; i++)
		next(s, m, OP_ADDCX, td, td, 0);
	next(s, m, OP_INIT, td, td, 0);
	next(s, m, OP_VP_CREATE, td, td, 0);
	for (unsigned i = 0; i < 5; i++)
		next(s, m, OP_VP_ADDCX, td, td, 0);
	next(s, m, OP_VP_INIT, td, td, 0);
	for (uint8_t level = 3; level; level--)
		next(s, m, OP_SEPT_ADD, td, td, level);
	if (finalize)
		next(s, m, OP_FINALIZE, td, td, 0);
}

/* Mostly what succeeds, now and then what must not. False: nothing of this kind does. */
static bool choose(const struct model *m, struct op *op)
{
	enum op_kind kind = random_kind();
	bool succeed = rnd(5);

	for (unsigned tries = 0; tries < 60; tries++) {
		enum outcome o;

		*op = random_op(kind);
		o = model_predict(m, op);
		if (o == OK || o == ENTERED || (o != SKIPPED && !succeed))
			return true;
	}
	return false;
}

static void make(struct sequence *s, uint64_t seed, unsigned steps)
{
	struct model m;

	s->n = 0;
	random_state = (seed + 1) * 0x9e3779b97f4a7c15ull;
	model_init(&m);
	if (rnd(4))
		build(s, &m, 0, rnd(3));
	if (rnd(2))
		build(s, &m, 1, rnd(2));
	for (unsigned tries = 0; s->n < steps && tries < 100 * steps; tries++) {
		struct op op;

		if (choose(&m, &op))
			push(s, &m, op);
	}
}

/* ---- running them ---- */

static unsigned seen[OP_KINDS][sizeof(outcome_name) / sizeof(outcome_name[0])];

static bool agrees(struct world *w, const struct model *m, const struct op *op,
		   enum outcome predicted)
{
	enum outcome got = world_do(w, m, op);
	char reason[400] = "";

	if (got == predicted)
		return true;
	seamless_reason(reason, sizeof(reason));
	snprintf(w->why, sizeof(w->why), "it must end with %s and ends with %s (%s)",
		 outcome_name[predicted], outcome_name[got], reason);
	return false;
}

/* One call on both sides. False: w->why. */
static bool step(struct world *w, struct model *m, const struct op *op, enum only only)
{
	enum outcome o = model_predict(m, op);

	if (o == SKIPPED)
		return true;
	seen[op->kind][o]++;
	if (!agrees(w, m, op, o)) /* from here on the model knows nothing; the checker may */
		return only == CHECKER && world_check(w);
	if ((o == OK || o == ENTERED) && !world_note(w, m, op))
		return false;
	follow(m, op, o);
	return only == CHECKER || world_compare(w, m);
}

static struct verdict run(const struct sequence *s, enum only only)
{
	static struct world w;
	struct verdict v = { 0 };
	struct model m;

	v.broken = !world_open(&w);
	model_init(&m);
	for (unsigned i = 0; i < s->n && !v.broken && !v.failed; i++) {
		v.at = i;
		v.failed = !step(&w, &m, &s->op[i], only);
		if (!v.failed && only != MODEL &&
		    (only == CHECKER || i % CHECK_EVERY == 0 || i + 1 == s->n))
			v.failed = !world_check(&w);
	}
	memcpy(v.why, w.why, sizeof(v.why));
	world_close(&w);
	return v;
}

/* ---- making them short ---- */

/* Without calls @from to @from + @n. */
static void cut(const struct sequence *s, unsigned from, unsigned n, struct sequence *out)
{
	out->n = s->n - n;
	memcpy(out->op, s->op, from * sizeof(s->op[0]));
	memcpy(out->op + from, s->op + from + n, (s->n - from - n) * sizeof(s->op[0]));
}

static void shrink(struct sequence *s, struct verdict *v, enum only only)
{
	static struct sequence shorter;
	unsigned runs = 0;

	s->n = v->at + 1;
	for (unsigned n = s->n / 2; n; n = n > 1 ? n / 2 : 0) {
		for (unsigned from = 0; from + n <= s->n && runs < SHRINK_RUNS;) {
			struct verdict again;

			cut(s, from, n, &shorter);
			again = run(&shorter, only);
			runs++;
			if (!again.failed) {
				from += n;
				continue;
			}
			*v = again;
			*s = shorter;
			s->n = v->at + 1;
		}
	}
}

static void print(const struct sequence *s, const struct verdict *v, uint64_t seed)
{
	struct model m;

	model_init(&m);
	printf("seed %llu fails; %u calls are enough:\n", (unsigned long long)seed, s->n);
	for (unsigned i = 0; i < s->n; i++) {
		const struct op *op = &s->op[i];
		enum outcome o = model_predict(&m, op);

		follow(&m, op, o);
		if (o != SKIPPED)
			printf("  %-24s TD %u, page %u, address %u, level %u, processor %u, key "
			       "%u: %s\n",
			       kind_name[op->kind], op->td, op->page, op->gpa, op->level, op->lp,
			       op->hkid, outcome_name[o]);
	}
	printf("after the last: %s\n", v->why);
}

static bool try_seed(uint64_t seed, unsigned steps, enum only only, bool shorten)
{
	static struct sequence s;
	struct verdict v;

	make(&s, seed, steps);
	v = run(&s, only);
	if (v.broken)
		printf("seed %llu: %s\n", (unsigned long long)seed, v.why);
	if (!v.failed)
		return !v.broken;
	if (shorten)
		shrink(&s, &v, only);
	s.n = v.at + 1;
	print(&s, &v, seed);
	return false;
}

/* Each call in each way it can end, or the sequences are none. */
static bool tell_seen(bool print_all)
{
	bool all = true;

	for (unsigned k = 0; k < OP_KINDS; k++) {
		if (print_all)
			printf("%-24s", kind_name[k]);
		for (unsigned o = OK; print_all && o <= LEFT; o++)
			printf(" %6u %s%s", seen[k][o], outcome_name[o], o == LEFT ? "\n" : ",");
		if (!seen[k][k == OP_ENTER ? ENTERED : OK] ||
		    (!seen[k][REFUSED] && k != OP_EXIT && k != OP_HOST_CLEAR && k != OP_CACHE_WB)) {
			printf("%s: was never made to succeed, or never to be refused\n",
			       kind_name[k]);
			all = false;
		}
	}
	return all;
}

struct options {
	uint64_t first, count;
	unsigned steps;
	enum only only;
	bool stats, no_shrink;
};

/* False: no such option, or a number out of range. */
static bool parse(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--seeds") && i + 2 < argc) {
			o->first = strtoull(argv[++i], NULL, 0);
			o->count = strtoull(argv[++i], NULL, 0);
		} else if (!strcmp(argv[i], "--steps") && i + 1 < argc) {
			o->steps = (unsigned)strtoul(argv[++i], NULL, 0);
		} else if (!strcmp(argv[i], "--only") && i + 1 < argc) {
			o->only = !strcmp(argv[++i], "model") ? MODEL : CHECKER;
		} else if (!strcmp(argv[i], "--stats")) {
			o->stats = true;
		} else if (!strcmp(argv[i], "--no-shrink")) {
			o->no_shrink = true;
		} else {
			return false;
		}
	}
	return o->steps && o->steps <= MAX_STEPS;
}

int main(int argc, char **argv)
{
	struct options o = { .first = 1, .count = 40, .steps = 400 };

	if (!parse(&o, argc, argv)) {
		fprintf(stderr, "usage: test_model [--seeds FIRST COUNT] [--steps N] [--only "
				"model|checker] "
				"[--stats] [--no-shrink]\n");
		return 2;
	}
	for (uint64_t seed = o.first; seed < o.first + o.count; seed++) {
		if (!try_seed(seed, o.steps, o.only, !o.no_shrink))
			return 1;
	}
	if (!tell_seen(o.stats))
		return 1;
	printf("%llu sequences of %u calls: as the model says\n", (unsigned long long)o.count,
	       o.steps);
	return 0;
}
