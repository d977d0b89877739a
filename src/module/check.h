/* SPDX-License-Identifier: MIT */
/*
 * The checks that a leaf's row lists, as the generated table (gen/checks.c) holds them. See abi/README.md for the
 * lines of abi/tdh.abi and tdg.abi that they come from.
 */
#ifndef SEAMLESS_MODULE_CHECK_H
#define SEAMLESS_MODULE_CHECK_H

#include "gen/checks.h"
#include "module/call.h"

enum check_op {
	CHECK_END,
	CHECK_TDR,              /* reg, mode */
	CHECK_TDVPR,            /* reg, mode */
	CHECK_OWNER_TDR,        /* mode: the TDR that owns the TDVPR */
	CHECK_PAGE,             /* reg, mode, arg = page type */
	CHECK_PAGE_AT_LEVEL,    /* reg: free memory of the size of the level operand */
	CHECK_TD_STATE,         /* mode of the op_state lock */
	CHECK_TDVPS_COMPLETE,
	CHECK_VCPU_ASSOCIATE,   /* arg: also a disabled vCPU */
	CHECK_GPA_LEVEL,        /* reg, mode = lowest level, arg = highest, LEVEL_ROOT: that of the root */
	CHECK_SEPT_WALK,        /* reg, mode of the tree lock */
	CHECK_SEPT_ENTRY_LOCK,  /* reg */
	CHECK_SEPT_STATE,       /* reg */
	CHECK_TLB_TRACKED,      /* reg: blocked and tracked where that is required */
	CHECK_SHARED,           /* reg, arg = log2 of the alignment */
	CHECK_LOCK,             /* mode, arg = enum check_lock */
	CHECK_CALL,             /* fn */
};

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

struct check {
	uint8_t op; /* enum check_op */
	uint8_t reg;
	uint8_t mode;
	uint8_t arg;
	leaf_fn fn;
};

#define LEAVES_HOST 128
#define LEAVES_GUEST 64

/* By number; rows without a name are leaves that are not there. */
extern const struct leaf leaves_host[LEAVES_HOST];
extern const struct leaf leaves_guest[LEAVES_GUEST];

/* Runs a row's checks in order: the status of the first that ends the call, 0 if none does. */
uint64_t check_run(struct call *c, const struct check *row);

/* Whether the BEPOCH of a PAMT entry has been tracked: no vCPU can still use translations from before the block. */
bool tlb_tracked(const struct td *td, uint64_t bepoch);

#endif
