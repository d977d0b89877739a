/* SPDX-License-Identifier: MIT */
/*
 * Many logical processors at once on a few TDs: what the threads share, and what each has for
 * itself.
 */
#ifndef TESTS_STRESS_STRESS_H
#define TESTS_STRESS_STRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include "mig_box.h"

#define MAX_WORKERS 32
#define FIRST_LP    2 /* 0 and 1 are the fixture's own */
#define STEADY	    3 /* TDs that stay: one that is exported, one that runs, one under construction */
#define SRC	    0
#define RUNNER	    1
#define BUILDING    2
#define CHURN	    2 /* TDs that come and go */
#define VCPUS_EACH  3
#define POOL	    96
#define LARGE	    3
#define LEAVES	    128

struct shared;

/* The state of a worker's own guest address, which nobody else touches: what comes next must
 * succeed. */
enum lane { LANE_FREE, LANE_PENDING, LANE_BLOCKED, LANE_TRACKED };

struct worker {
	struct shared *s;
	pthread_t thread;
	unsigned number, lp;
	uint64_t random;
	uint64_t buffers; /* host memory of its own */
	uint64_t lane_page;
	enum lane lane;
	struct cpu_regs regs;
	bool inside; /* its processor runs a vCPU */
	uint64_t vcpu, rip;
	atomic_uint_least64_t steps;
	_Atomic uint64_t last_leaf;
	uint64_t done[LEAVES], busy[LEAVES], refused[LEAVES], interrupted, kicked, entered,
		accepted;
};

struct shared {
	struct mig_box mig;
	struct box *b;
	uint64_t tdr[STEADY + CHURN], vcpu[STEADY * VCPUS_EACH], page[POOL], large[LARGE];
	unsigned vcpus;
	unsigned workers;
	struct worker w[MAX_WORKERS];
	pthread_barrier_t barrier;
	atomic_bool pause, stop;
	struct audit_history *history;
};

/* world.c */
void stress_open(struct shared *s, unsigned workers, uint64_t seed);
void stress_close(struct shared *s);
/* No thread is inside a call: the checker, the TDs' health, and a new export if the last is over.
 */
void stress_look(struct shared *s);

/* steps.c: one call or one stretch of the guest. */
void stress_step(struct worker *w);
/* The guest leaves, if one is inside. */
void stress_leave(struct worker *w);

unsigned stress_rnd(struct worker *w, unsigned n);
/* A SEAMCALL with RCX, RDX, R8 to R13; RAX. Checks what can be checked of any answer. */
uint64_t stress_call(struct worker *w, uint64_t leaf, const uint64_t in[8]);
void stress_export(struct worker *w); /* export.c */
void stress_guest(struct worker *w);  /* guest.c */
_Noreturn __attribute__((format(printf, 2, 3))) void stress_wrong(const struct worker *w,
								  const char *format, ...);

#endif
