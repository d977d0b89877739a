// SPDX-License-Identifier: MIT
/*
 * Sixteen logical processors on shared TDs, pages, vCPUs and keys. Every so often all stop and the
 * whole state is checked; a thread of its own sees to it that they get on.
 *
 * Usage: test_stress [--seconds N] [--threads N] [--seed N] [--stats]
 */
#include "stress.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "explain/explain.h"

#define ROUND_MS      100
#define STUCK_SECONDS 120
#define GRACE_SECONDS                                                                              \
	180 /* more where it was no stress yet: on a slow machine, with another seed */

static struct shared shared;

static void *work(void *arg)
{
	struct worker *w = arg;
	void (*step)(struct worker *) = w->number < w->s->workers ? stress_step : stress_drive;

	while (!atomic_load(&w->s->stop)) {
		while (!atomic_load_explicit(&w->s->pause, memory_order_relaxed))
			step(w);
		pthread_barrier_wait(&w->s->barrier);
		pthread_barrier_wait(&w->s->barrier);
	}
	stress_leave(w);
	pthread_barrier_wait(&w->s->barrier);
	stress_shut_down(w);
	return NULL;
}

/* ---- whether they get on ---- */

static uint64_t all_steps(struct shared *s)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i <= s->workers; i++)
		sum += atomic_load(&s->w[i].steps);
	return sum;
}

static void *watch(void *arg)
{
	struct shared *s = arg;
	uint64_t last = 0;
	unsigned still = 0;

	while (!atomic_load(&s->stop)) {
		uint64_t now = all_steps(s);

		still = now == last ? still + 1 : 0;
		last = now;
		if (still == STUCK_SECONDS) {
			fprintf(stderr, "stress: nothing moves any more\n");
			for (unsigned i = 0; i <= s->workers; i++)
				fprintf(stderr,
					"  logical processor %u after %llu steps, its last leaf is "
					"%llx\n",
					s->w[i].lp, (unsigned long long)s->w[i].steps,
					(unsigned long long)s->w[i].last_leaf);
			abort();
		}
		sleep(1);
	}
	return NULL;
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- what came of it so far ---- */

static uint64_t sum(const struct shared *s, const uint64_t *first)
{
	uint64_t total = 0;

	for (unsigned i = 0; i <= s->workers; i++)
		total += *(const uint64_t *)((const char *)first + i * sizeof(struct worker));
	return total;
}

static const struct tally *tally_of(const struct worker *w, const struct leaf_desc *leaf)
{
	return (leaf->cls == LEAF_HOST ? w->host : w->guest) + leaf->number;
}

static void print_leaves(const struct shared *s)
{
	for (size_t i = 0; i < leaf_table_len; i++) {
		const struct tally *t = tally_of(&s->w[0], &leaf_table[i]);

		printf("%-32s %8llu done %8llu busy %8llu refused\n", leaf_table[i].name,
		       (unsigned long long)sum(s, &t->done), (unsigned long long)sum(s, &t->busy),
		       (unsigned long long)sum(s, &t->refused));
	}
}

/* These can't: the module is up already, a number without a leaf. */
static bool can_succeed(const struct leaf_desc *leaf)
{
	static const uint16_t never[] = { LEAF_TDH_SYS_INIT,	  LEAF_TDH_SYS_LP_INIT,
					  LEAF_TDH_SYS_CONFIG,	  LEAF_TDH_SYS_KEY_CONFIG,
					  LEAF_TDH_SYS_TDMR_INIT, LEAF_TDH_SYS_UPDATE,
					  LEAF_TDH_MEM_SEPT_WR };

	for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]) && leaf->cls == LEAF_HOST; i++)
		if (leaf->number == never[i])
			return false;
	return leaf->since == ABI_1_5_01;
}

/* Whether @leaf was called, and succeeded if it can. */
static bool is_exercised(const struct shared *s, const struct leaf_desc *leaf)
{
	const struct tally *t = tally_of(&s->w[0], leaf);

	return sum(s, can_succeed(leaf) ? &t->done : &t->refused);
}

/* The end of it, which was not yet. */
static bool is_left(const struct shared *s, const struct leaf_desc *leaf)
{
	return !atomic_load(&s->stop) && leaf->cls == LEAF_HOST &&
	       leaf->number == LEAF_TDH_SYS_SHUTDOWN;
}

/* Without this it was no stress: every leaf, migrations that arrive and that don't, VMs, locks that
 * were taken. */
static bool was_stress(const struct shared *s, bool say)
{
	bool all = sum(s, &s->w[0].entered) && sum(s, &s->w[0].entered_l2) &&
		   sum(s, &s->w[0].interrupted) &&
		   sum(s, &s->w[0].host[LEAF_TDH_MEM_PAGE_AUG].busy) && stress_pair_done(s);

	for (size_t i = 0; i < leaf_table_len; i++) {
		if (is_exercised(s, &leaf_table[i]) || is_left(s, &leaf_table[i]))
			continue;
		if (say)
			printf("%s never %s\n", leaf_table[i].name,
			       can_succeed(&leaf_table[i]) ? "succeeded" : "was called");
		all = false;
	}
	return all;
}

/* ---- the course of it ---- */

static unsigned run_rounds(struct shared *s, unsigned seconds)
{
	double end = seconds_now() + seconds;
	unsigned rounds = 0;

	do {
		usleep(ROUND_MS * 1000);
		atomic_store(&s->pause, true);
		pthread_barrier_wait(&s->barrier);
		stress_look(s);
		atomic_store(&s->pause, false);
		atomic_store(&s->stop,
			     seconds_now() > (was_stress(s, false) ? end : end + GRACE_SECONDS));
		pthread_barrier_wait(&s->barrier);
		rounds++;
	} while (!atomic_load(&s->stop));
	pthread_barrier_wait(&s->barrier);
	return rounds;
}

static bool report(const struct shared *s, unsigned rounds, bool stats)
{
	bool stress = was_stress(s, true);

	if (stats)
		print_leaves(s);
	stress_pair_report(s);
	printf("%u processors, %llu steps, %u looks at the whole state; %llu entries, %llu of VMs "
	       "and "
	       "%llu exits of those, %llu pages accepted, %llu kicks, %llu leaves interrupted\n",
	       s->workers, (unsigned long long)all_steps((struct shared *)s), rounds,
	       (unsigned long long)sum(s, &s->w[0].entered),
	       (unsigned long long)sum(s, &s->w[0].entered_l2),
	       (unsigned long long)sum(s, &s->w[0].exits_l2),
	       (unsigned long long)sum(s, &s->w[0].guest[LEAF_TDG_MEM_PAGE_ACCEPT].done),
	       (unsigned long long)sum(s, &s->w[0].kicked),
	       (unsigned long long)sum(s, &s->w[0].interrupted));
	return stress;
}

static unsigned run(unsigned threads, unsigned seconds, uint64_t seed)
{
	pthread_t watchdog;
	unsigned rounds;

	stress_open(&shared, threads, seed);
	pthread_barrier_init(&shared.barrier, NULL, threads + 2);
	for (unsigned i = 0; i <= threads; i++)
		assert_int_equal(pthread_create(&shared.w[i].thread, NULL, work, &shared.w[i]), 0);
	assert_int_equal(pthread_create(&watchdog, NULL, watch, &shared), 0);
	rounds = run_rounds(&shared, seconds);
	for (unsigned i = 0; i <= threads; i++)
		pthread_join(shared.w[i].thread, NULL);
	pthread_join(watchdog, NULL);
	stress_audit(&shared);
	return rounds + 1;
}

int main(int argc, char **argv)
{
	unsigned seconds = 4, threads = 16;
	uint64_t seed = 1;
	bool stats = false, ok;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--stats"))
			stats = true;
		else if (!strcmp(argv[i], "--seconds") && i + 1 < argc)
			seconds = (unsigned)strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--threads") && i + 1 < argc)
			threads = (unsigned)strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
		else
			threads = 0;
	}
	if (!threads || threads > MAX_WORKERS) {
		fprintf(stderr,
			"usage: test_stress [--seconds N] [--threads 1..%u] [--seed N] [--stats]\n",
			MAX_WORKERS);
		return 2;
	}
	ok = report(&shared, run(threads, seconds, seed), stats);
	stress_close(&shared);
	return !ok;
}
