// SPDX-License-Identifier: MIT
/*
 * Following calls: the pages that a call names, before and after it, are what its leaf changed.
 */
#include <string.h>

#include "platform/platform.h"
#include "strict/internal.h"
#include "tdx/status.h"

#define ADDRESS	     0x000ffffffffff000ull
#define NULL_ADDRESS (~0ull)
#define LIST_LAST(v) ((unsigned)((v) >> 55))
#define TDCALL	     77u

/* ---- the pages that a call names ---- */

static void name_page(struct strict *s, struct strict_call *c, uint64_t value)
{
	uint64_t pa = platform_pa(s->m->platform, value) & ADDRESS;

	if (value != NULL_ADDRESS && mem_contains(&s->m->platform->mem, pa, MEM_PAGE) &&
	    c->pages < OPERANDS)
		c->page[c->pages++] = pa;
}

static void take_operand(struct strict *s, struct strict_call *c, const struct leaf_operand *op,
			 uint64_t value)
{
	switch (op->type) {
	case OPERAND_TYPE_TDR_PA:
	case OPERAND_TYPE_TDR_FLAG:
		c->td = platform_pa(s->m->platform, value) & ADDRESS;
		name_page(s, c, value);
		break;
	case OPERAND_TYPE_TDVPR_PA:
	case OPERAND_TYPE_PRIVATE_PA:
	case OPERAND_TYPE_PAGE_OR_NULL:
	case OPERAND_TYPE_KEYED_PA: name_page(s, c, value); break;
	case OPERAND_TYPE_GPA_4K:
	case OPERAND_TYPE_GPA_LEVEL:
	case OPERAND_TYPE_GPA_LEVEL_PENDING:
		c->gpa = value & ADDRESS;
		c->level = value & 7;
		c->walks = true;
		break;
	case OPERAND_TYPE_GPA_LIST_INFO: c->list = value; break;
	default: break;
	}
}

static void take_operands(struct strict *s, struct strict_call *c, const struct leaf_operand *op,
			  unsigned count, const struct seamless_regs *regs)
{
	unsigned version = (unsigned)(c->rax >> 16) & 0xff;

	for (unsigned i = 0; i < count; i++) {
		if (op[i].min_version <= version)
			take_operand(s, c, &op[i], regs->gpr[op[i].reg]);
	}
}

/* ---- what became of a page ---- */

static bool same(const struct look *a, const struct look *b)
{
	return a->pa == b->pa && a->type == b->type && a->level == b->level &&
	       (a->type == PT_NDA || a->owner == b->owner) && a->state == b->state;
}

static uint16_t key_of(const struct strict *s, uint64_t pa)
{
	return mem_key(&s->m->platform->mem, pa);
}

/* To the module: no lines under another key may come back over it. */
static void given(struct strict *s, struct strict_call *c, struct page *p, const struct look *to)
{
	uint64_t size = PAGE_SIZE_OF(to->level);

	p->generation = s->generation[key_of(s, to->pa)];
	for (uint64_t pa = to->pa; pa < to->pa + size; pa += MEM_PAGE) {
		struct page *q = page_of(s, pa, false);

		if (q && page_dirty(s, q) && q->dirty != key_of(s, pa) && !c->mistaken) {
			c->mistaken = true;
			c->mistake = (struct mistake){ DIRTY_CACHE, 0, pa, q->dirty,
						       "is given to the module" };
		}
		if (q)
			q->dirty = 0;
	}
}

/* Back to the host: caches hold lines of it until they are written back, or its key is freed. */
static void taken(struct strict *s, const struct look *from, uint32_t generation)
{
	uint64_t size = PAGE_SIZE_OF(from->level);

	for (uint64_t pa = from->pa; pa < from->pa + size; pa += MEM_PAGE) {
		struct page *q = page_of(s, pa, true);

		if (!q)
			return;
		q->dirty = key_of(s, pa);
		q->generation = generation;
	}
}

static void tell_event(struct strict *s, const struct strict_call *c, int lp, struct page *p,
		       const struct look *from, const struct look *to)
{
	page_event(p, &(struct event){ .number = c->number,
				       .tsc = platform_tsc_now(s->m->platform),
				       .what = c->leaf->name,
				       .lp = lp,
				       .from = *from,
				       .to = *to });
	p->reported = 0;
}

/* `before`: what differs now was done by a call that did not name the page. */
static void observe(struct strict *s, struct strict_call *c, int lp, struct look l, bool before)
{
	struct page *p = page_of(s, l.pa, look_owned(&l));
	struct look from, mapped;

	if (!p)
		return;
	if (l.gpa == NOT_WALKED && l.type == PT_REG && p->now.gpa != NOT_WALKED &&
	    look_up(s->m->module, l.owner, p->now.gpa, l.level, &mapped) && mapped.pa == l.pa)
		l = mapped;
	if (same(&l, &p->now))
		return;
	from = p->now;
	p->now = l;
	if (before) { /* a part of a large page, say; the key of a TD that is torn down was freed */
		p->generation =
			s->generation[key_of(s, l.pa)] - look_torn_down(s->m->module, l.owner);
		return;
	}
	tell_event(s, c, lp, p, &from, &l);
	if (!look_owned(&from) && look_owned(&l))
		given(s, c, p, &l);
	else if (look_owned(&from) && !look_owned(&l))
		taken(s, &from, p->generation);
}

static void observe_walk(struct strict *s, struct strict_call *c, int lp, uint64_t gpa,
			 unsigned level, bool before)
{
	struct look l;

	if (look_up(s->m->module, c->td, gpa, level, &l))
		observe(s, c, lp, l, before);
}

/* The pages of a list of GPAs, after the call. */
static void observe_list(struct strict *s, struct strict_call *c, int lp)
{
	const struct memory *m = &s->m->platform->mem;
	uint64_t pa = platform_pa(s->m->platform, c->list) & ADDRESS, gpa;

	for (unsigned i = 0; i <= LIST_LAST(c->list) && mem_contains(m, pa, MEM_PAGE); i++) {
		memcpy(&gpa, m->base + pa + i * sizeof(gpa), sizeof(gpa));
		observe_walk(s, c, lp, gpa & ADDRESS, 0, false);
	}
}

static void observe_all(struct strict *s, struct strict_call *c, int lp, bool before)
{
	if (c->walks)
		observe_walk(s, c, lp, c->gpa, c->level, before);
	for (unsigned i = 0; i < c->pages; i++)
		observe(s, c, lp, look_at(s->m->module, c->page[i]), before);
	if (c->list && !before)
		observe_list(s, c, lp);
}

/* ---- calls that are refused for it ---- */

static bool wants_free_page(const struct leaf_operand *op)
{
	return op->page_type == PT_NDA || op->type == OPERAND_TYPE_PAGE_OR_NULL ||
	       (op->type == OPERAND_TYPE_PRIVATE_PA && op->lock == ABI_LOCK_EX);
}

static void page_refused(struct strict *s, struct strict_call *c, uint64_t status,
			 const struct seamless_regs *in)
{
	for (unsigned i = 0; i < c->leaf->num_ins; i++) {
		const struct leaf_operand *op = &c->leaf->ins[i];
		uint64_t pa = platform_pa(s->m->platform, in->gpr[op->reg]) & ADDRESS;
		struct look l;

		if (op->reg != (status & 0xffffffff) || !wants_free_page(op))
			continue;
		l = look_at(s->m->module, pa);
		c->mistaken = look_owned(&l);
		c->mistake = (struct mistake){ PAGE_IN_USE, 0, pa, 0, op->name };
	}
}

static void not_tracked(struct strict *s, struct strict_call *c)
{
	struct look l;

	if (!c->walks || !look_up(s->m->module, c->td, c->gpa, c->level, &l))
		return;
	c->mistaken = look_untracked(s->m->module, c->td, &l);
	c->mistake = (struct mistake){ TLB_TRACK, 0, l.pa, 0, "" };
}

/* ---- before and after ---- */

static bool is_host(const struct strict_call *c, uint32_t number)
{
	return c->leaf->cls == LEAF_HOST && c->leaf->number == number;
}

static void written_back(struct strict *s, const struct strict_call *c, int lp, uint64_t keyed)
{
	const struct platform *pl = s->m->platform;
	struct page *p = page_of(s, platform_pa(pl, keyed), false);

	if (!p || p->dirty != platform_hkid(pl, keyed))
		return;
	p->dirty = 0;
	tell_event(s, c, lp, p, &p->now, &p->now);
}

static void succeeded(struct strict *s, struct strict_call *c, int lp,
		      const struct seamless_event *e)
{
	if (is_host(c, LEAF_TDH_PHYMEM_PAGE_WBINVD))
		written_back(s, c, lp, e->in->gpr[REG_RCX]);
	else if (is_host(c, LEAF_TDH_MNG_KEY_FREEID))
		s->generation[c->hkid]++;
	take_operands(s, c, c->leaf->outs, c->leaf->num_outs, e->out);
}

static void before(struct strict *s, struct strict_call *c, const struct seamless_event *e)
{
	bool guest = e->kind == SEAMLESS_EVENT_VM_EXIT;
	uint64_t rax = e->in->gpr[REG_RAX];

	*c = (struct strict_call){ .number = ++s->calls, .in_guest = guest, .rax = rax };
	if (!guest || e->exit->reason == TDCALL)
		c->leaf = leaf_by_number(guest ? LEAF_GUEST : LEAF_HOST, rax & 0xffff);
	if (!c->leaf)
		return;
	c->td = guest ? look_running(s->m->module, (unsigned)e->lp) : 0;
	take_operands(s, c, c->leaf->ins, c->leaf->num_ins, e->in);
	c->hkid = look_hkid(s->m->module, c->td);
	observe_all(s, c, e->lp, true);
}

static void after(struct strict *s, struct strict_call *c, const struct seamless_event *e)
{
	uint64_t status = e->out->gpr[REG_RAX];

	if (c->leaf && c->leaf->cls == LEAF_HOST && !TDX_STATUS_CODE(status)) {
		succeeded(s, c, e->lp, e);
	} else if (c->leaf && c->leaf->cls == LEAF_GUEST) {
		/* A guest's registers say nothing of pages. */
	} else if (c->leaf && TDX_STATUS_CODE(status) == TDX_PAGE_METADATA_INCORRECT) {
		page_refused(s, c, status, e->in);
	} else if (c->leaf && TDX_STATUS_CODE(status) == TDX_TLB_TRACKING_NOT_DONE) {
		not_tracked(s, c);
	}
	if (c->leaf)
		observe_all(s, c, e->lp, false);
	if (c->mistaken) {
		c->mistake.lp = e->lp;
		strict_report(s, &c->mistake);
	}
	c->leaf = NULL;
	c->mistaken = false;
	c->in_guest = e->where == SEAMLESS_TO_GUEST;
}

void strict_watch(void *opaque, const struct seamless_event *e)
{
	struct strict *s = opaque;

	if ((e->kind != SEAMLESS_EVENT_SEAMCALL && e->kind != SEAMLESS_EVENT_VM_EXIT) || e->lp < 0)
		return;
	pthread_mutex_lock(&s->lock);
	if (e->after)
		after(s, &s->call[e->lp], e);
	else
		before(s, &s->call[e->lp], e);
	strict_report_blindness(s, e->lp);
	pthread_mutex_unlock(&s->lock);
}
