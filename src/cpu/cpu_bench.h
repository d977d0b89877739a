/* SPDX-License-Identifier: MIT */
/*
 * Fixed workloads for the interpreter's speed. The caller measures the time around a call.
 */
#ifndef CPU_CPU_BENCH_H
#define CPU_CPU_BENCH_H

#include <stdint.h>

enum cpu_bench_kind {
	CPU_BENCH_INTEGER, /* arithmetic, shifts, multiplication, conditional branches; no memory */
	CPU_BENCH_MEMORY,  /* loads, stores, read-modify-write, calls and returns over 256 KiB */
};

struct cpu_bench;

/* Builds a 64-bit guest with paging on that runs the workload for ever. NULL when out of memory. */
struct cpu_bench *cpu_bench_create(enum cpu_bench_kind kind);
void cpu_bench_destroy(struct cpu_bench *bench);

/* Runs it for about `count` instructions. Returns the number executed, 0 if the guest left its
 * loop. */
uint64_t cpu_bench_run(struct cpu_bench *bench, uint64_t count);

#endif
