/* SPDX-License-Identifier: MIT */
/* The sanitizer's own picture of pages, and how it is kept. */
#ifndef STRICT_INTERNAL_H
#define STRICT_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gen/leaves.h"
#include "lib/machine_impl.h"
#include "module/state.h"
#include "seamless/strict.h"

#define HISTORY_MAX 16u /* of a page: older events are forgotten */
#define OPERANDS    12u /* pages that one call names */
#define NO_STATE    0xffu
#define NOT_WALKED  (~0ull)

/* What PAMT and secure EPT say of a page. */
struct look {
	uint64_t pa, owner, gpa; /* of the page itself; gpa NOT_WALKED: not known */
	uint8_t type;		 /* enum page_type */
	uint8_t level;		 /* the size at which it is described */
	uint8_t state;		 /* enum sept_state, NO_STATE: not known */
	bool pamt;		 /* it is part of a PAMT */
};

struct event {
	uint64_t number, tsc; /* of the call; when */
	const char *what;     /* the leaf, or what the host did */
	int lp;
	struct look from, to;
};

/* A page of 4 KiB, or the first of a large one, that was ever in use. */
struct page {
	uint64_t pa; /* + 1, 0: free slot */
	struct look now;
	uint16_t dirty;	     /* key id that caches may hold lines of it under, 0: none */
	uint16_t reported;   /* enum strict_kind, a bit each, since the last event */
	uint32_t generation; /* of the key, when it was given away */
	uint32_t events, room;
	struct event *event;
};

enum strict_kind {
	PRIVATE_READ,
	PRIVATE_WRITE,
	PRIVATE_OPERAND,
	DIRTY_CACHE,
	PAGE_IN_USE,
	TLB_TRACK,
	OUT_OF_MEMORY,
};

/* Something to be reported. */
struct mistake {
	enum strict_kind kind;
	int lp;
	uint64_t pa, len; /* len: of an access */
	const char *how;  /* what is done, or the name of the operand */
};

/* A call under way on a processor. */
struct strict_call {
	const struct leaf_desc *leaf; /* NULL: none */
	uint64_t number, rax, td, gpa, list;
	unsigned level;
	uint16_t hkid; /* of the TD that is named */
	bool in_guest, walks;
	unsigned pages;
	uint64_t page[OPERANDS];
	bool mistaken;
	struct mistake mistake;
};

struct strict {
	struct seamless_machine *m;
	seamless_strict_tell tell;
	void *opaque;
	pthread_mutex_t lock;
	uint64_t calls, reports;
	struct page *table; /* open hash by address */
	size_t used, room;
	bool blind, blind_told;		     /* there was no memory for the record of a page */
	uint32_t generation[PLATFORM_HKIDS]; /* of each key id: how often it was freed */
	struct strict_call call[MAX_LPS];
};

/* ---- look.c ---- */

struct look look_at(const struct module *m, uint64_t pa);
/* Whether it is a TD's or the module's. */
bool look_owned(const struct look *l);
/* The page that a TD's secure EPT has at a GPA: mapped there, or the table below this level. False:
 * none. */
bool look_up(const struct module *m, uint64_t td, uint64_t gpa, unsigned level, struct look *l);
/* Whether what is mapped there was blocked and never tracked since. */
bool look_untracked(const struct module *m, uint64_t td, const struct look *l);
/* The TD on a processor whose guest runs, 0: none. The key id of a TD. */
uint64_t look_running(const struct module *m, unsigned lp);
uint16_t look_hkid(const struct module *m, uint64_t td);
bool look_torn_down(const struct module *m, uint64_t td);

/* ---- pages.c ---- */

/* The record of a page; NULL: there is none, or `make` and no memory, which is told later. */
struct page *page_of(struct strict *s, uint64_t pa, bool make);
void page_event(struct page *p, const struct event *e);
bool page_dirty(const struct strict *s, const struct page *p);
void pages_free(struct strict *s);

/* ---- calls.c ---- */

void strict_watch(void *opaque, const struct seamless_event *event);

/* ---- access.c ---- */

void strict_access(void *opaque, uint64_t pa, uint64_t len, bool write);

/* ---- report.c: with the lock held, which it gives up while it tells ---- */

void strict_report(struct strict *s, const struct mistake *x);
/* Reports, once, that mistakes may go unseen. */
void strict_report_blindness(struct strict *s, int lp);

#endif
