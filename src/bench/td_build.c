// SPDX-License-Identifier: MIT
/*
 * Building and measuring a TD against hashing alone.
 */
#include <string.h>

#include "bench/bench.h"
#include "bench/internal.h"
#include "vmm/load.h"

#define PAGES 4096u

/* Pages differ, so that nothing could be kept from one to the next. */
static void fill(const struct vmm_image *image, uint64_t gpa, uint8_t page[VMM_4K])
{
	(void)image;
	memset(page, 0x5a, VMM_4K);
	memcpy(page, &gpa, sizeof(gpa));
}

static int build_td(struct vmm_td *td, struct vmm_host *host, struct vmm_error *err)
{
	const struct vmm_image image = {
		.section = { { .range = { 0, PAGES * VMM_4K }, .extend = true, .page = fill } },
		.count = 1,
	};
	uint8_t mrtd[TD_MRTD_SIZE];
	_Atomic int stop = 0;
	uint64_t pages;

	return bench_create_td(td, host, err) || load_image(td, &image, &stop, &pages, err) ||
			       td_add_vcpu(td, 0, err) || td_finalize(td, mrtd, err)
		       ? -1
		       : 0;
}

/* The TD's end is not part of the time; it wants a thread that is no logical processor. */
static int time_build(struct vmm_host *host, double *best, struct vmm_error *err)
{
	struct vmm_td td = { .tdr = VMM_NO_FRAME };
	double start = bench_now();
	int result = build_td(&td, host, err);

	if (!result)
		bench_keep_best(best, bench_now() - start);
	return bench_end_td(&td, host, result, err);
}

static int measure(struct vmm_host *host, void *opaque, struct vmm_error *err)
{
	struct bench_td_build *out = opaque;

	for (unsigned i = 0; i < BENCH_ROUNDS; i++) {
		if (time_build(host, &out->build, err) || bench_hash_pages(PAGES, &out->hash, err))
			return -1;
	}
	return 0;
}

int bench_td_build(struct bench_td_build *out, struct vmm_error *err)
{
	*out = (struct bench_td_build){ .pages = PAGES, .hashed = PAGES * BENCH_PAGE_HASHED };
	return bench_on_machine(SEAMLESS_GUEST_INTERPRETED, measure, out, err);
}
