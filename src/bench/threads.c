// SPDX-License-Identifier: MIT
/*
 * Two threads, each a logical processor with a TD of its own, against one thread: memory added to
 * the TDs, read back through the module and taken away. The TDs share the module's tables and
 * nothing else. The same on two modules, where the threads share nothing at all, says what the
 * processors give: those of a virtual machine often are halves of one core, or another's for a
 * while. The times are the best of many short slices, taken in turns.
 */
#include <pthread.h>
#include <sched.h>

#include "bench/bench.h"
#include "bench/internal.h"
#include "tdx/tdx.h"

#define PAGES  2048u
#define ROUNDS 4u /* some 5 ms */
#define SLICES (10u * BENCH_ROUNDS)

struct worker {
	struct vmm_host *host;
	unsigned lp;
	struct vmm_td td;
	int result;
	struct vmm_error err;
	pthread_t thread;
};

struct measurement {
	struct worker workers[2];
	struct bench_threads *out;
};

static void nobody_runs(void *opaque)
{
	(void)opaque;
}

static int look_at(struct vmm_td *td, uint64_t gpa, struct vmm_error *err)
{
	struct tdh_mem_sept_rd_out out;
	tdx_status_t status =
		tdh_mem_sept_rd(tdx_gpa(gpa), TDX_LEVEL_4K, tdx_tdr(td->tdr), 0, &out);

	return tdx_status_ok(status) ? 0 : vmm_fail_call(err, "TDH.MEM.SEPT.RD", status);
}

static int one_round(struct vmm_td *td, struct vmm_error *err)
{
	for (uint64_t gpa = 0; gpa < PAGES * VMM_4K; gpa += VMM_4K) {
		if (td_aug(td, gpa, VMM_LEVEL_4K, err) != TD_AUG_DONE || look_at(td, gpa, err))
			return -1;
	}
	return td_remove_range(td, 0, PAGES * VMM_4K, nobody_runs, NULL, err);
}

static int use_td(struct worker *w)
{
	int result = host_enter_lp(w->host, w->lp, &w->err);

	for (unsigned i = 0; !result && i < ROUNDS; i++)
		result = one_round(&w->td, &w->err);
	host_leave_lp(w->host);
	return result;
}

/* A logical processor is one of the machine's; which it may be the kernel decides only late. */
static void stay_on(unsigned nth)
{
	cpu_set_t allowed, one;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || nth--)
			continue;
		CPU_SET(cpu, &one);
		pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
		return;
	}
}

static void *work(void *opaque)
{
	struct worker *w = opaque;

	stay_on(w->lp - 1);
	w->result = use_td(w);
	return NULL;
}

/* One thread, or two where there is another worker. */
static int time_threads(struct worker *first, struct worker *other, double *best,
			struct vmm_error *err)
{
	struct worker *w[] = { first, other };
	unsigned threads = other ? 2 : 1, started = 0;
	const struct worker *failed = NULL;
	double start = bench_now();

	while (started < threads && !pthread_create(&w[started]->thread, NULL, work, w[started]))
		started++;
	for (unsigned i = 0; i < started; i++) {
		pthread_join(w[i]->thread, NULL);
		if (w[i]->result)
			failed = w[i];
	}
	if (started < threads)
		return vmm_fail(err, "no thread");
	if (failed) {
		*err = failed->err;
		return -1;
	}
	bench_keep_best(best, bench_now() - start);
	return 0;
}

static int prepare(struct worker *w, struct vmm_host *host, unsigned lp, struct vmm_error *err)
{
	uint8_t mrtd[TD_MRTD_SIZE];

	*w = (struct worker){ .host = host, .lp = lp };
	return bench_create_td(&w->td, host, err) || td_add_vcpu(&w->td, 0, err) ||
			       td_finalize(&w->td, mrtd, err)
		       ? -1
		       : 0;
}

/* Here is the second module. */
static int measure_all(struct vmm_host *host, void *opaque, struct vmm_error *err)
{
	struct measurement *m = opaque;
	struct bench_threads *out = m->out;
	struct worker apart = { .td.tdr = VMM_NO_FRAME };
	int result = prepare(&apart, host, 2, err);

	for (unsigned i = 0; !result && i < SLICES; i++)
		result = time_threads(&m->workers[0], NULL, &out->one, err) ||
					 time_threads(&m->workers[0], &m->workers[1], &out->two,
						      err) ||
					 time_threads(&m->workers[0], &apart, &out->apart, err)
				 ? -1
				 : 0;
	return bench_end_td(&apart.td, host, result, err);
}

static int measure_both(struct vmm_host *host, struct measurement *m, struct vmm_error *err)
{
	int result;

	if (prepare(&m->workers[0], host, 1, err) || prepare(&m->workers[1], host, 2, err))
		return -1;
	host_leave_lp(host);
	result = bench_on_machine(SEAMLESS_GUEST_SCRIPTED, measure_all, m, err);
	return host_enter_lp(host, 0, result ? NULL : err) || result ? -1 : 0;
}

static int measure(struct vmm_host *host, void *opaque, struct vmm_error *err)
{
	struct measurement m = { { { .td.tdr = VMM_NO_FRAME }, { .td.tdr = VMM_NO_FRAME } },
				 opaque };
	int result = measure_both(host, &m, err);

	result = bench_end_td(&m.workers[1].td, host, result, err);
	return bench_end_td(&m.workers[0].td, host, result, err);
}

int bench_threads(struct bench_threads *out, struct vmm_error *err)
{
	*out = (struct bench_threads){ .calls = 2ull * ROUNDS * PAGES };
	return bench_on_machine(SEAMLESS_GUEST_SCRIPTED, measure, out, err);
}
