/* SPDX-License-Identifier: MIT */
/*
 * The control structures of a TD as they lie in its pages: TDR, TDCS (page k is TDR.tdcx_pa[k]) and TDVPS (page 0 is
 * the TDVPR page, page k is TDVPS.page_pa[k]).
 *
 * gen/layout.h has their members: each field stands at the offset of the metadata tables, so that reading metadata is
 * reading memory; fields of our own fill gaps (abi/layout.abi).
 */
#ifndef SEAMLESS_MODULE_TD_H
#define SEAMLESS_MODULE_TD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gen/layout.h"
#include "gen/leaves.h"
#include "gen/metadata.h"
#include "gen/structures.h"
#include "module/pamt.h"
#include "platform/regs.h"

struct module;

#define NUM_OP_STATES (OP_STATE_FAILED_IMPORT + 1)
#define LPID_NONE 0xFFFFFFFFu

#define SERVTD_SLOTS 1u
#define SERVTD_TYPE_MIGTD 0
#define TDCS_XBUFF_COMPONENTS 19

/* A TD whose TDR was found. tdcs is NULL until six TDCX pages are there, and when its key is gone. */
struct td {
	uint64_t pa;
	struct tdr *tdr;
	struct tdcs *tdcs;
};

struct vcpu {
	uint64_t pa;
	struct tdvps *vps;
};

/* Fills @td from the address of a page that is known to be a TDR. */
void td_load(const struct module *m, uint64_t tdr_pa, struct td *td);
void vcpu_load(const struct module *m, uint64_t tdvpr_pa, struct vcpu *vp);

/* TDVPS fields of a new or imported vCPU that follow from the TD: L2 controls, masks and shadows. */
void vcpu_init_fields(const struct module *m, const struct td *td, struct tdvps *vps);

static inline bool td_debug(const struct td *td)
{
	return td->tdcs->attributes & TD_ATTR_DEBUG;
}

/* The GPA bit that tells shared from private, and the number of GPA bits. */
static inline uint64_t td_shared_bit(const struct td *td)
{
	return 1ull << (td->tdcs->gpaw ? 51 : 47);
}

static inline unsigned td_gpa_width(const struct td *td)
{
	return td->tdcs->gpaw ? 52 : 48;
}

/* Whether a GPA has no bit but those below the shared one. */
static inline bool td_gpa_private(const struct td *td, uint64_t gpa)
{
	return !(gpa >> (td_gpa_width(td) - 1));
}

/* TD_EPOCH, which TRACK may advance at any time but for who holds the epoch lock. */
static inline uint64_t td_epoch(const struct td *td)
{
	return __atomic_load_n(&td->tdcs->epoch, __ATOMIC_ACQUIRE);
}

static inline bool op_state_tracks(enum op_state s)
{
	return s == OP_STATE_RUNNABLE || s == OP_STATE_LIVE_EXPORT || s == OP_STATE_LIVE_IMPORT;
}

void td_add_children(struct td *td, int64_t pages);

#endif
