/* SPDX-License-Identifier: MIT */
/*
 * A debugger's view of interpreted guests: stopping all processors together, registers, memory by
 * linear address, breakpoints, watchpoints, single steps.
 *
 * It looks from beside the machine, as the simulator's owner can and no host can: nothing of it
 * passes through the module or the VMM, and the TD's memory, measurement and attributes stay what
 * they are. Time of a clock goes on while a guest is stopped.
 *
 * Where a function takes a processor, it is one of those that were named to seamless_debug_start().
 * Those that look at a guest or change it are for a stop: between `stopped` and
 * seamless_debug_resume(), by one thread. Points may be changed at any time.
 */
#ifndef SEAMLESS_DEBUG_H
#define SEAMLESS_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seamless/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

struct seamless_debug_config {
	unsigned lps;	 /* processors 0 to lps - 1 run guests; the first stop waits for all */
	bool one_thread; /* in turns, on one thread */
	/* All have stopped. Called on one of their threads; must not call back. */
	void (*stopped)(void *opaque);
	void *opaque;
};

/* Before any guest runs. Each stops before its first instruction. False: no memory, no such
 * processors, or the machine's guests are scripted. */
bool seamless_debug_start(struct seamless_machine *m, const struct seamless_debug_config *config);

/* From now on guests run and none stops. Any thread, at any time after the start. */
void seamless_debug_end(struct seamless_machine *m);

/* Asks all to stop; `stopped` tells when they have. Any thread. */
void seamless_debug_ask(struct seamless_machine *m);

/* What a point stops at. Both kinds of breakpoint are the same to the guest; a debugger wants to be
 * told which it was. */
enum seamless_point_kind {
	SEAMLESS_POINT_SOFTWARE,
	SEAMLESS_POINT_HARDWARE,
	SEAMLESS_POINT_WRITE,
	SEAMLESS_POINT_READ,
	SEAMLESS_POINT_ACCESS,
};

struct seamless_point {
	enum seamless_point_kind kind;
	uint64_t address; /* linear */
	uint32_t length;  /* bytes watched */
};

enum seamless_stop_why { SEAMLESS_STOP_ASKED, SEAMLESS_STOP_STEP, SEAMLESS_STOP_POINT };

struct seamless_stop {
	unsigned lp; /* whose doing it was */
	enum seamless_stop_why why;
	struct seamless_point point; /* SEAMLESS_STOP_POINT: before this instruction, or after one
					that accessed these bytes */
};

/* Whether all are stopped, and why. */
bool seamless_debug_stopped(struct seamless_machine *m, struct seamless_stop *stop);

enum seamless_go { SEAMLESS_GO_STAY, SEAMLESS_GO_RUN, SEAMLESS_GO_STEP };

/*
 * Lets guests go on: an entry of `go` for each processor. One that steps stops all others after its
 * instruction; interrupts for it wait that long. Where not all are stopped, none may step.
 */
void seamless_debug_resume(struct seamless_machine *m, const enum seamless_go *go);

/* Sets or clears a point. False: no room for more, or there is none like it. */
bool seamless_debug_point(struct seamless_machine *m, const struct seamless_point *point, bool set);
void seamless_debug_clear_points(struct seamless_machine *m);

struct seamless_segment {
	uint16_t selector;
	uint32_t rights; /* as in the VMCS */
	uint32_t limit;
	uint64_t base;
};

struct seamless_state {
	uint64_t gpr[16]; /* register-index order */
	uint64_t rip, rflags;
	struct seamless_segment seg[6]; /* ES, CS, SS, DS, FS, GS */
	uint64_t kernel_gs_base;
	uint64_t cr0, cr2, cr3, cr4, cr8, efer;
	uint16_t fcw, fsw, fop;
	uint8_t ftw; /* abridged, as FXSAVE has it */
	uint64_t fip, fdp;
	uint8_t st[8][10];
	uint32_t mxcsr;
	uint8_t xmm[16][16];
};

/*
 * The guest's registers. Returns whether they may be written: not while its host serves an exit;
 * then they are those of the exit.
 */
bool seamless_debug_state(struct seamless_machine *m, unsigned lp, struct seamless_state *state);

/*
 * Writes general registers, RIP, the flags but VM, VIF, VIP and the reserved ones, bases of FS and
 * GS, CR2, CR3, x87 and SSE. False, and nothing is written: another register differs from what it
 * is, a base is not canonical, or they may not be written.
 */
bool seamless_debug_set_state(struct seamless_machine *m, unsigned lp,
			      const struct seamless_state *state);

/* Why memory is not accessible. */
enum seamless_mapped {
	SEAMLESS_MAPPED,
	SEAMLESS_NOT_IN_PAGE_TABLES, /* of the guest */
	SEAMLESS_NOT_IN_EPT,	     /* no page there, or none that the guest accepted */
	SEAMLESS_READ_ONLY,	     /* in the EPT */
	SEAMLESS_NO_GUEST,	     /* none ran on this processor yet */
};

/*
 * Reads or writes guest memory at a linear address, by the page tables that the guest on `lp` uses,
 * whatever they allow. Returns how many bytes were done from the first on; *end says why not more.
 */
size_t seamless_debug_read(struct seamless_machine *m, unsigned lp, uint64_t lin, void *buf,
			   size_t len, enum seamless_mapped *end);
size_t seamless_debug_write(struct seamless_machine *m, unsigned lp, uint64_t lin, const void *buf,
			    size_t len, enum seamless_mapped *end);

/* The guest-physical address of a linear one; *gpa is valid also where only the EPT has nothing. */
enum seamless_mapped seamless_debug_translate(struct seamless_machine *m, unsigned lp, uint64_t lin,
					      uint64_t *gpa);

#ifdef __cplusplus
}
#endif
#endif
