/* SPDX-License-Identifier: MIT */
/*
 * A migratable TD with a little memory, an empty TD that is to become it, and a migration TD bound to both: the keys
 * are exchanged, the streams created.
 */
#ifndef TESTS_MODULE_MIG_BOX_H
#define TESTS_MODULE_MIG_BOX_H

#include "box.h"

#define FIELD_MIG_ENC_KEY 0x9810000300000018ull
#define FIELD_OP_STATE	  0x9010000200000004ull
#define FIELD_ATTRIBUTES  0x1110000300000000ull
#define MIG_PAGES 3u             /* of the source, from GPA 0 on; the last is pending */
#define MIG_BYTE(i) (0x40 + (i)) /* what the others are filled with */
#define MIG_MBMD (BOX_HOST + 0x100000)
#define MIG_LIST (BOX_HOST + 0x101000)
#define MIG_GPAS (BOX_HOST + 0x102000)
#define MIG_MACS (BOX_HOST + 0x103000)
#define MIG_NEW (BOX_HOST + 0x104000)
#define MIG_BUFFERS (BOX_HOST + 0x110000) /* 16 pages */

struct mig_td {
	uint64_t tdr, vp;
	uint64_t handle, uuid[4]; /* for the migration TD */
};

struct mig_box {
	struct box *b;
	struct mig_td src, dst;
	uint64_t migtd_vp;
	bool interrupts; /* every leaf that can be is interrupted after each step */
	unsigned pages;  /* that the last export of state used */
	/* or NULL: makes the call of b->regs; one that is refused for what passes is made again
	 * then */
	enum module_where (*seamcall)(struct mig_box *m);
	uint64_t buffer[MIG_PAGES]; /* for memory: where an import in place may leave it */
};

void mig_open(struct mig_box *m);
/* The same on a platform with these further lines. */
void mig_open_on(struct mig_box *m, const char *more_config);
/* In a box that nothing has happened in, which becomes the mig_box's. */
void mig_open_in(struct mig_box *m, struct box *b);
void mig_close(struct mig_box *m);

/* The migration TD gives each TD the other's key, as once in mig_open(). */
void mig_exchange_keys(struct mig_box *m);

/* A call with RCX, RDX, R8 to R13 from @in; goes on when interrupted. */
uint64_t mig_call(struct mig_box *m, uint64_t leaf, const uint64_t in[8]);
/* TDCALL of the migration TD about @td: field, value. Returns RAX, the value in b->regs R8. */
uint64_t mig_tdcall(struct mig_box *m, const struct mig_td *td, uint64_t leaf, uint64_t field, uint64_t value);

/* One bundle each: export from the source, import into the destination. */
uint64_t mig_export_state(struct mig_box *m, uint64_t leaf, uint64_t object);
uint64_t mig_import_state(struct mig_box *m, uint64_t leaf, uint64_t object);
/* All pages with operation @op (GPA_LIST_OP_*). */
uint64_t mig_export_mem(struct mig_box *m, unsigned op);
uint64_t mig_import_mem(struct mig_box *m, bool in_place);

/* Paused: all of the source in the destination, which is then runnable. */
void mig_all(struct mig_box *m, bool in_place);
/* The destination's tables for these pages. */
void mig_add_tables(struct mig_box *m);

/* The TD is the same there as it was here, and can be entered. */
void mig_check_arrival(struct mig_box *m);
/* The page that a TD has there, and the state of its S-EPT entry. */
uint64_t mig_page_of(struct mig_box *m, uint64_t tdr, uint64_t gpa, uint64_t *state);

uint64_t mig_peek(struct mig_box *m, uint64_t pa);
void mig_poke(struct mig_box *m, uint64_t pa, uint64_t value);
uint64_t mig_md(struct mig_box *m, uint64_t tdr, uint64_t field);

#endif
