/* SPDX-License-Identifier: MIT */
/*
 * Lists of GPAs: a page of up to 512 entries, each a GPA with an operation and, after the call, a status. Calls that
 * take one stop at an interrupt and return in RCX where they go on.
 */
#ifndef SEAMLESS_MODULE_GPA_LIST_H
#define SEAMLESS_MODULE_GPA_LIST_H

#include <stdint.h>
#include "module/call.h"

struct gpa_list {
	uint64_t info;
	uint64_t pa;
	unsigned entry, last; /* the one under way, the last one */
	unsigned problems;    /* entries that were not done */
	uint64_t word;        /* the entry under way */
	void (*change)(struct call *c); /* what TDH.EXPORT.BLOCKW or RESTORE does with it */
};

/* An entry of the list. Any status ends the call, which is not done with it then. */
typedef uint64_t (*gpa_list_fn)(struct call *c, struct gpa_list *l);

#define GPA_LIST_OP(word) ((word) >> GPA_LIST_ENTRY_OPERATION_SHIFT & 3)

/* RCX names a list: fills @l, whose entry is the first one. */
uint64_t gpa_list_open(struct call *c, struct gpa_list *l);
/* Reads the entry under way. */
void gpa_list_read(struct call *c, struct gpa_list *l);
void gpa_list_write(struct call *c, const struct gpa_list *l);
/* The list from the entry under way on, as RCX names it to the next call. */
uint64_t gpa_list_info(const struct gpa_list *l);
/* The entries from the one under way to the last, or until an interrupt. */
uint64_t gpa_list_run(struct call *c, struct gpa_list *l, gpa_list_fn entry);

/* The entry's reserved bits and level are 0. */
bool gpa_list_formed(const struct gpa_list *l);
/* The same, and the GPA is private: c->gpa. */
bool gpa_list_gpa(struct call *c, const struct gpa_list *l);
/* Why not. */
uint64_t gpa_list_wrong(struct call *c, const struct gpa_list *l);
/* The entry is refused and with it the call. */
uint64_t gpa_list_bad_entry(struct call *c, struct gpa_list *l);
/* The entry was not done: its operation becomes NOP. */
void gpa_list_note(struct gpa_list *l, enum gpa_list_status status);
/* Walks to the entry of c->gpa, locks it and checks its state: why not, or GPA_LIST_STATUS_SUCCESS. */
enum gpa_list_status gpa_list_lock_sept(struct call *c);

void gpa_list_set_op(struct gpa_list *l, unsigned op);

#endif
