/* SPDX-License-Identifier: MIT */
/*
 * An audit under way.
 */
#ifndef SEAMLESS_AUDIT_INTERNAL_H
#define SEAMLESS_AUDIT_INTERNAL_H

#include <stdbool.h>
#include "audit/audit.h"
#include "module/state.h"

/* A page in use as the PAMT describes it, and the places that claim it. */
struct page_note {
	uint64_t pa, owner;
	struct pamt_entry *pamt;
	uint8_t type, size;
	bool held; /* mapped in a TD that runs, and not both blocked and tracked */
	uint32_t claims;
};

/* A TD: how much of it could be read, and what was counted. */
struct td_note {
	struct td td;
	uint16_t hkid;
	uint32_t lifecycle;
	uint64_t children;
	bool readable;  /* its structures are there: TDCS and trees are looked at */
	bool destroyed; /* the host spoiled some of it: what is missing is no finding */
	unsigned vcpus, associated, aliases[MAX_VMS];
};

struct audit {
	const struct module *m;
	audit_tell tell;
	void *opaque;
	size_t found;
	bool no_memory;
	struct page_note *pages; /* by address */
	size_t num_pages, max_pages;
	struct td_note *tds; /* by address */
	size_t num_tds;
	bool tdr_destroyed; /* the host spoiled a TDR: whose its key id is can't be known */
};

__attribute__((format(printf, 4, 5))) void audit_found(struct audit *a, const char *rule, uint64_t pa, const char *format,
						       ...);

/* pages.c: from the PAMT to the notes; finding them; a TD's claim to a page, NULL if the PAMT says otherwise. */
void audit_scan_pamt(struct audit *a);
struct page_note *audit_page(const struct audit *a, uint64_t pa);
struct td_note *audit_td(const struct audit *a, uint64_t tdr);
struct page_note *audit_claim(struct audit *a, struct td_note *t, uint64_t pa, enum page_type type, enum page_size size,
			      const char *what, uint64_t where);
void audit_claims(struct audit *a);
/* The page at @pa for reading, NULL where there is none or its content was destroyed (which the TD is then). */
void *audit_read(struct audit *a, struct td_note *t, uint64_t pa);

/* td.c, sept.c, locks.c: TDRs and what hangs on them; a TD's trees; who holds what. */
void audit_read_tds(struct audit *a);
void audit_control_pages(struct audit *a);
void audit_keys(struct audit *a);
void audit_trees(struct audit *a, struct td_note *t);
void audit_locks(struct audit *a);

/* All of it. False: no memory. */
bool audit_all(struct audit *a);
void audit_free(struct audit *a);

#endif
