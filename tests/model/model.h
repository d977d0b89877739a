/* SPDX-License-Identifier: MIT */
/*
 * A small model of what the specification says of TDs, their pages and keys: two TDs with one vCPU
 * each, some pages, a few guest addresses. It says how a call ends and what is so afterwards. It
 * knows nothing of the module: no code, no table, no layout of it.
 */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define TDS	 2
#define HKIDS	 3
#define PACKAGES 2
#define LPS	 4
#define PLAIN	 42 /* 4 KiB pages by themselves */
#define CHUNKS	 2  /* 2 MiB of memory each; of its 4 KiB pages three are looked at */
#define PARTS	 3
#define PAGES	 (PLAIN + CHUNKS * PARTS)
#define REGIONS	 2 /* 2 MiB of guest addresses each, three 4 KiB pages looked at */
#define GPAS	 (REGIONS * PARTS)
#define NONE	 (-1)

enum op_kind {
	OP_CREATE,
	OP_KEY_CONFIG,
	OP_ADDCX,
	OP_INIT,
	OP_VP_CREATE,
	OP_VP_ADDCX,
	OP_VP_INIT,
	OP_SEPT_ADD,
	OP_PAGE_ADD,
	OP_EXTEND,
	OP_FINALIZE,
	OP_AUG,
	OP_BLOCK,
	OP_UNBLOCK,
	OP_TRACK,
	OP_REMOVE,
	OP_RELOCATE,
	OP_DEMOTE,
	OP_PROMOTE,
	OP_SEPT_REMOVE,
	OP_ENTER,
	OP_EXIT,
	OP_ACCEPT,
	OP_GUEST_WRITE,
	OP_FLUSH,
	OP_FLUSHDONE,
	OP_CACHE_WB,
	OP_FREEID,
	OP_RECLAIM,
	OP_HOST_CLEAR,
	OP_KINDS
};

/* One call; what a kind does not need is not looked at. */
struct op {
	uint8_t kind, td, page, gpa, level, lp, hkid;
};

/* How it ends. */
enum outcome {
	SKIPPED, /* makes no sense here: not done */
	OK,	 /* success */
	NOTED,	 /* success of a kind: there was nothing to do */
	REFUSED,
	ENTERED, /* in the guest now */
	LEFT,	 /* the guest's call ends with an EPT violation for the host */
};

enum page_is { IS_FREE, IS_TDR, IS_TDCX, IS_TDVPR, IS_EPT, IS_REG };

struct m_page {
	enum page_is is;
	int td;
	int fill;    /* byte that all of it holds for its TD, NONE: not known */
	bool secret; /* a guest wrote here; nobody cleared it since */
	int clear;   /* byte that all of it holds for the host, NONE: not known */
};

/* Memory of 2 MiB. */
struct m_chunk {
	int whole; /* the TD whose page it is as one, NONE */
	int rest;  /* the TD whose pages those parts are that are not looked at, NONE */
};

enum entry_is { E_FREE, E_TABLE, E_PAGE };

struct m_entry {
	enum entry_is is;
	bool pending, blocked;
	int page; /* of the table, of the page, or the chunk of a large page */
	uint64_t bepoch;
	int rest; /* a table: the chunk whose parts hang in its other entries, NONE */
	bool rest_pending;
};

enum life { LIFE_ASSIGNED, LIFE_CONFIGURED, LIFE_BLOCKED, LIFE_TEARDOWN };
enum op_state { STATE_UNINITIALIZED, STATE_INITIALIZED, STATE_RUNNABLE };

struct m_td {
	int tdr; /* its page, NONE: no such TD */
	int hkid;
	enum life life;
	unsigned keys; /* packages that have the key */
	unsigned tdcx;
	enum op_state state;
	unsigned children;
	int vcpu; /* page of its TDVPR, NONE */
	unsigned vcpu_pages;
	bool vcpu_ready;
	int on; /* the processor that the vCPU is associated with, NONE */
	bool inside;
	uint64_t entered; /* in this epoch */
	uint64_t epoch;
	struct m_entry entry[4][GPAS]; /* by level; above level 0 by region, above level 1 one */
};

enum hkid_is { HKID_FREE, HKID_ASSIGNED, HKID_FLUSHED };

struct model {
	struct m_page page[PAGES];
	struct m_chunk chunk[CHUNKS];
	struct m_td td[TDS];
	enum hkid_is hkid[HKIDS];
	unsigned unwritten[HKIDS]; /* packages whose caches may hold lines of it */
};

void model_init(struct model *m);
enum outcome model_predict(const struct model *m, const struct op *op);
/* After the call ended as predicted. */
void model_apply(struct model *m, const struct op *op);

/* The entry of an address at a level. */
const struct m_entry *model_entry(const struct m_td *t, unsigned gpa, unsigned level);
/* Whether a walk gets to that level. */
bool model_reached(const struct m_td *t, unsigned gpa, unsigned level);
/* Where the guest reads and writes at this address: a page, NONE if it can't. */
int model_translate(const struct m_td *t, unsigned gpa);
/* The chunk that a page lies in as part of a page of 2 MiB, NONE. */
int model_covered(const struct model *m, int page);
/* What describes the page. */
enum page_is model_page(const struct model *m, int page, int *td, bool *large);
/* All that a TD needs for its memory to be touched: keys and control structure. */
bool model_works(const struct m_td *t);

#endif
