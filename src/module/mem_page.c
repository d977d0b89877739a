// SPDX-License-Identifier: MIT
/*
 * TDH.MEM.PAGE.*: giving pages to a TD and taking them back.
 */
#include "gen/checks.h"
#include "module/keyid.h"
#include "module/measure.h"
#include "module/sept_l2.h"
#include "module/state.h"

void tdh_mem_page_add(struct call *c)
{
	static const char name[MRTD_NAME] = "MEM.PAGE.ADD";
	uint8_t bounce[PAGE_BYTES];
	const void *source = shared_in(c, c->in[GPR_R9], PAGE_BYTES, bounce);

	page_take(c, &c->page, PT_REG, c->td.pa, c->td.tdr->hkid, source);
	mrtd_extend(c->m, &c->td, name, c->gpa, NULL);
	sept_write(c, sept_make(SEPT_STATE_MAPPED, c->page.pa));
	td_add_children(&c->td, 1);
}

void tdh_mem_page_aug(struct call *c)
{
	uint64_t size = PAGE_SIZE_OF(c->level);

	keyid_tag(c->m, c->page.pa, size, c->td.tdr->hkid);
	pamt_set(c->page.pamt, PT_REG, c->td.pa, 0);
	sept_write(c, sept_make(SEPT_STATE_PENDING, c->page.pa));
	td_add_children(&c->td, (int64_t)(size / PAGE_BYTES));
}

static uint64_t free_alias(struct call *c, uint64_t entry)
{
	(void)c;
	(void)entry;
	return 0;
}

/* During an import nothing older may come in again where a page was removed. */
static uint64_t removed(const struct tdcs *t)
{
	if (t->op_state >= OP_STATE_MEMORY_IMPORT && t->op_state <= OP_STATE_LIVE_IMPORT)
		return sept_make_removed(t->mig_epoch);
	return sept_make(SEPT_STATE_FREE, 0);
}

void tdh_mem_page_remove(struct call *c)
{
	sept_l2_for_aliases(c, free_alias);
	c->regs->gpr[GPR_RCX] = c->page.pa;
	sept_write(c, removed(c->td.tdcs));
	pamt_free(c->page.pamt);
	td_add_children(&c->td, -(int64_t)(PAGE_SIZE_OF(c->sept.level) / PAGE_BYTES));
}

/* ---- TDH.MEM.PAGE.RELOCATE ---- */

/* c->page is the new page, locked; the old one is locked here. */
uint64_t relocate_old(struct call *c)
{
	struct page_ref old;
	uint64_t st = pamt_lock(c, GPR_RCX, sept_pa(&c->sept), PAGE_SIZE_4K, LOCK_EXCLUSIVE, &old);

	c->old_page = old;
	return st;
}

static uint64_t move_alias(struct call *c, uint64_t entry)
{
	return ((SEPT_ANY_PENDING & SEPT_SET(c->sept.state) ? entry : sept_l2_unblock(entry)) & ~SEPT_PA) | c->page.pa;
}

void tdh_mem_page_relocate(struct call *c)
{
	enum sept_state state = sept_after(c->sept.state, SEPT_CHANGE_UNBLOCK);
	uint64_t entry = (c->sept.value & ~SEPT_PA) | c->page.pa;

	sept_l2_for_aliases(c, move_alias);
	page_take(c, &c->page, PT_REG, c->td.pa, c->td.tdr->hkid, pa_ptr(c->m, c->old_page.pa));
	pamt_free(c->old_page.pamt);
	sept_write(c, state == c->sept.state ? entry : sept_with_state(entry, state));
	c->regs->gpr[GPR_RCX] = c->old_page.pa;
}
