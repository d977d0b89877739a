// SPDX-License-Identifier: MIT
/*
 * TDH.MEM.PAGE.DEMOTE and PROMOTE: one large page becomes 512 smaller ones and back.
 */
#include "gen/checks.h"
#include "module/state.h"

#define PARTS 512u

/* Interrupted before anything has changed: the operands stand as they were. */
uint64_t restartable(struct call *c)
{
	if (!call_interrupted(c))
		return TDX_SUCCESS;
	c->regs->gpr[GPR_RCX] = c->in[GPR_RCX];
	c->regs->gpr[GPR_RDX] = c->in[GPR_RDX] | c->flags;
	return fail(c, TDX_INTERRUPTED_RESTARTABLE, "an interrupt is pending; repeat with the same operands");
}

/* ---- TDH.MEM.PAGE.DEMOTE ---- */

uint64_t demote_flags(struct call *c)
{
	return split_tdr_flag(c, 1);
}

uint64_t demote_page(struct call *c)
{
	return check_page(c, GPR_R8, c->in[GPR_R8], PT_NDA, LOCK_EXCLUSIVE, &c->page);
}

/* The large page itself: its entry, and by excluding others from its level all that describe its parts. */
uint64_t lock_split_page(struct call *c)
{
	return check_page_locked(c, GPR_RCX, c->sept.value & SEPT_PA, (enum page_size)c->level, &c->old_page);
}

/* The new table: the same memory in smaller pages, not blocked. */
static void fill_parts(struct call *c, uint64_t *table)
{
	uint64_t step = PAGE_SIZE_OF(c->level - 1), pa = c->sept.value & SEPT_PA;
	enum sept_state state = sept_unblocked(c->sept.state);

	for (unsigned i = 0; i < PARTS; i++)
		table[i] = sept_make(state, pa + i * step);
}

uint64_t tdh_mem_page_demote(struct call *c)
{
	pamt_demote(c->m, &c->old_page, c->td.pa);
	page_take(c, &c->page, PT_EPT, c->td.pa, c->td.tdr->hkid, 0);
	fill_parts(c, pa_ptr(c->m, c->page.pa));
	sept_write(&c->sept, sept_make(SEPT_STATE_NL_MAPPED, c->page.pa));
	td_add_children(&c->td, 1);
	return TDX_SUCCESS;
}

/* ---- TDH.MEM.PAGE.PROMOTE ---- */

static uint64_t cannot_promote(struct call *c, unsigned i, uint64_t part)
{
	c->regs->gpr[GPR_RCX] = sept_public_entry(c->sept.value);
	c->regs->gpr[GPR_RDX] = sept_public_info(c->sept.value, c->sept.level);
	return fail(c, TDX_EPT_INVALID_PROMOTE_CONDITIONS | GPR_RCX,
		    "entry %u of the table for GPA %x is %e of page %x; all must be MAPPED or all PENDING, contiguous "
		    "and aligned", i, c->gpa, sept_state_of(part), part & SEPT_PA);
}

/* All parts present, in one state, of memory that is one aligned block: c->scratch[0] is the first. */
uint64_t promote_parts(struct call *c)
{
	const uint64_t *table = pa_ptr(c->m, c->page.pa);
	uint64_t step = PAGE_SIZE_OF(c->level - 1);
	uint64_t first = __atomic_load_n(&table[0], __ATOMIC_ACQUIRE);
	enum sept_state state = sept_state_of(first);

	if ((state != SEPT_STATE_MAPPED && state != SEPT_STATE_PENDING) ||
	    (first & SEPT_PA) & (PAGE_SIZE_OF(c->level) - 1))
		return cannot_promote(c, 0, first);
	for (unsigned i = 1; i < PARTS; i++) {
		uint64_t part = __atomic_load_n(&table[i], __ATOMIC_ACQUIRE);

		if (part != first + i * step)
			return cannot_promote(c, i, part);
	}
	c->scratch[0] = first;
	return TDX_SUCCESS;
}

uint64_t tdh_mem_page_promote(struct call *c)
{
	uint64_t first = c->scratch[0];
	struct page_ref large = { first & SEPT_PA, pamt_at(c->m, first & SEPT_PA, (enum page_size)c->level),
				  (enum page_size)c->level };

	pamt_promote(c->m, &large, c->td.pa);
	pamt_free(c->page.pamt);
	sept_write(&c->sept, sept_make(sept_state_of(first), first & SEPT_PA));
	td_add_children(&c->td, -1);
	c->regs->gpr[GPR_RCX] = c->page.pa;
	return TDX_SUCCESS;
}
