// SPDX-License-Identifier: MIT
/*
 * How one of the pair is built or made an empty destination, and how it is torn down.
 */
#include "pair.h"

#define ATTR_MIGRATABLE (1ull << 29)

/* ---- building ---- */

ONE_CALL(create, CALL(w, LEAF_TDH_MNG_CREATE, t->tdr, t->hkid))

static uint64_t key_config(struct worker *w, struct side *t, unsigned i)
{
	w->lp = i;
	return CALL(w, LEAF_TDH_MNG_KEY_CONFIG, t->tdr);
}

ONE_CALL(addcx, CALL(w, LEAF_TDH_MNG_ADDCX, t->page[AT_TDCX + i], t->tdr))

static uint64_t init(struct worker *w, struct side *t, unsigned i)
{
	(void)i;
	stress_poke(w, PARAMS(w), ATTR_MIGRATABLE);
	return CALL(w, LEAF_TDH_MNG_INIT, t->tdr, PARAMS(w));
}

static uint64_t prebind(struct worker *w, struct side *t, unsigned i)
{
	(void)i;
	mem_host_write(&w->s->b->p->mem, w->lp, OUT(w), w->s->pair->migtd_hash,
		       sizeof(w->s->pair->migtd_hash));
	return CALL(w, LEAF_TDH_SERVTD_PREBIND, t->tdr, OUT(w), 0, 0, SERVTD_ATTRIBUTES);
}

static uint64_t bind(struct worker *w, struct side *t, unsigned i)
{
	uint64_t st =
		CALL(w, LEAF_TDH_SERVTD_BIND, t->tdr, w->s->tdr[MIGTD], 0, 0, SERVTD_ATTRIBUTES);

	(void)i;
	if (!st)
		atomic_store(&t->handle, w->regs.gpr[GPR_RCX]);
	for (unsigned k = 0; k < 4 && !st; k++)
		atomic_store(&t->uuid[k], w->regs.gpr[GPR_R10 + k]);
	return st;
}

ONE_CALL(stream, CALL(w, LEAF_TDH_MIG_STREAM_CREATE, t->page[AT_STREAM + i], t->tdr))
PAIR_STEP(pair_vp_create, CALL(w, LEAF_TDH_VP_CREATE, t->page[AT_TDVPR], t->tdr))
PAIR_STEP(pair_vp_addcx, CALL(w, LEAF_TDH_VP_ADDCX, t->page[AT_TDVPS + i], t->page[AT_TDVPR]))
ONE_CALL(vp_init, CALL(w, LEAF_TDH_VP_INIT, t->page[AT_TDVPR]))
ONE_CALL(vp_flush, CALL(w, LEAF_TDH_VP_FLUSH, t->page[AT_TDVPR]))
PAIR_STEP(pair_table, CALL(w, LEAF_TDH_MEM_SEPT_ADD, LEVELS - i, t->tdr, t->page[AT_TABLE + i]))
ONE_CALL(page_add, CALL(w, LEAF_TDH_MEM_PAGE_ADD, (uint64_t)i << 12, t->tdr, t->page[AT_MEMORY + i],
			ADDED(w)))
ONE_CALL(extend, CALL(w, LEAF_TDH_MR_EXTEND, i * 256ull, t->tdr))
ONE_CALL(finalize, CALL(w, LEAF_TDH_MR_FINALIZE, t->tdr))

const struct step pair_build[] = {
	{ create, SOURCE, 1, MUST },
	{ key_config, SOURCE, PACKAGES, MUST },
	{ addcx, SOURCE, TDCX_PAGES, MAY },
	{ init, SOURCE, 1, MUST },
	{ prebind, SOURCE, 1, MAY },
	{ bind, SOURCE, 1, MUST },
	{ stream, SOURCE, STREAMS, MUST },
	{ pair_vp_create, SOURCE, 1, MAY },
	{ pair_vp_addcx, SOURCE, TDVPS_PAGES, MAY },
	{ vp_init, SOURCE, 1, MAY },
	{ vp_flush, SOURCE, 1, MUST },
	{ pair_table, SOURCE, LEVELS, MAY },
	{ page_add, SOURCE, SHARED_GPAS, MAY },
	{ extend, SOURCE, 16, MAY },
	{ finalize, SOURCE, 1, MAY },
	{ 0 },
};

const struct step pair_make_target[] = {
	{ create, TARGET, 1, MUST },	    { key_config, TARGET, PACKAGES, MUST },
	{ addcx, TARGET, TDCX_PAGES, MAY }, { bind, TARGET, 1, MUST },
	{ stream, TARGET, STREAMS, MUST },  { 0 },
};

/* ---- teardown ---- */

/* Also where the key was not configured yet. */
ONE_CALL(configure, key_config(w, t, i))

static uint64_t is_free(struct worker *w, uint64_t page)
{
	uint64_t st = CALL(w, LEAF_TDH_PHYMEM_PAGE_RDMD, page);

	if (st)
		return st;
	return w->regs.gpr[GPR_RCX] == PT_NDA ? TDX_SUCCESS : TDX_OPERAND_BUSY;
}

static uint64_t vpflushdone(struct worker *w, struct side *t, unsigned i)
{
	uint64_t st = CALL(w, LEAF_TDH_MNG_VPFLUSHDONE, t->tdr);

	(void)i;
	return TDX_STATUS_CODE(st) == TDX_LIFECYCLE_STATE_INCORRECT || !is_free(w, t->tdr)
		       ? TDX_SUCCESS
		       : st;
}

static uint64_t free_key(struct worker *w, struct side *t, unsigned i)
{
	uint64_t st = CALL(w, LEAF_TDH_MNG_KEY_FREEID, t->tdr);

	(void)i;
	for (w->lp = PACKAGES; st && w->lp--;)
		CALL(w, LEAF_TDH_PHYMEM_CACHE_WB, 0);
	w->lp = 0;
	return TDX_STATUS_CODE(st) == TDX_LIFECYCLE_STATE_INCORRECT || !is_free(w, t->tdr)
		       ? TDX_SUCCESS
		       : st;
}

static uint64_t reclaim(struct worker *w, struct side *t, unsigned i)
{
	CALL(w, LEAF_TDH_PHYMEM_PAGE_RECLAIM, t->page[i]);
	return is_free(w, t->page[i]);
}

/* Others may have given it pages of theirs, large ones that were split among them. */
static uint64_t reclaim_tdr(struct worker *w, struct side *t, unsigned i)
{
	const struct shared *s = w->s;

	(void)i;
	if (!CALL(w, LEAF_TDH_PHYMEM_PAGE_RECLAIM, t->tdr) || !is_free(w, t->tdr))
		return TDX_SUCCESS;
	for (unsigned k = 0; k < POOL; k++)
		CALL(w, LEAF_TDH_PHYMEM_PAGE_RECLAIM, s->page[k]);
	for (unsigned k = 0; k < LARGE * 512; k++)
		CALL(w, LEAF_TDH_PHYMEM_PAGE_RECLAIM, s->large[k / 512] + (k % 512ull << 12));
	return TDX_OPERAND_BUSY;
}

#define TEARDOWN(who)                                                                              \
	{ configure, who, PACKAGES, MAY }, { vpflushdone, who, 1, IN_THE_END },                    \
		{ free_key, who, 1, IN_THE_END }, { reclaim, who, PAGES_EACH, IN_THE_END },        \
	{                                                                                          \
		reclaim_tdr, who, 1, IN_THE_END                                                    \
	}
const struct step pair_leave_source[] = { TEARDOWN(SOURCE), { 0 } };
const struct step pair_leave_target[] = { TEARDOWN(TARGET), { 0 } };
const struct step pair_leave_both[] = { TEARDOWN(SOURCE), TEARDOWN(TARGET), { 0 } };
