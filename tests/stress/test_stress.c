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

static struct shared shared;

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&w->s->stop)) {
		while (!atomic_load_explicit(&w->s->pause, memory_order_relaxed))
			stress_step(w);
		pthread_barrier_wait(&w->s->barrier);
		pthread_barrier_wait(&w->s->barrier);
	}
	stress_leave(w);
	return NULL;
}

/* ---- whether they get on ---- */

static uint64_t all_steps(struct shared *s)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < s->workers; i++)
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
			for (unsigned i = 0; i < s->workers; i++)
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
		atomic_store(&s->stop, seconds_now() > end);
		pthread_barrier_wait(&s->barrier);
		rounds++;
	} while (!atomic_load(&s->stop));
	return rounds;
}

/* ---- what came of it ---- */

static uint64_t sum(const struct shared *s, const uint64_t *first)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < s->workers; i++)
		total += *(const uint64_t *)((const char *)first + i * sizeof(struct worker));
	return total;
}

static void print_leaves(const struct shared *s)
{
	for (unsigned leaf = 0; leaf < LEAVES; leaf++) {
		uint64_t d = sum(s, &s->w[0].done[leaf]), b = sum(s, &s->w[0].busy[leaf]),
			 r = sum(s, &s->w[0].refused[leaf]);

		if (d + b + r)
			printf("%-32s %8llu done %8llu busy %8llu refused\n",
			       explain_leaf_name(EXPLAIN_HOST, leaf), (unsigned long long)d,
			       (unsigned long long)b, (unsigned long long)r);
	}
}

/* Without these it was no stress. */
static bool was_stress(const struct shared *s)
{
	static const uint8_t must[] = { LEAF_TDH_MEM_PAGE_AUG,
					LEAF_TDH_MEM_RANGE_BLOCK,
					LEAF_TDH_MEM_TRACK,
					LEAF_TDH_MEM_PAGE_REMOVE,
					LEAF_TDH_MNG_CREATE,
					LEAF_TDH_PHYMEM_PAGE_RECLAIM,
					LEAF_TDH_EXPORT_STATE_IMMUTABLE,
					LEAF_TDH_EXPORT_BLOCKW,
					LEAF_TDH_EXPORT_MEM };
	bool all = sum(s, &s->w[0].entered) && sum(s, &s->w[0].accepted) &&
		   sum(s, &s->w[0].interrupted) && sum(s, &s->w[0].busy[LEAF_TDH_MEM_PAGE_AUG]);

	for (unsigned i = 0; i < sizeof(must); i++) {
		if (sum(s, &s->w[0].done[must[i]]))
			continue;
		printf("%s never succeeded\n", explain_leaf_name(EXPLAIN_HOST, must[i]));
		all = false;
	}
	return all;
}

static bool report(const struct shared *s, unsigned rounds, bool stats)
{
	if (stats)
		print_leaves(s);
	printf("%u processors, %llu steps, %u looks at the whole state; %llu entries, %llu pages "
	       "accepted, %llu kicks, "
	       "%llu leaves interrupted\n",
	       s->workers, (unsigned long long)all_steps((struct shared *)s), rounds,
	       (unsigned long long)sum(s, &s->w[0].entered),
	       (unsigned long long)sum(s, &s->w[0].accepted),
	       (unsigned long long)sum(s, &s->w[0].kicked),
	       (unsigned long long)sum(s, &s->w[0].interrupted));
	return was_stress(s);
}

static unsigned run(unsigned threads, unsigned seconds, uint64_t seed)
{
	pthread_t watchdog;
	unsigned rounds;

	stress_open(&shared, threads, seed);
	pthread_barrier_init(&shared.barrier, NULL, threads + 1);
	for (unsigned i = 0; i < threads; i++)
		assert_int_equal(pthread_create(&shared.w[i].thread, NULL, work, &shared.w[i]), 0);
	assert_int_equal(pthread_create(&watchdog, NULL, watch, &shared), 0);
	rounds = run_rounds(&shared, seconds);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(shared.w[i].thread, NULL);
	pthread_join(watchdog, NULL);
	stress_look(&shared);
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
