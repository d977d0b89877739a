// SPDX-License-Identifier: MIT
/*
 * The interpreter's speed on its two fixed workloads.
 */
#include "bench/bench.h"
#include "bench/internal.h"
#include "cpu/cpu_bench.h"

#define WARM_UP	     1000000u
#define INSTRUCTIONS 20000000u

static int run(enum cpu_bench_kind kind, double *speed, struct vmm_error *err)
{
	struct cpu_bench *bench = cpu_bench_create(kind);
	uint64_t done;

	if (!bench)
		return vmm_fail(err, "out of memory");
	done = cpu_bench_run(bench, WARM_UP);
	for (unsigned i = 0; i < BENCH_ROUNDS && done; i++) {
		double start = bench_now(), rate;

		done = cpu_bench_run(bench, INSTRUCTIONS);
		rate = (double)done / (bench_now() - start);
		if (rate > *speed)
			*speed = rate;
	}
	cpu_bench_destroy(bench);
	return done ? 0 : vmm_fail(err, "the interpreter left its workload");
}

int bench_interpreter(struct bench_interpreter *out, struct vmm_error *err)
{
	*out = (struct bench_interpreter){ 0 };
	return run(CPU_BENCH_INTEGER, &out->integer, err) ||
			       run(CPU_BENCH_MEMORY, &out->memory, err)
		       ? -1
		       : 0;
}
