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
#define CHURN	    2 /* TDs that come and go */
#define SIDES	    2 /* TDs of which each becomes the other, again and again (pair.c) */
#define VCPUS_EACH  3
#define POOL	    96
#define LARGE	    3
#define LEAVES	    256
#define SHARED_GPAS 6 /* 4 KiB pages from 0 on */

/* The TDs that stay: exported, running, under construction, debuggable and with VMs of its own,
 * service TD; the others come behind them. */
enum { SRC, RUNNER, BUILDING, NESTED, MIGTD, STEADY };
#define FIRST_CHURN STEADY
#define FIRST_SIDE  (STEADY + CHURN)
#define TDS	    (STEADY + CHURN + SIDES)

/* Pages of NESTED that nobody's random calls concern: a vCPU's state of its VMs, their virtual APIC
 * page; a word for each thread. */
#define NESTED_STATE(vcpu) ((uint64_t)(SHARED_GPAS + (vcpu)) << 12)
#define NESTED_VAPIC(vcpu) ((uint64_t)(SHARED_GPAS + VCPUS_EACH + (vcpu)) << 12)
#define NESTED_WORDS	   ((uint64_t)(SHARED_GPAS + 2 * VCPUS_EACH) << 12)
#define NESTED_PAGES	   (2 * VCPUS_EACH + 1)
#define L2_VMS		   3

/* In RUNNER a region for each thread: one page that it adds and removes, and one for its reports;
 * and a region for a page of 2 MiB. */
#define LANE_GPA(w)   ((uint64_t)(16 + (w)->number) << 21)
#define REPORT_GPA(w) (LANE_GPA(w) + 0x1000)
#define LARGE_LANE(w) ((uint64_t)(64 + (w)->number) << 21)

/* The host pages of a thread from its buffers on. */
#define ADDED(w)  ((w)->buffers)
#define PARAMS(w) ((w)->buffers + 0x1000)
#define MBMD(w)	  ((w)->buffers + 0x2000)
#define LIST(w)	  ((w)->buffers + 0x3000)
#define GPAS(w)	  ((w)->buffers + 0x4000)
#define MACS(w)	  ((w)->buffers + 0x5000)
#define PAGES(w)  ((w)->buffers + 0x6000) /* list of pages for an import */
#define OUT(w)	  ((w)->buffers + 0x7000)
#define DATA(w)	  ((w)->buffers + 0x10000)

#define MBMD_OPERAND(w) (MBMD(w) | 48ull << 52)
#define RESUME		(1ull << 63)

/* Whatever is measured of the service TD may change: its guests extend it. */
#define SERVTD_ATTRIBUTES 0x7ff00000000ull

struct shared;

struct tally {
	uint64_t done, busy, refused;
};

/* A guest address that nobody else touches: what comes next must succeed. */
struct lane {
	uint64_t gpa, page, table;
	unsigned at;
};

struct worker {
	struct shared *s;
	pthread_t thread;
	unsigned number, lp;
	uint64_t random;
	uint64_t buffers;    /* host memory of its own */
	struct lane lane[2]; /* of 4 KiB and of 2 MiB */
	struct cpu_regs regs;
	bool inside; /* its processor runs a vCPU */
	uint64_t vcpu, rip, word;
	atomic_uint_least64_t steps;
	_Atomic uint64_t last_leaf;
	struct tally host[LEAVES], guest[LEAVES];
	uint64_t interrupted, kicked, entered, entered_l2, exits_l2;
};

struct shared {
	struct mig_box mig;
	struct box *b;
	struct pair *pair;
	uint64_t tdr[TDS], vcpu[TDS * VCPUS_EACH], page[POOL], large[LARGE];
	unsigned vcpus;
	unsigned workers;
	struct worker w[MAX_WORKERS + 1]; /* the last is the driver of the pair */
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
/* The checker alone. */
void stress_audit(struct shared *s);

/* world.c */
void stress_open(struct shared *s, unsigned workers, uint64_t seed);
void stress_close(struct shared *s);
/* No thread is inside a call: the checker, the TDs' health, and a new export if the last is over.
 */
void stress_look(struct shared *s);
/* The checker alone. */
void stress_audit(struct shared *s);

/* steps.c: one call or one stretch of the guest. */
void stress_step(struct worker *w);
/* The guest leaves, if one is inside. */
void stress_leave(struct worker *w);
/* All at once; until the module is shut down. */
void stress_shut_down(struct worker *w);

unsigned stress_rnd(struct worker *w, unsigned n);
/* Any of the shared objects; of level 0 an address of 4 KiB. */
uint64_t stress_tdr(struct worker *w);
uint64_t stress_page(struct worker *w);
uint64_t stress_vcpu(struct worker *w);
uint64_t stress_gpa(struct worker *w, unsigned level);
/* RCX is not often an address that migrates if RDX is a TD that does: else no migration would come
 * to its end. */
void stress_spare(struct worker *w, uint64_t in[8]);

/* A SEAMCALL with RCX, RDX, R8 to R13; RAX. Checks what can be checked of any answer. */
uint64_t stress_call(struct worker *w, uint64_t leaf, const uint64_t in[8]);
#define CALL(w, leaf, ...) stress_call(w, leaf, (uint64_t[8]){ __VA_ARGS__ })
/* Whether a status asks for patience only: a lock, something else that must come first. */
bool stress_not_now(uint64_t status);
void stress_count(struct tally *tally, uint64_t status);
void stress_poke(struct worker *w, uint64_t pa, uint64_t value);

/* guest.c */
bool stress_enter(struct worker *w, uint64_t vcpu);
void stress_guest(struct worker *w);
void stress_exit(struct worker *w, const struct vm_exit *e);
/* TDCALL with RCX, RDX, R8 to R13; RAX, or what the host got if the guest left for it (w->inside).
 */
uint64_t stress_tdcall(struct worker *w, uint64_t leaf, const uint64_t in[8]);

/* nested.c: NESTED with its VMs, from the host, from the guest, from a VM of the guest. */
void stress_nested_open(struct shared *s);
void stress_nested_host(struct worker *w);
void stress_nested_guest(struct worker *w);
void stress_nested_vm(struct worker *w);

/* export.c */
void stress_export(struct worker *w);
/* Goes on with what was interrupted, as often as it is; @list: RCX is a GPA list. */
uint64_t stress_finish(struct worker *w, uint64_t leaf, uint64_t in[8], bool list);
void stress_lists(struct worker *w, unsigned op);

/* any.c: any leaf of the tables, on any of the shared objects. */
void stress_any_host(struct worker *w);
void stress_any_guest(struct worker *w);

/* pair.c: TDs migrate to and fro; the driver is a thread of its own, the others carry pages. */
void stress_pair_open(struct shared *s);
void stress_pair_close(struct shared *s);
void stress_drive(struct worker *w);
void stress_carry(struct worker *w);
void stress_service(struct worker *w);
void stress_pair_report(const struct shared *s);
/* Whether a TD has arrived, and another was called back. */
bool stress_pair_done(const struct shared *s);

_Noreturn __attribute__((format(printf, 2, 3))) void stress_wrong(const struct worker *w,
								  const char *format, ...);

#endif
