// SPDX-License-Identifier: MIT
/*
 * The model: what a call that succeeds changes.
 */
#include "model.h"

#define ALL_PACKAGES ((1u << PACKAGES) - 1)
#define LARGE_PAGES  512u

static struct m_entry *entry(struct m_td *t, const struct op *op)
{
	return &t->entry[op->level][op->level == 0   ? op->gpa
				    : op->level == 1 ? op->gpa / PARTS
						     : 0];
}

static void set_free(struct m_entry *e)
{
	*e = (struct m_entry){ .is = E_FREE, .page = NONE, .rest = NONE };
}

/* The page becomes the TD's. What it holds is known only if @fill is. */
static void take(struct model *m, int page, enum page_is is, int td, int fill)
{
	struct m_page *p = &m->page[page];

	p->is = is;
	p->td = td;
	p->fill = fill;
	p->secret = false;
	p->clear = NONE;
	if (is != IS_TDR)
		m->td[td].children++;
}

/* It is the host's again, with what was in it. */
static void give_back(struct model *m, int page)
{
	struct m_page *p = &m->page[page];

	if (p->is != IS_TDR)
		m->td[p->td].children--;
	p->is = IS_FREE;
	p->td = NONE;
	p->fill = NONE;
}

static void create(struct model *m, const struct op *op)
{
	struct m_td *t = &m->td[op->td];

	*t = (struct m_td){ .tdr = op->page, .hkid = op->hkid, .vcpu = NONE, .on = NONE };
	for (unsigned level = 0; level < 4; level++) {
		for (unsigned i = 0; i < GPAS; i++)
			set_free(&t->entry[level][i]);
	}
	take(m, op->page, IS_TDR, op->td, NONE);
	m->hkid[op->hkid] = HKID_ASSIGNED;
}

static void key_config(struct m_td *t, unsigned package)
{
	t->keys |= 1u << package;
	if (t->keys == ALL_PACKAGES)
		t->life = LIFE_CONFIGURED;
}

static void take_chunk(struct model *m, int c, int td)
{
	m->chunk[c].whole = td;
	for (int i = 0; i < PARTS; i++) {
		m->page[PLAIN + c * PARTS + i].clear = NONE;
		m->page[PLAIN + c * PARTS + i].fill = NONE;
	}
}

static void aug(struct model *m, const struct op *op)
{
	struct m_td *t = &m->td[op->td];
	int page = op->level ? op->page % CHUNKS : op->page;

	*entry(t, op) =
		(struct m_entry){ .is = E_PAGE, .pending = true, .page = page, .rest = NONE };
	if (op->level) {
		take_chunk(m, page, op->td);
		t->children += LARGE_PAGES;
	} else {
		bool secret = m->page[page].secret;

		take(m, page, IS_REG, op->td, NONE);
		m->page[page].secret = secret; /* nobody clears it before the guest accepts it */
	}
}

static void give_back_chunk(struct model *m, int c)
{
	m->td[m->chunk[c].whole].children -= LARGE_PAGES;
	m->chunk[c].whole = NONE;
}

static void remove_page(struct model *m, const struct op *op)
{
	struct m_entry *e = entry(&m->td[op->td], op);

	if (op->level)
		give_back_chunk(m, e->page);
	else
		give_back(m, e->page);
	set_free(e);
}

static void relocate(struct model *m, const struct op *op)
{
	struct m_entry *e = entry(&m->td[op->td], op);
	struct m_page old = m->page[e->page];

	take(m, op->page, IS_REG, op->td, old.fill);
	m->page[op->page].secret = old.secret;
	give_back(m, e->page);
	e->page = op->page;
	e->blocked = false;
}

static void demote(struct model *m, const struct op *op)
{
	struct m_td *t = &m->td[op->td];
	struct m_entry *e = entry(t, op);
	int c = e->page;

	take(m, op->page, IS_EPT, op->td, NONE);
	for (int i = 0; i < PARTS; i++) {
		m->page[PLAIN + c * PARTS + i].is = IS_REG;
		m->page[PLAIN + c * PARTS + i].td = op->td;
		t->entry[0][op->gpa / PARTS * PARTS + i] =
			(struct m_entry){ .is = E_PAGE,
					  .pending = e->pending,
					  .page = PLAIN + c * PARTS + i,
					  .rest = NONE };
	}
	m->chunk[c] = (struct m_chunk){ .whole = NONE, .rest = op->td };
	*e = (struct m_entry){
		.is = E_TABLE, .page = op->page, .rest = c, .rest_pending = e->pending
	};
}

static void promote(struct model *m, const struct op *op)
{
	struct m_td *t = &m->td[op->td];
	struct m_entry *e = entry(t, op);
	int c = e->rest;

	give_back(m, e->page);
	for (int i = 0; i < PARTS; i++) {
		m->page[PLAIN + c * PARTS + i].is = IS_FREE;
		m->page[PLAIN + c * PARTS + i].td = NONE;
		set_free(&t->entry[0][op->gpa / PARTS * PARTS + i]);
	}
	m->chunk[c] = (struct m_chunk){ .whole = op->td, .rest = NONE };
	*e = (struct m_entry){ .is = E_PAGE, .pending = e->rest_pending, .page = c, .rest = NONE };
}

static void accept(struct model *m, const struct op *op)
{
	struct m_entry *e = entry(&m->td[op->td], op);

	e->pending = false;
	for (int i = 0; i < (op->level ? PARTS : 1); i++) {
		struct m_page *p = &m->page[op->level ? PLAIN + e->page * PARTS + i : e->page];

		p->fill = 0;
		p->secret = false;
	}
}

static void guest_write(struct model *m, const struct op *op)
{
	struct m_page *p = &m->page[model_translate(&m->td[op->td], op->gpa)];

	p->secret = true;
	p->fill = NONE;
}

static void enter(struct m_td *t, const struct op *op)
{
	t->inside = true;
	t->on = op->lp;
	t->entered = t->epoch;
}

static void flushdone(struct model *m, struct m_td *t)
{
	t->life = LIFE_BLOCKED;
	m->hkid[t->hkid] = HKID_FLUSHED;
	m->unwritten[t->hkid] = ALL_PACKAGES;
}

static void cache_wb(struct model *m, unsigned package)
{
	for (int i = 0; i < HKIDS; i++) {
		if (m->hkid[i] == HKID_FLUSHED)
			m->unwritten[i] &= ~(1u << package);
	}
}

static void reclaim(struct model *m, const struct op *op)
{
	int c = model_covered(m, op->page), td = m->page[op->page].td;

	if (c != NONE) {
		give_back_chunk(m, c);
		return;
	}
	if (m->td[td].vcpu == op->page)
		m->td[td].vcpu = NONE;
	if (m->page[op->page].is == IS_TDR)
		m->td[td].tdr = NONE;
	give_back(m, op->page);
}

static void host_clear(struct m_page *p)
{
	p->clear = 0;
	p->secret = false;
}

static void new_table(struct model *m, const struct op *op)
{
	take(m, op->page, IS_EPT, op->td, NONE);
	*entry(&m->td[op->td], op) =
		(struct m_entry){ .is = E_TABLE, .page = op->page, .rest = NONE };
}

static void new_vcpu(struct model *m, const struct op *op)
{
	take(m, op->page, IS_TDVPR, op->td, NONE);
	m->td[op->td].vcpu = op->page;
	m->td[op->td].vcpu_pages = 1;
}

static void add_page(struct model *m, const struct op *op)
{
	take(m, op->page, IS_REG, op->td, 0x40 + op->gpa);
	*entry(&m->td[op->td], &(struct op){ .gpa = op->gpa }) =
		(struct m_entry){ .is = E_PAGE, .page = op->page, .rest = NONE };
}

static void remove_table(struct model *m, struct m_entry *e)
{
	give_back(m, e->page);
	set_free(e);
}

void model_apply(struct model *m, const struct op *op)
{
	struct m_td *t = &m->td[op->td];

	switch ((enum op_kind)op->kind) {
	case OP_CREATE: create(m, op); break;
	case OP_KEY_CONFIG: key_config(t, op->lp % PACKAGES); break;
	case OP_ADDCX:
		take(m, op->page, IS_TDCX, op->td, NONE);
		t->tdcx++;
		break;
	case OP_INIT: t->state = STATE_INITIALIZED; break;
	case OP_VP_CREATE: new_vcpu(m, op); break;
	case OP_VP_ADDCX:
		take(m, op->page, IS_TDCX, op->td, NONE);
		t->vcpu_pages++;
		break;
	case OP_VP_INIT:
		t->vcpu_ready = true;
		t->on = op->lp;
		break;
	case OP_SEPT_ADD: new_table(m, op); break;
	case OP_PAGE_ADD: add_page(m, op); break;
	case OP_FINALIZE: t->state = STATE_RUNNABLE; break;
	case OP_AUG: aug(m, op); break;
	case OP_BLOCK:
		entry(t, op)->blocked = true;
		entry(t, op)->bepoch = t->epoch;
		break;
	case OP_UNBLOCK: entry(t, op)->blocked = false; break;
	case OP_TRACK: t->epoch++; break;
	case OP_REMOVE: remove_page(m, op); break;
	case OP_RELOCATE: relocate(m, op); break;
	case OP_DEMOTE: demote(m, op); break;
	case OP_PROMOTE: promote(m, op); break;
	case OP_SEPT_REMOVE: remove_table(m, entry(t, op)); break;
	case OP_ENTER: enter(t, op); break;
	case OP_EXIT: t->inside = false; break;
	case OP_ACCEPT: accept(m, op); break;
	case OP_GUEST_WRITE: guest_write(m, op); break;
	case OP_FLUSH: t->on = NONE; break;
	case OP_FLUSHDONE: flushdone(m, t); break;
	case OP_CACHE_WB: cache_wb(m, op->lp % PACKAGES); break;
	case OP_FREEID:
		t->life = LIFE_TEARDOWN;
		m->hkid[t->hkid] = HKID_FREE;
		break;
	case OP_RECLAIM: reclaim(m, op); break;
	case OP_HOST_CLEAR: host_clear(&m->page[op->page]); break;
	case OP_EXTEND:
	case OP_KINDS: break;
	}
}
