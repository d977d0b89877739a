/* SPDX-License-Identifier: MIT */
/*
 * The physical address metadata table: one 16-byte entry per page of each size, in the memory that the host donated
 * with TDH.SYS.CONFIG. One size is valid for each address: a lookup walks 1G, 2M, 4K and an entry that is free (NDA)
 * at a larger size defers to the next smaller one.
 */
#ifndef SEAMLESS_MODULE_PAMT_H
#define SEAMLESS_MODULE_PAMT_H

#include <stdbool.h>
#include <stdint.h>
#include "gen/structures.h"
#include "module/lock.h"

struct module;
struct call;

#define NUM_PAGE_SIZES 3
#define PAGE_SIZE_OF(level) (1ull << (12 + 9 * (level)))
#define PAGE_BYTES 4096u

/* Epoch of the last BLOCK, or with bit 63 the migration epoch of a page under import. */
#define BEPOCH_MIG_FLAG (1ull << 63)

struct pamt_entry {
	uint16_t lock; /* with host priority */
	uint8_t type;
	uint8_t owner[5]; /* TDR physical address, bits 51:12 */
	uint64_t bepoch;
};

/* A page whose PAMT entry was found. */
struct page_ref {
	uint64_t pa;
	struct pamt_entry *pamt;
	enum page_size level; /* the size at which the page is described */
};

/* Where the PAMT describes a page in each size: always there, once TDH.SYS.TDMR.INIT came by. */
struct pamt_path {
	uint64_t pa;
	struct pamt_entry *entry[NUM_PAGE_SIZES];
};

/* False outside the initialised TDMRs. */
bool pamt_find(const struct module *m, uint64_t pa, struct pamt_path *path);

static inline bool pamt_is_free(const struct pamt_entry *e)
{
	return __atomic_load_n(&e->type, __ATOMIC_SEQ_CST) == PT_NDA;
}

static inline bool pamt_open(const struct pamt_entry *e)
{
	return !lock_held(&e->lock, LOCK_BIT_EXCLUSIVE) && pamt_is_free(e);
}

/*
 * Whoever locks an entry holds the larger ones around it shared. They need not be written for that: it is enough that
 * nobody has one exclusively, and that who takes a large one exclusively finds no lock inside.
 */
static inline bool pamt_open_around(const struct pamt_path *path, enum page_size level)
{
	return (level > PAGE_SIZE_4K || pamt_open(path->entry[PAGE_SIZE_2M])) &&
	       (level > PAGE_SIZE_2M || pamt_open(path->entry[PAGE_SIZE_1G]));
}

uint64_t pamt_owner(const struct pamt_entry *e);
/* The page is free: its owner and BEPOCH stay to be read by TDH.PHYMEM.PAGE.RDMD. */
void pamt_free(struct pamt_entry *e);
/* @bepoch: 0 for what was never blocked; what TDH.MEM.PAGE.DEMOTE and PROMOTE make keeps what its entry held. */
void pamt_set(struct pamt_entry *e, enum page_type type, uint64_t owner, uint64_t bepoch);

/* The entry of @pa at exactly this size, NULL outside the initialised TDMRs. */
struct pamt_entry *pamt_at(const struct module *m, uint64_t pa, enum page_size level);

/* The TDMR around @pa, NULL if there is none. */
struct tdmr;
const struct tdmr *tdmr_of(const struct module *m, uint64_t pa);

/*
 * Locks the entry that describes the page, of @smallest or larger, in @mode, and so those above it shared: fills @ref.
 * Or why not, of @operand.
 */
uint64_t pamt_lock(struct call *c, unsigned operand, uint64_t pa, enum page_size smallest, enum lock_mode mode,
		   struct page_ref *ref);

/* All PAMT entries of a large page between its description as one page and as 512 smaller ones. */
void pamt_demote(const struct module *m, const struct page_ref *large, uint64_t owner);
void pamt_promote(const struct module *m, const struct page_ref *large, uint64_t owner);

#endif
