/* SPDX-License-Identifier: MIT */
/*
 * A small hypervisor: it brings the TDX module up, makes one TD of two vCPUs and 4 MiB, and serves
 * MapGPA. It is written against <tdx/tdx.h> and host.h, and knows nothing of Seamless.
 */
#ifndef HV_H
#define HV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <tdx/tdx.h>

#include "host.h"

#define HV_PAGE	      0x1000ull
#define HV_LARGE_PAGE 0x200000ull
#define HV_PER_LARGE  512u

#define HV_VCPUS      2u
#define HV_PAGES      1024u /* of the TD, from guest-physical address 0 */
#define HV_MEMORY     (HV_PAGES * HV_PAGE)
#define HV_SHARED_BIT (1ull << 47)
#define HV_BATCH      256u /* pages; the most that one MapGPA converts */

/* The processor's own register numbers. */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* Pages that belong to nobody, by their physical addresses: stacks. */
struct hv_pool {
	uint64_t small[2048], large[3];
	unsigned smalls, larges;
};

/* What a page of the TD's memory is. A 2 MiB page is 512 of HV_LARGE. */
enum hv_kind { HV_NOTHING, HV_PRIVATE, HV_LARGE, HV_SHARED };

struct hv_page {
	uint64_t pa;
	enum hv_kind kind;
};

struct hv_vcpu {
	tdx_tdvpr_t tdvpr;
	uint64_t regs[16];
	unsigned cpu;	    /* that runs it */
	atomic_bool inside; /* between entry and exit */
	atomic_uint exits;
};

struct hv {
	/* of the platform */
	uint64_t usable, scratch; /* memory for the pool; a few pages for lists, below it */
	unsigned tdcs_pages, tdvps_pages, hkid_shift;
	uint16_t global_hkid;
	struct hv_pool pool;

	/* of the TD */
	tdx_tdr_t tdr;
	uint16_t hkid;
	uint64_t control[64]; /* pages that hold the TD itself: TDCS, TDVPS, secure EPT */
	unsigned controls;
	uint64_t shared_root, shared_middle[2], shared_table[HV_PAGES / HV_PER_LARGE];
	bool split[HV_PAGES / HV_PER_LARGE]; /* secure EPT: there is a table of small pages */
	struct hv_vcpu vcpu[HV_VCPUS];
	pthread_mutex_t lock; /* of the pages and the pool */
	struct hv_page page[HV_PAGES];
};

/* --- bring_up.c: all return 0 or -1 --- */

int hv_start(struct hv *hv);	  /* the module, on all processors */
int hv_create_td(struct hv *hv);  /* no private memory yet: it comes when the guest accepts it */
int hv_destroy_td(struct hv *hv); /* every page is back in the pool */

/* --- mapgpa.c --- */

/* Converts what MapGPA (R12: address, R13: size) asks for and writes the answer to R10 and R11. -1:
 * the TD is broken. */
int hv_map_gpa(struct hv *hv, uint64_t *regs);

/* --- vcpu.c --- */

enum hv_end { HV_HALTED, HV_FAILED };

/* Runs a vCPU on this processor until it halts or can't go on. */
enum hv_end hv_run(struct hv *hv, unsigned index);

/* Makes all vCPUs leave the guest once: none uses a translation from before. */
void hv_kick(struct hv *hv);

/* --- pool.c --- */

#define HV_NO_PAGE UINT64_MAX

uint64_t hv_take(struct hv_pool *pool);
uint64_t hv_take_large(struct hv_pool *pool);
void hv_give(struct hv_pool *pool, uint64_t pa); /* cleared: nobody reads what was in it */
void hv_give_large(struct hv_pool *pool, uint64_t pa);
unsigned hv_count(const struct hv_pool *pool); /* in 4 KiB pages */

/* --- a call that another processor's lock refuses is made again, for a while --- */

#define HV_TRIES 1000u

#define hv_again(call)                                                                             \
	__extension__({                                                                            \
		unsigned hv_tries = HV_TRIES;                                                      \
		tdx_while_busy(call, --hv_tries && (host_relax(), 1));                             \
	})

#endif
