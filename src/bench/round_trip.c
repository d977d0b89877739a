// SPDX-License-Identifier: MIT
/*
 * A SEAMCALL there and back against a call of an empty function.
 */
#include "bench/bench.h"
#include "bench/internal.h"
#include "tdx/tdx.h"

#define SEAMCALLS 200000u
#define CALLS	  20000000u

static __attribute__((noinline)) void empty(void)
{
	__asm__ volatile("");
}

static void time_calls(double *best)
{
	double start = bench_now();

	for (unsigned i = 0; i < CALLS; i++)
		empty();
	bench_keep_best(best, (bench_now() - start) / CALLS);
}

static int time_seamcalls(const struct vmm_td *td, double *best, struct vmm_error *err)
{
	double start = bench_now();

	for (unsigned i = 0; i < SEAMCALLS; i++) {
		uint64_t value;
		tdx_status_t status =
			tdh_mng_rd(tdx_tdr(td->tdr), tdx_field(TDX_MD_TD_ATTRIBUTES), &value);

		if (!tdx_status_ok(status))
			return vmm_fail_call(err, "TDH.MNG.RD", status);
	}
	bench_keep_best(best, (bench_now() - start) / SEAMCALLS);
	return 0;
}

static int measure_td(const struct vmm_td *td, struct bench_round_trip *out, struct vmm_error *err)
{
	for (unsigned i = 0; i < BENCH_ROUNDS; i++) {
		if (time_seamcalls(td, &out->seamcall, err))
			return -1;
		time_calls(&out->call);
	}
	return 0;
}

static int measure(struct vmm_host *host, void *out, struct vmm_error *err)
{
	struct vmm_td td = { .tdr = VMM_NO_FRAME };
	int result = bench_create_td(&td, host, err) || measure_td(&td, out, err) ? -1 : 0;

	return bench_end_td(&td, host, result, err);
}

int bench_round_trip(struct bench_round_trip *out, struct vmm_error *err)
{
	*out = (struct bench_round_trip){ 0 };
	return bench_on_machine(SEAMLESS_GUEST_INTERPRETED, measure, out, err);
}
