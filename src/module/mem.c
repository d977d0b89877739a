// SPDX-License-Identifier: MIT
/*
 * TDH.MEM.SEPT.*, RANGE.* and TRACK: the secure EPT's own pages, blocking, and TLB tracking.
 */
#include "gen/checks.h"
#include "module/state.h"

#define TDR_FLAGS 0xFFFull

/* RDX of some leaves is a TDR address with a flag in bit 0; the TDR check wants the address alone. */
uint64_t split_tdr_flag(struct call *c, uint64_t allowed)
{
	uint64_t v = c->in[GPR_RDX];

	c->flags = v & TDR_FLAGS;
	if (v & TDR_FLAGS & ~allowed)
		return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "reserved bits 11:1 of %x must be 0", v);
	c->in[GPR_RDX] = v & ~TDR_FLAGS;
	return TDX_SUCCESS;
}

/* ---- TDH.MEM.SEPT.ADD ---- */

uint64_t sept_add_flags(struct call *c)
{
	return split_tdr_flag(c, 1);
}

uint64_t sept_add_pages(struct call *c)
{
	return check_page(c, GPR_R8, c->in[GPR_R8] & ~(1ull << 63), PT_NDA, LOCK_EXCLUSIVE, &c->page);
}

uint64_t tdh_mem_sept_add(struct call *c)
{
	page_take(c, &c->page, PT_EPT, c->td.pa, c->td.tdr->hkid, 0);
	sept_table_fill(pa_ptr(c->m, c->page.pa));
	sept_write(&c->sept, sept_make(SEPT_STATE_NL_MAPPED, c->page.pa));
	td_add_children(&c->td, 1);
	return TDX_SUCCESS;
}

/* ---- TDH.MEM.SEPT.REMOVE ---- */

/* Locks the page or table that the entry maps: c->page. */
uint64_t lock_mapped_page(struct call *c)
{
	uint64_t pa = c->sept.value & SEPT_PA;
	enum page_size size = c->sept.value & SEPT_LEAF ? (enum page_size)c->sept.level : PAGE_SIZE_4K;

	return check_page_locked(c, GPR_RCX, pa, size, &c->page);
}

uint64_t sept_page_empty(struct call *c)
{
	const uint64_t *table = pa_ptr(c->m, c->page.pa);

	for (unsigned i = 0; i < 512; i++) {
		if (sept_state_of(table[i]) != SEPT_STATE_FREE) {
			sept_fail(c, 0, "");
			return fail(c, TDX_EPT_PAGE_NOT_FREE | GPR_RCX,
				    "entry %u of the table at %x for GPA %x is %e, all must be FREE", i, c->page.pa,
				    c->gpa, sept_state_of(table[i]));
		}
	}
	return TDX_SUCCESS;
}

uint64_t tdh_mem_sept_remove(struct call *c)
{
	c->regs->gpr[GPR_RCX] = c->page.pa;
	sept_write(&c->sept, sept_make(SEPT_STATE_FREE, 0));
	pamt_free(c->page.pamt);
	td_add_children(&c->td, -1);
	return TDX_SUCCESS;
}

/* ---- TDH.MEM.SEPT.RD ---- */

uint64_t sept_rd_flags(struct call *c)
{
	return split_tdr_flag(c, 1);
}

uint64_t sept_rd_debug(struct call *c)
{
	if (c->flags && !td_debug(&c->td))
		return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "bit 0 of RDX is for debug TDs, the TD at %x is none",
			    c->td.pa);
	return TDX_SUCCESS;
}

uint64_t tdh_mem_sept_rd(struct call *c)
{
	c->regs->gpr[GPR_RCX] = sept_public_entry(c->sept.value);
	c->regs->gpr[GPR_RDX] = sept_public_info(c->sept.value, c->sept.level);
	return TDX_SUCCESS;
}

/* ---- TDH.MEM.RANGE.BLOCK, UNBLOCK ---- */

uint64_t block_again(struct call *c)
{
	if (SEPT_ANY_BLOCKED & SEPT_SET(c->sept.state))
		return sept_fail(c, TDX_GPA_RANGE_ALREADY_BLOCKED | GPR_RCX,
				 "the entry of GPA %x at level %u is %e already");
	return TDX_SUCCESS;
}

static enum sept_state blocked(enum sept_state s)
{
	switch (s) {
	case SEPT_STATE_NL_MAPPED: return SEPT_STATE_NL_BLOCKED;
	case SEPT_STATE_PENDING:
	case SEPT_STATE_PENDING_BLOCKEDW: return SEPT_STATE_PENDING_BLOCKED;
	default: return SEPT_STATE_BLOCKED;
	}
}

uint64_t tdh_mem_range_block(struct call *c)
{
	sept_target_pamt(c)->bepoch = c->td.tdcs->epoch;
	sept_write(&c->sept, sept_with_state(c->sept.value, blocked(c->sept.state)));
	return TDX_SUCCESS;
}

uint64_t unblock_tracked(struct call *c)
{
	return check_bepoch_tracked(c, TDX_OPERAND_ID_SEPT_TREE);
}

uint64_t tdh_mem_range_unblock(struct call *c)
{
	sept_write(&c->sept, sept_with_state(c->sept.value, sept_unblocked(c->sept.state)));
	return TDX_SUCCESS;
}

/* ---- TDH.MEM.TRACK ---- */

uint64_t track_previous(struct call *c)
{
	struct tdcs *tdcs = c->td.tdcs;
	uint16_t inside = __atomic_load_n(&tdcs->epoch_refcount[(tdcs->epoch - 1) & 1], __ATOMIC_ACQUIRE);

	if (inside)
		return fail(c, TDX_PREVIOUS_TLB_EPOCH_BUSY,
			    "%u vCPUs of the TD at %x still run since TLB epoch %u", inside, c->td.pa,
			    tdcs->epoch - 1);
	return TDX_SUCCESS;
}

uint64_t tdh_mem_track(struct call *c)
{
	__atomic_fetch_add(&c->td.tdcs->epoch, 1, __ATOMIC_RELEASE);
	return TDX_SUCCESS;
}
