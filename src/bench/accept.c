// SPDX-License-Identifier: MIT
/*
 * Memory added to a running TD, TDH.MEM.PAGE.AUG and TDG.MEM.PAGE.ACCEPT, against clearing as much
 * memory.
 */
#include <string.h>

#include "bench/bench.h"
#include "bench/internal.h"
#include "tdx/tdx.h"

#define BYTES	      (32ull << 20)
#define LARGE_PAGES   (BYTES / VMM_2M)
#define ACCEPT_NUMBER 6u

static uint64_t size_of(enum vmm_level level)
{
	return VMM_4K << 9 * level;
}

/* Of each 2 MiB, the calls that add it and those that accept it. */
struct pieces {
	double add[LARGE_PAGES], accept[LARGE_PAGES];
};

static double total(const struct pieces *p)
{
	return bench_sum(p->add, LARGE_PAGES) + bench_sum(p->accept, LARGE_PAGES);
}

static int add_piece(struct vmm_td *td, unsigned piece, enum vmm_level level, double *best,
		     struct vmm_error *err)
{
	double start = bench_now();

	for (uint64_t at = 0; at < VMM_2M; at += size_of(level)) {
		if (td_aug(td, piece * VMM_2M + at, level, err) != TD_AUG_DONE)
			return -1;
	}
	bench_keep_best(best, bench_now() - start);
	return 0;
}

/* The guest on this processor, which makes nothing but these calls. */
static uint64_t accept_piece(unsigned piece, enum vmm_level level, double *best)
{
	const struct seamless_vm_exit tdcall = { .reason = SEAMLESS_EXIT_TDCALL,
						 .instr_length = 4 };
	struct seamless_regs regs = { 0 };
	double start = bench_now();

	for (uint64_t at = 0; at < VMM_2M; at += size_of(level)) {
		regs.gpr[0] = ACCEPT_NUMBER;
		regs.gpr[1] = (piece * VMM_2M + at) | level;
		if (seamless_vm_exit(&tdcall, &regs) != SEAMLESS_TO_GUEST || regs.gpr[0])
			return regs.gpr[0];
	}
	bench_keep_best(best, bench_now() - start);
	return 0;
}

static int accept_all(const struct vmm_td *td, enum vmm_level level, struct pieces *p,
		      struct vmm_error *err)
{
	const struct seamless_vm_exit interrupt = { .reason = SEAMLESS_EXIT_INTERRUPT };
	struct seamless_regs regs = { .gpr = { [1] = td->vcpu[0].tdvpr } };
	uint64_t status = 0;

	if (seamless_seamcall(&regs) != SEAMLESS_TO_GUEST)
		return vmm_fail_call(err, "TDH.VP.ENTER", (tdx_status_t){ regs.gpr[0] });
	seamless_guest_64bit();
	for (unsigned i = 0; i < LARGE_PAGES && !status; i++)
		status = accept_piece(i, level, &p->accept[i]);
	if (seamless_in_guest(NULL))
		seamless_vm_exit(&interrupt, &regs);
	return status ? vmm_fail_call(err, "TDG.MEM.PAGE.ACCEPT", (tdx_status_t){ status }) : 0;
}

static int time_pages(struct vmm_host *host, enum vmm_level level, struct pieces *p,
		      struct vmm_error *err)
{
	struct vmm_td td = { .tdr = VMM_NO_FRAME };
	uint8_t mrtd[TD_MRTD_SIZE];
	int result = bench_create_td(&td, host, err) || td_add_vcpu(&td, 0, err) ||
				     td_finalize(&td, mrtd, err)
			     ? -1
			     : 0;

	for (unsigned i = 0; i < LARGE_PAGES && !result; i++)
		result = add_piece(&td, i, level, &p->add[i], err);
	result = result || accept_all(&td, level, p, err) ? -1 : 0;
	return bench_end_td(&td, host, result, err);
}

static void clear_piece(void *at, double *best)
{
	double start = bench_now();

	memset(at, 0, VMM_2M);
	__asm__ volatile("" : : "r"(at) : "memory");
	bench_keep_best(best, bench_now() - start);
}

/* The frames that the TD had, which are free again; twice, so that it finds them in the cache as it
 * leaves them itself. */
static int time_clearing(struct vmm_host *host, double best[LARGE_PAGES], struct vmm_error *err)
{
	uint64_t frame[LARGE_PAGES];
	unsigned count = 0;

	while (count < LARGE_PAGES) {
		frame[count] = vmm_frames_alloc(&host->frames, FRAME_HOST, VMM_LEVEL_2M);
		if (frame[count] == VMM_NO_FRAME)
			break;
		count++;
	}
	for (unsigned i = 0; i < 2 * count; i++)
		clear_piece(seamless_shared(host->machine, frame[i % count], VMM_2M),
			    &best[i % count]);
	for (unsigned i = 0; i < count; i++)
		vmm_frames_release(&host->frames, frame[i]);
	return count == LARGE_PAGES ? 0 : vmm_fail(err, "no free memory");
}

static int measure(struct vmm_host *host, void *opaque, struct vmm_error *err)
{
	struct pieces small = { { 0 }, { 0 } }, large = small;
	double clear[LARGE_PAGES] = { 0 };
	struct bench_accept *out = opaque;

	for (unsigned i = 0; i < BENCH_ROUNDS; i++) {
		if (time_pages(host, VMM_LEVEL_4K, &small, err) ||
		    time_clearing(host, clear, err) ||
		    time_pages(host, VMM_LEVEL_2M, &large, err) || time_clearing(host, clear, err))
			return -1;
	}
	out->small = total(&small);
	out->large = total(&large);
	out->clear = bench_sum(clear, LARGE_PAGES);
	return 0;
}

int bench_accept(struct bench_accept *out, struct vmm_error *err)
{
	*out = (struct bench_accept){ .bytes = BYTES };
	return bench_on_machine(SEAMLESS_GUEST_SCRIPTED, measure, out, err);
}
