/* SPDX-License-Identifier: MIT */
/*
 * What the generated checks of the leaves (gen/checks.c) are made of, beside those that module/call.h has. See
 * abi/README.md for the lines of abi/tdh.abi and tdg.abi that they come from.
 */
#ifndef SEAMLESS_MODULE_CHECK_H
#define SEAMLESS_MODULE_CHECK_H

#include "gen/checks.h"
#include "module/call.h"

/* A lock of an object that no operand names: where its word is, and what a refusal says. */
struct named_lock {
	bool of_td; /* the word is in the TDCS, else in the module's own memory */
	uint8_t kind; /* enum held_kind */
	uint32_t offset, per_package;
	uint64_t busy;
	const char *what;
};

extern const struct named_lock named_locks[NUM_CHECK_LOCKS];

#define LEVEL_ROOT 7

#define LEAVES_HOST 128
#define LEAVES_GUEST 64

/* By number; rows without a name are leaves that are not there. */
extern const struct leaf leaves_host[LEAVES_HOST];
extern const struct leaf leaves_guest[LEAVES_GUEST];

/* ---- checks that only a leaf's table names ---- */

/* GPR @reg holds free memory of the size of c->level: nothing in use at that size nor at any smaller one. Fills c->page. */
uint64_t check_page_at_level(struct call *c, unsigned reg);
/* The state of c->sept is in c->leaf->sept_states. */
uint64_t check_sept_state(struct call *c, unsigned reg);
/* What c->sept maps is blocked and tracked where that is required. */
uint64_t check_tlb_tracked(struct call *c, unsigned reg);

/* Whether the BEPOCH of a PAMT entry has been tracked: no vCPU can still use translations from before the block. */
bool tlb_tracked(const struct td *td, uint64_t bepoch);

#endif
