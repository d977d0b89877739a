/* SPDX-License-Identifier: MIT */
/*
 * The secure EPT: the table of a TD's private memory, in pages of type PT_EPT below the root in the TDCS.
 *
 * An entry's state is spread over seven of its bits. Level 0 is the entry of a 4K page, 1 of 2M, 2 of 1G and so on;
 * the entry of level L points to a page or to the table of level L-1.
 */
#ifndef SEAMLESS_MODULE_SEPT_H
#define SEAMLESS_MODULE_SEPT_H

#include <stdbool.h>
#include <stdint.h>
#include "gen/sept.h"
#include "module/td.h"

struct call;
/* The order is that of the bits of a set of states (SEPT_SET). */
#define SEPT_SET(state) (1u << (state))
/* States in which the guest may read, and those that it can accept; gen/sept.h has more sets. */
#define SEPT_GUEST_READ SEPT_GUEST_ACCESSIBLE_LEAF
#define SEPT_ACCEPTABLE SEPT_ANY_PENDING_AND_GUEST_ACCEPTABLE

/* Where a walk ended. */
struct sept_ref {
	uint64_t *entry;
	uint64_t value; /* as read; the lock and host-priority bits masked out */
	unsigned level; /* of the entry reached, >= the level asked for */
	uint64_t gpa;   /* the GPA walked to, aligned to the level reached */
	enum sept_state state; /* not beside the level: who looks at both would read what two stores wrote */
};

#define SEPT_LEVEL_MAX 4u
/* Level of the entries in the root table: 3, or 4 with a five-level tree. */
static inline unsigned sept_root_level(const struct td *td)
{
	return (td->tdcs->eptp >> 3) & 7;
}

/* Walks to the entry of @gpa at @level, or to the first one above it that is not a mapped table. */
void sept_walk(const struct module *m, const struct td *td, uint64_t gpa, unsigned level, struct sept_ref *out);

/*
 * Where a logical processor's last walk to level 0 ended, so that the next one in the same table starts there: until any
 * table is taken out of a tree (module.tables_gone).
 */
struct sept_near {
	uint64_t td, block, gone;
	uint64_t *table;
};

/* Walks to c->gpa at c->level: c->sept. */
void sept_walk_call(struct call *c);

/* Reads an entry again, e.g. once its lock is held. */
void sept_reload(struct sept_ref *ref);

enum sept_state sept_state_of(uint64_t entry);

/* The entry and its information as SEPT.RD and the errors return them (RCX and RDX). */
uint64_t sept_public_entry(uint64_t entry);
uint64_t sept_public_info(uint64_t entry, unsigned level);

/* Replaces the entry of c->sept, keeping the lock bit as it stands. */
void sept_write(struct call *c, uint64_t value);

/* The memory that an entry maps: a pending large page may hold the progress of its acceptance below its address. */
uint64_t sept_pa(const struct sept_ref *ref);

/* The new value of an entry in state @s that maps @pa (a table for NL_MAPPED). */
uint64_t sept_make(enum sept_state s, uint64_t pa);
/* A REMOVED entry remembers the migration epoch of its removal. */
uint64_t sept_make_removed(uint32_t mig_epoch);
bool sept_removal_epoch(uint64_t entry, uint32_t *mig_epoch);
/* The same mapping in another state. */
uint64_t sept_with_state(uint64_t entry, enum sept_state s);

/* The state that a change gives. */
static inline enum sept_state sept_after(enum sept_state s, enum sept_change change)
{
	return (enum sept_state)sept_states[s].to[change];
}

/* A table that maps nothing. */
void sept_table_fill(uint64_t *table);

/* Entry lock; host attempts that fail leave the host-priority bit, guest attempts fail while it is set. */
bool sept_try_lock(uint64_t *entry, bool guest);
void sept_unlock(uint64_t *entry);

#endif
