/* SPDX-License-Identifier: MIT */
/*
 * The secure EPT of an L2 VM: aliases of pages that the TD's own secure EPT maps, with attributes of their own. Its
 * root is a TDCS page, its tables are of type PT_EPT, and an L1 entry says by a bit per VM which aliases it has.
 */
#ifndef SEAMLESS_MODULE_SEPT_L2_H
#define SEAMLESS_MODULE_SEPT_L2_H

#include <stdbool.h>
#include <stdint.h>
#include "module/sept.h"

struct call;

/* In an entry of L1: VM 1 to 3 have an alias. */
#define SEPT_ALIAS(vm) (1ull << (57 + (vm)))

/* GPA attributes of one VM, as TDG.MEM.PAGE.ATTR.* packs them. */
#define GPA_ATTR_RWX (GPA_ATTR_R | GPA_ATTR_W | GPA_ATTR_XS | GPA_ATTR_XU)

struct l2_ref {
	uint64_t *entry;
	uint64_t value;
	unsigned level; /* reached */
	unsigned vm;
};

enum l2_sept_state sept_l2_state(uint64_t entry);

/*
 * Walks to the alias of @gpa at @level; false if the walk ends above. @past_blocked: also through blocked tables, as
 * calls of the guest do.
 */
bool sept_l2_walk(const struct module *m, const struct td *td, unsigned vm, uint64_t gpa, unsigned level,
		  bool past_blocked, struct l2_ref *out);

void sept_l2_write(struct l2_ref *ref, uint64_t value);

/* Entry values: a page with these attributes, a table, and the same blocked or not. */
uint64_t sept_l2_leaf(uint16_t attr, uint64_t pa, bool blocked);
uint64_t sept_l2_table(uint64_t pa);
/* @blockedw: L1 is blocked for writing, so that W was saved before. */
uint64_t sept_l2_block(uint64_t entry, bool blockedw);
uint64_t sept_l2_unblock(uint64_t entry);

/* The attributes of an entry; 0 but for SVE where it is free. */
uint16_t sept_l2_attr(uint64_t entry, bool blockedw);

/* RCX and RDX of a refusal that concerns this entry. */
void sept_l2_put(struct call *c, const struct l2_ref *ref);

/*
 * Whether the entry of L1 at c->sept says that the VM has an alias, which then is there; for calls of the guest under a
 * table that may be blocked since.
 */
bool sept_l2_alias(const struct call *c, unsigned vm, struct l2_ref *ref);
/* Applies to the alias of c->sept in every L2 VM that has one. */
void sept_l2_for_aliases(struct call *c, uint64_t (*change)(struct call *c, uint64_t entry));
uint64_t sept_l2_unblock_alias(struct call *c, uint64_t entry);
/* GPA_ATTR of c->sept: those of VM 1 to 3 in 16 bits each, above what belongs to L1. */
uint64_t sept_l2_attributes(const struct call *c, bool blockedw);

#endif
