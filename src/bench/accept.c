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

static int add_all(struct vmm_td *td, enum vmm_level level, struct vmm_error *err)
{
	for (uint64_t gpa = 0; gpa < BYTES; gpa += size_of(level)) {
		if (td_aug(td, gpa, level, err) != TD_AUG_DONE)
			return -1;
	}
	return 0;
}

/* The guest on this processor, which makes nothing but these calls. */
static int accept_all(const struct vmm_td *td, enum vmm_level level, struct vmm_error *err)
{
	const struct seamless_vm_exit tdcall = { .reason = SEAMLESS_EXIT_TDCALL,
						 .instr_length = 4 };
	const struct seamless_vm_exit interrupt = { .reason = SEAMLESS_EXIT_INTERRUPT };
	struct seamless_regs regs = { .gpr = { [1] = td->vcpu[0].tdvpr } };
	bool done = seamless_seamcall(&regs) == SEAMLESS_TO_GUEST;

	for (uint64_t gpa = 0; done && gpa < BYTES; gpa += size_of(level)) {
		seamless_guest_64bit();
		regs.gpr[0] = ACCEPT_NUMBER;
		regs.gpr[1] = gpa | level;
		done = seamless_vm_exit(&tdcall, &regs) == SEAMLESS_TO_GUEST && !regs.gpr[0];
	}
	if (seamless_in_guest(NULL))
		seamless_vm_exit(&interrupt, &regs);
	return done ? 0
		    : vmm_fail(err, "TDG.MEM.PAGE.ACCEPT: status 0x%llx",
			       (unsigned long long)regs.gpr[0]);
}

static int time_pages(struct vmm_host *host, enum vmm_level level, double *best,
		      struct vmm_error *err)
{
	struct vmm_td td = { .tdr = VMM_NO_FRAME };
	uint8_t mrtd[TD_MRTD_SIZE];
	double start;
	int result = bench_create_td(&td, host, err) || td_add_vcpu(&td, 0, err) ||
				     td_finalize(&td, mrtd, err)
			     ? -1
			     : 0;

	start = bench_now();
	result = result || add_all(&td, level, err) || accept_all(&td, level, err) ? -1 : 0;
	if (!result)
		bench_keep_best(best, bench_now() - start);
	return bench_end_td(&td, host, result, err);
}

/* The frames that the TD had, which are free again. */
static int time_clearing(struct vmm_host *host, double *best, struct vmm_error *err)
{
	uint64_t frame[LARGE_PAGES], count = 0;
	uint8_t *at[LARGE_PAGES] = { NULL };
	double start;

	while (count < LARGE_PAGES) {
		frame[count] = vmm_frames_alloc(&host->frames, FRAME_HOST, VMM_LEVEL_2M);
		if (frame[count] == VMM_NO_FRAME)
			break;
		at[count] = seamless_shared(host->machine, frame[count], VMM_2M);
		count++;
	}
	start = bench_now();
	for (uint64_t i = 0; i < count; i++)
		memset(at[i], 0, VMM_2M);
	__asm__ volatile("" : : "r"(at) : "memory");
	bench_keep_best(best, bench_now() - start);
	for (uint64_t i = 0; i < count; i++)
		vmm_frames_release(&host->frames, frame[i]);
	return count == LARGE_PAGES ? 0 : vmm_fail(err, "no free memory");
}

static int measure(struct vmm_host *host, void *opaque, struct vmm_error *err)
{
	struct bench_accept *out = opaque;

	/* Cleared before and after: large pages and clearing both find the frames in the cache as
	 * the other left them. */
	for (unsigned i = 0; i < BENCH_ROUNDS; i++) {
		if (time_pages(host, VMM_LEVEL_4K, &out->small, err) ||
		    time_clearing(host, &out->clear, err) ||
		    time_pages(host, VMM_LEVEL_2M, &out->large, err) ||
		    time_clearing(host, &out->clear, err))
			return -1;
	}
	return 0;
}

int bench_accept(struct bench_accept *out, struct vmm_error *err)
{
	*out = (struct bench_accept){ .bytes = BYTES };
	return bench_on_machine(SEAMLESS_GUEST_SCRIPTED, measure, out, err);
}
