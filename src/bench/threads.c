// SPDX-License-Identifier: MIT
/*
 * Two threads, each a logical processor with a TD of its own, against one thread: memory added to
 * the TDs, read back through the module and taken away. The TDs share the module's tables and
 * nothing else.
 */
#include <pthread.h>
#include <sched.h>

#include "bench/bench.h"
#include "bench/internal.h"
#include "tdx/tdx.h"

#define PAGES  2048u
#define ROUNDS 80u /* a tenth of a second */

struct worker {
	struct vmm_host *host;
	unsigned lp;
	struct vmm_td td;
	int result;
	struct vmm_error err;
	pthread_t thread;
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
	w->result = host_enter_lp(w->host, w->lp, &w->err);
	for (unsigned i = 0; !w->result && i < ROUNDS; i++)
		w->result = one_round(&w->td, &w->err);
	host_leave_lp(w->host);
	return NULL;
}

static int time_threads(struct worker *w, unsigned threads, double *best, struct vmm_error *err)
{
	unsigned started = 0, failed = threads;
	double start = bench_now();

	while (started < threads && !pthread_create(&w[started].thread, NULL, work, &w[started]))
		started++;
	for (unsigned i = 0; i < started; i++) {
		pthread_join(w[i].thread, NULL);
		if (w[i].result)
			failed = i;
	}
	if (started < threads)
		return vmm_fail(err, "no thread");
	if (failed < threads) {
		*err = w[failed].err;
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

static int measure(struct vmm_host *host, void *opaque, struct vmm_error *err)
{
	struct worker workers[2] = { { .td.tdr = VMM_NO_FRAME }, { .td.tdr = VMM_NO_FRAME } };
	struct bench_threads *out = opaque;
	int result =
		prepare(&workers[0], host, 1, err) || prepare(&workers[1], host, 2, err) ? -1 : 0;

	for (unsigned i = 0; !result && i < BENCH_ROUNDS; i++)
		result = time_threads(workers, 1, &out->one, err) ||
					 time_threads(workers, 2, &out->two, err)
				 ? -1
				 : 0;
	result = bench_end_td(&workers[1].td, host, result, err);
	return bench_end_td(&workers[0].td, host, result, err);
}

int bench_threads(struct bench_threads *out, struct vmm_error *err)
{
	*out = (struct bench_threads){ .calls = 2ull * ROUNDS * PAGES };
	return bench_on_machine(SEAMLESS_GUEST_SCRIPTED, measure, out, err);
}
