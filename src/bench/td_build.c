// SPDX-License-Identifier: MIT
/*
 * Building and measuring a TD against hashing alone.
 */
#include <string.h>

#include "bench/bench.h"
#include "bench/internal.h"
#include "vmm/load.h"

#define PAGES	    4096u
#define PIECES	    128u
#define PIECE_PAGES (PAGES / PIECES)

/* Before the pages and after them are pieces too. */
struct pieces {
	double build[PIECES + 2];
	double hash[PIECES];
};

static uint8_t contents[VMM_4K];

/* Pages differ, so that nothing could be kept from one to the next. */
static const uint8_t *page(const struct vmm_image *image, uint64_t gpa, uint8_t room[VMM_4K])
{
	(void)image;
	(void)room;
	memcpy(contents, &gpa, sizeof(gpa));
	return contents;
}

static int load_piece(struct vmm_td *td, unsigned piece, double *best, struct vmm_error *err)
{
	const uint64_t size = PIECE_PAGES * VMM_4K;
	const struct vmm_image image = {
		.section = { { .range = { piece * size, size }, .extend = true, .page = page } },
		.count = 1,
	};
	_Atomic int stop = 0;
	uint64_t pages;
	double start = bench_now();
	int result = load_image(td, &image, &stop, &pages, err);

	bench_keep_best(best, bench_now() - start);
	return result;
}

static int load_all(struct vmm_td *td, struct pieces *p, struct vmm_error *err)
{
	for (unsigned i = 0; i < PIECES; i++) {
		if (load_piece(td, i, &p->build[i], err) ||
		    bench_hash_pages(PIECE_PAGES, &p->hash[i], err))
			return -1;
	}
	return 0;
}

static int create(struct vmm_td *td, struct vmm_host *host, double *best, struct vmm_error *err)
{
	double start = bench_now();
	int result = bench_create_td(td, host, err);

	bench_keep_best(best, bench_now() - start);
	return result;
}

static int finish(struct vmm_td *td, double *best, struct vmm_error *err)
{
	uint8_t mrtd[TD_MRTD_SIZE];
	double start = bench_now();
	int result = td_add_vcpu(td, 0, err) || td_finalize(td, mrtd, err) ? -1 : 0;

	bench_keep_best(best, bench_now() - start);
	return result;
}

/* The TD's end is not part of the time; it wants a thread that is no logical processor. */
static int time_build(struct vmm_host *host, struct pieces *p, struct vmm_error *err)
{
	struct vmm_td td = { .tdr = VMM_NO_FRAME };
	int result = create(&td, host, &p->build[PIECES], err) || load_all(&td, p, err) ||
				     finish(&td, &p->build[PIECES + 1], err)
			     ? -1
			     : 0;

	return bench_end_td(&td, host, result, err);
}

static int measure(struct vmm_host *host, void *opaque, struct vmm_error *err)
{
	struct bench_td_build *out = opaque;
	struct pieces p = { { 0 }, { 0 } };

	memset(contents, 0x5a, sizeof(contents));
	for (unsigned i = 0; i < BENCH_ROUNDS; i++) {
		if (time_build(host, &p, err))
			return -1;
	}
	out->build = bench_sum(p.build, PIECES + 2);
	out->hash = bench_sum(p.hash, PIECES);
	return 0;
}

int bench_td_build(struct bench_td_build *out, struct vmm_error *err)
{
	*out = (struct bench_td_build){ .pages = PAGES, .hashed = PAGES * BENCH_PAGE_HASHED };
	return bench_on_machine(SEAMLESS_GUEST_INTERPRETED, measure, out, err);
}
