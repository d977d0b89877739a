/* SPDX-License-Identifier: MIT */
/*
 * What the measurements share: the time, and a machine with its module brought up.
 */
#ifndef BENCH_INTERNAL_H
#define BENCH_INTERNAL_H

#include <time.h>

#include "vmm/td.h"

/* Fewer are enough for a program that is not after the figures. */
#ifndef BENCH_ROUNDS
#define BENCH_ROUNDS 15
#endif

static inline double bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static inline void bench_keep_best(double *best, double seconds)
{
	if (*best <= 0 || seconds < *best)
		*best = seconds;
}

/*
 * The best times of the pieces of a measurement, together. A piece is so short that in some round
 * nothing else on the machine comes between.
 */
static inline double bench_sum(const double *best, unsigned pieces)
{
	double sum = 0;

	for (unsigned i = 0; i < pieces; i++)
		sum += best[i];
	return sum;
}

/*
 * Bytes that MRTD covers of a measured page: TDH.MEM.PAGE.ADD hashes a record, each TDH.MR.EXTEND
 * one and 256 bytes.
 */
#define BENCH_PAGE_HASHED (128u + 16u * 384u)

/* libcrypto's SHA-384 over as many bytes as MRTD covers of so many pages: the physical limit. */
int bench_hash_pages(unsigned pages, double *best, struct vmm_error *err);

/* Runs `measure` on logical processor 0 of a machine of its own. */
int bench_on_machine(enum seamless_guest guest,
		     int (*measure)(struct vmm_host *host, void *out, struct vmm_error *err),
		     void *out, struct vmm_error *err);

/* A TD without memory or vCPUs, up to TDH.MNG.INIT. */
int bench_create_td(struct vmm_td *td, struct vmm_host *host, struct vmm_error *err);

/*
 * Takes the TD apart, back on logical processor 0 afterwards. Returns -1 when that fails or
 * `result` is not 0; *err tells of the first failure.
 */
int bench_end_td(struct vmm_td *td, struct vmm_host *host, int result, struct vmm_error *err);

#endif
