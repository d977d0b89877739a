// SPDX-License-Identifier: MIT
/*
 * The model: for each call, what must hold for it, and what it changes. Each function is a sentence
 * or two of the specification.
 */
#include "model.h"

#include <string.h>

#define TDCS_PAGES 6u
#define VCPU_PAGES 6u

void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	for (int i = 0; i < PAGES; i++)
		m->page[i] = (struct m_page){ .is = IS_FREE, .td = NONE, .fill = NONE, .clear = 0 };
	for (int i = 0; i < CHUNKS; i++)
		m->chunk[i] = (struct m_chunk){ NONE, NONE };
	for (int i = 0; i < TDS; i++)
		m->td[i] = (struct m_td){ .tdr = NONE, .vcpu = NONE, .on = NONE };
}

/* ---- where things are ---- */

static unsigned slot(unsigned gpa, unsigned level)
{
	return level == 0 ? gpa : level == 1 ? gpa / PARTS : 0;
}

const struct m_entry *model_entry(const struct m_td *t, unsigned gpa, unsigned level)
{
	return &t->entry[level][slot(gpa, level)];
}

/* The walk goes through tables that are not blocked. */
bool model_reached(const struct m_td *t, unsigned gpa, unsigned level)
{
	for (unsigned above = 3; above > level; above--) {
		const struct m_entry *e = model_entry(t, gpa, above);

		if (e->is != E_TABLE || e->blocked)
			return false;
	}
	return true;
}

int model_translate(const struct m_td *t, unsigned gpa)
{
	const struct m_entry *e = model_entry(t, gpa, 1);

	if (!model_reached(t, gpa, 1))
		return NONE;
	if (e->is == E_PAGE && !e->blocked && !e->pending)
		return PLAIN + e->page * PARTS + (int)(gpa % PARTS);
	e = model_entry(t, gpa, 0);
	return model_reached(t, gpa, 0) && e->is == E_PAGE && !e->blocked && !e->pending ? e->page
											 : NONE;
}

static int chunk_of(int page)
{
	return page < PLAIN ? NONE : (page - PLAIN) / PARTS;
}

int model_covered(const struct model *m, int page)
{
	int c = chunk_of(page);

	return c != NONE && m->chunk[c].whole != NONE ? c : NONE;
}

enum page_is model_page(const struct model *m, int page, int *td, bool *large)
{
	int c = model_covered(m, page);

	*large = c != NONE;
	*td = *large ? m->chunk[c].whole : m->page[page].td;
	return *large ? IS_REG : m->page[page].is;
}

static bool page_free(const struct model *m, int page)
{
	return model_covered(m, page) == NONE && m->page[page].is == IS_FREE;
}

static bool chunk_free(const struct model *m, int c)
{
	for (int i = 0; i < PARTS; i++) {
		if (!page_free(m, PLAIN + c * PARTS + i))
			return false;
	}
	return m->chunk[c].rest == NONE;
}

bool model_works(const struct m_td *t)
{
	return t->tdr != NONE && t->life == LIFE_CONFIGURED && t->tdcx >= TDCS_PAGES;
}

static bool in_state(const struct m_td *t, bool initialized, bool runnable)
{
	return model_works(t) && ((initialized && t->state == STATE_INITIALIZED) ||
				  (runnable && t->state == STATE_RUNNABLE));
}

/* Nobody can have an old translation: the epoch has moved on, and who entered before that has left.
 */
static bool tracked(const struct m_td *t, const struct m_entry *e)
{
	return e->bepoch < t->epoch && !(t->inside && t->entered <= e->bepoch);
}

/* What is taken from a TD that can run must be blocked and tracked. */
static bool may_go(const struct m_td *t, const struct m_entry *e)
{
	return t->state != STATE_RUNNABLE || (e->blocked && tracked(t, e));
}

/* ---- building ---- */

static enum outcome if_so(bool so)
{
	return so ? OK : REFUSED;
}

static enum outcome p_create(const struct model *m, const struct op *op)
{
	bool can = page_free(m, op->page) && m->hkid[op->hkid] == HKID_FREE;

	return can && m->td[op->td].tdr != NONE ? SKIPPED : if_so(can);
}

static enum outcome p_key_config(const struct m_td *t, unsigned package)
{
	if (t->tdr == NONE || t->life != LIFE_ASSIGNED)
		return REFUSED;
	return t->keys & 1u << package ? NOTED : OK;
}

static enum outcome p_addcx(const struct model *m, const struct m_td *t, const struct op *op)
{
	if (t->tdcx >= TDCS_PAGES)
		return SKIPPED;
	return if_so(t->tdr != NONE && t->life == LIFE_CONFIGURED && page_free(m, op->page));
}

static enum outcome p_vp_create(const struct model *m, const struct m_td *t, const struct op *op)
{
	bool can = in_state(t, true, false) && page_free(m, op->page);

	return can && t->vcpu != NONE ? SKIPPED : if_so(can);
}

static enum outcome p_vp_addcx(const struct model *m, const struct m_td *t, const struct op *op)
{
	bool can = t->vcpu != NONE && in_state(t, true, false) && !t->vcpu_ready &&
		   page_free(m, op->page);

	return can && t->vcpu_pages >= VCPU_PAGES ? SKIPPED : if_so(can);
}

static enum outcome p_vp_init(const struct m_td *t)
{
	return if_so(t->vcpu != NONE && in_state(t, true, false) && !t->vcpu_ready &&
		     t->vcpu_pages >= VCPU_PAGES);
}

/* ---- memory ---- */

static enum outcome p_sept_add(const struct model *m, const struct m_td *t, const struct op *op)
{
	return if_so(op->level && in_state(t, true, true) && model_reached(t, op->gpa, op->level) &&
		     model_entry(t, op->gpa, op->level)->is == E_FREE && page_free(m, op->page));
}

static bool maps_nothing(const struct m_td *t, unsigned gpa, unsigned level)
{
	unsigned first = level == 1 ? gpa / PARTS * PARTS : 0, n = level == 1	? PARTS
								   : level == 2 ? REGIONS
										: 1;

	for (unsigned i = 0; i < n; i++) {
		if (t->entry[level - 1][first + i].is != E_FREE)
			return false;
	}
	return model_entry(t, gpa, level)->rest == NONE;
}

static enum outcome p_sept_remove(const struct m_td *t, const struct op *op)
{
	const struct m_entry *e = model_entry(t, op->gpa, op->level);

	return if_so(op->level && in_state(t, true, true) && model_reached(t, op->gpa, op->level) &&
		     e->is == E_TABLE && may_go(t, e) && maps_nothing(t, op->gpa, op->level));
}

static enum outcome p_page_add(const struct model *m, const struct m_td *t, const struct op *op)
{
	return if_so(in_state(t, true, false) && model_reached(t, op->gpa, 0) &&
		     model_entry(t, op->gpa, 0)->is == E_FREE && page_free(m, op->page));
}

static enum outcome p_extend(const struct m_td *t, const struct op *op)
{
	const struct m_entry *e = model_entry(t, op->gpa, 0);

	return if_so(in_state(t, true, false) && model_reached(t, op->gpa, 0) && e->is == E_PAGE &&
		     !e->pending && !e->blocked);
}

static enum outcome p_aug(const struct model *m, const struct m_td *t, const struct op *op)
{
	if (op->level > 1)
		return REFUSED;
	return if_so(in_state(t, true, true) && model_reached(t, op->gpa, op->level) &&
		     model_entry(t, op->gpa, op->level)->is == E_FREE &&
		     (op->level ? chunk_free(m, op->page % CHUNKS) : page_free(m, op->page)));
}

/* The entry of a call that wants one that is there. */
static const struct m_entry *there(const struct m_td *t, const struct op *op)
{
	const struct m_entry *e = model_entry(t, op->gpa, op->level);

	return in_state(t, true, true) && model_reached(t, op->gpa, op->level) && e->is != E_FREE
		       ? e
		       : NULL;
}

static enum outcome p_block(const struct m_td *t, const struct op *op)
{
	const struct m_entry *e = there(t, op);

	return !e ? REFUSED : e->blocked ? NOTED : OK;
}

static enum outcome p_unblock(const struct m_td *t, const struct op *op)
{
	const struct m_entry *e = there(t, op);

	return if_so(e && e->blocked && may_go(t, e));
}

/* One that entered before the current epoch is waited for. */
static enum outcome p_track(const struct m_td *t)
{
	return if_so(in_state(t, true, true) && !(t->inside && t->entered < t->epoch));
}

static enum outcome p_remove(const struct m_td *t, const struct op *op)
{
	const struct m_entry *e = there(t, op);

	return if_so(e && e->is == E_PAGE && may_go(t, e));
}

static enum outcome p_relocate(const struct model *m, const struct m_td *t, const struct op *op)
{
	const struct m_entry *e = there(t, op);

	return if_so(!op->level && e && e->is == E_PAGE && may_go(t, e) && page_free(m, op->page));
}

static enum outcome p_demote(const struct model *m, const struct m_td *t, const struct op *op)
{
	const struct m_entry *e = there(t, op);

	return if_so(op->level == 1 && e && e->is == E_PAGE && may_go(t, e) &&
		     page_free(m, op->page));
}

/* All parts are there, in place, and alike. */
static bool is_whole(const struct m_td *t, unsigned gpa, const struct m_entry *table)
{
	for (unsigned i = 0; i < PARTS; i++) {
		const struct m_entry *e = &t->entry[0][gpa / PARTS * PARTS + i];

		if (e->is != E_PAGE || e->blocked || e->pending != table->rest_pending ||
		    e->page != PLAIN + table->rest * PARTS + (int)i)
			return false;
	}
	return true;
}

static enum outcome p_promote(const struct m_td *t, const struct op *op)
{
	const struct m_entry *e = there(t, op);

	return if_so(op->level == 1 && e && e->is == E_TABLE && may_go(t, e) && e->rest != NONE &&
		     is_whole(t, op->gpa, e));
}

/* ---- vCPUs ---- */

static bool runs_there(const struct model *m, unsigned lp)
{
	for (int i = 0; i < TDS; i++) {
		if (m->td[i].inside && m->td[i].on == (int)lp)
			return true;
	}
	return false;
}

static enum outcome p_enter(const struct m_td *t, const struct op *op)
{
	if (t->vcpu == NONE || !in_state(t, false, true) || t->inside ||
	    (t->on != NONE && t->on != op->lp))
		return REFUSED;
	return ENTERED;
}

static enum outcome p_accept(const struct m_td *t, const struct op *op)
{
	const struct m_entry *e = model_entry(t, op->gpa, op->level);
	const struct m_entry *above = model_entry(t, op->gpa, 1);

	if (!model_reached(t, op->gpa, op->level)) {
		if (!op->level && model_reached(t, op->gpa, 1) && above->is == E_PAGE &&
		    !above->pending && !above->blocked)
			return NOTED;
		return LEFT;
	}
	if (e->is == E_TABLE)
		return REFUSED;
	if (e->is == E_FREE || e->blocked)
		return LEFT;
	return e->pending ? OK : NOTED;
}

static enum outcome p_guest(const struct m_td *t, const struct op *op)
{
	if (!t->inside)
		return SKIPPED;
	switch (op->kind) {
	case OP_ACCEPT: return op->level > 1 ? SKIPPED : p_accept(t, op);
	case OP_GUEST_WRITE: return if_so(model_translate(t, op->gpa) != NONE);
	default: return OK; /* it is interrupted */
	}
}

/* ---- the end ---- */

static enum outcome p_flush(const struct m_td *t, const struct op *op)
{
	return if_so(t->vcpu != NONE && t->life == LIFE_CONFIGURED && t->on == op->lp &&
		     !t->inside);
}

static enum outcome p_flushdone(const struct m_td *t)
{
	return if_so(t->tdr != NONE && (t->life == LIFE_ASSIGNED || t->life == LIFE_CONFIGURED) &&
		     t->on == NONE);
}

static enum outcome p_cache_wb(const struct model *m)
{
	for (int i = 0; i < HKIDS; i++) {
		if (m->hkid[i] == HKID_FLUSHED)
			return OK;
	}
	return NOTED;
}

static enum outcome p_freeid(const struct model *m, const struct m_td *t)
{
	return if_so(t->tdr != NONE && t->life == LIFE_BLOCKED && !m->unwritten[t->hkid]);
}

static enum outcome p_reclaim(const struct model *m, const struct op *op)
{
	bool large;
	int owner;
	enum page_is is = model_page(m, op->page, &owner, &large);

	if (is == IS_FREE || (large && (op->page - PLAIN) % PARTS))
		return REFUSED;
	return if_so(m->td[owner].life == LIFE_TEARDOWN &&
		     (is != IS_TDR || !m->td[owner].children));
}

static enum outcome predict(const struct model *m, const struct m_td *t, const struct op *op)
{
	switch ((enum op_kind)op->kind) {
	case OP_CREATE: return p_create(m, op);
	case OP_KEY_CONFIG: return p_key_config(t, op->lp % PACKAGES);
	case OP_ADDCX: return p_addcx(m, t, op);
	case OP_INIT: return if_so(model_works(t) && t->state == STATE_UNINITIALIZED);
	case OP_VP_CREATE: return p_vp_create(m, t, op);
	case OP_VP_ADDCX: return p_vp_addcx(m, t, op);
	case OP_VP_INIT: return p_vp_init(t);
	case OP_SEPT_ADD: return p_sept_add(m, t, op);
	case OP_PAGE_ADD: return p_page_add(m, t, op);
	case OP_EXTEND: return p_extend(t, op);
	case OP_FINALIZE: return if_so(in_state(t, true, false) && t->vcpu_ready);
	case OP_AUG: return p_aug(m, t, op);
	case OP_BLOCK: return p_block(t, op);
	case OP_UNBLOCK: return p_unblock(t, op);
	case OP_TRACK: return p_track(t);
	case OP_REMOVE: return p_remove(t, op);
	case OP_RELOCATE: return p_relocate(m, t, op);
	case OP_DEMOTE: return p_demote(m, t, op);
	case OP_PROMOTE: return p_promote(t, op);
	case OP_SEPT_REMOVE: return p_sept_remove(t, op);
	case OP_ENTER: return p_enter(t, op);
	case OP_EXIT:
	case OP_ACCEPT:
	case OP_GUEST_WRITE: return p_guest(t, op);
	case OP_FLUSH: return p_flush(t, op);
	case OP_FLUSHDONE: return p_flushdone(t);
	case OP_CACHE_WB: return p_cache_wb(m);
	case OP_FREEID: return p_freeid(m, t);
	case OP_RECLAIM: return p_reclaim(m, op);
	case OP_HOST_CLEAR: return page_free(m, op->page) ? OK : SKIPPED;
	case OP_KINDS: break;
	}
	return SKIPPED;
}

/* A processor inside a guest makes no calls. */
enum outcome model_predict(const struct model *m, const struct op *op)
{
	bool by_guest = op->kind == OP_EXIT || op->kind == OP_ACCEPT || op->kind == OP_GUEST_WRITE;

	if (!by_guest && op->kind != OP_HOST_CLEAR && runs_there(m, op->lp))
		return SKIPPED;
	return predict(m, &m->td[op->td], op);
}
