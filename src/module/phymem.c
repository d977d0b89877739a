// SPDX-License-Identifier: MIT
/*
 * TDH.PHYMEM.*: a page's metadata, taking pages back from a TD that is gone, and writing back caches.
 */
#include "gen/checks.h"
#include "module/keyid.h"
#include "module/state.h"
#include "platform/platform.h"
#include "vmx/x86.h"

static void put_metadata(struct call *c)
{
	const struct pamt_entry *e = c->page.pamt;

	c->regs->gpr[GPR_RCX] = e->type;
	c->regs->gpr[GPR_RDX] = pamt_owner(e);
	c->regs->gpr[GPR_R8] = c->page.level;
}

void tdh_phymem_page_rdmd(struct call *c)
{
	const struct pamt_entry *e = c->page.pamt;

	put_metadata(c);
	if (e->type == PT_REG || e->type == PT_EPT)
		c->regs->gpr[GPR_R9] = __atomic_load_n(&e->bepoch, __ATOMIC_RELAXED);
}

/* ---- TDH.PHYMEM.PAGE.RECLAIM ---- */

uint64_t reclaim_page(struct call *c)
{
	put_metadata(c);
	if (c->page.pa & (PAGE_SIZE_OF(c->page.level) - 1))
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "page %x is not the start of its page of level %u",
			    c->page.pa, c->page.level);
	return TDX_SUCCESS;
}

uint64_t reclaim_owner(struct call *c)
{
	if (c->page.pamt->type != PT_TDR)
		return check_owner_tdr(c, pamt_owner(c->page.pamt), LOCK_SHARED);
	td_load(c->m, c->page.pa, &c->td);
	return TDX_SUCCESS;
}

void tdh_phymem_page_reclaim(struct call *c)
{
	if (c->page.pamt->type != PT_TDR)
		td_add_children(&c->td, -(int64_t)(PAGE_SIZE_OF(c->page.level) / PAGE_BYTES));
	else /* its tables went before it */
		__atomic_fetch_add(&c->m->tables_gone, 1, __ATOMIC_RELEASE);
	pamt_free(c->page.pamt);
}

/* ---- TDH.PHYMEM.PAGE.WBINVD ---- */

uint64_t wbinvd_page(struct call *c)
{
	return check_page(c, GPR_RCX, keyid_strip(c->m, c->in[GPR_RCX]), PT_NDA, LOCK_SHARED, &c->page);
}

/* ---- TDH.PHYMEM.CACHE.WB ---- */

static bool note_flushed(struct call *c, struct wbcache *wb)
{
	bool any = false;

	for (unsigned i = c->m->hkid_first; i < c->m->hkid_end; i++) {
		bool flushed = c->m->kot[i].state == KOT_STATE_FLUSHED;

		any |= flushed;
		wb->pending[i / 64] &= ~(1ull << i % 64);
		wb->pending[i / 64] |= (uint64_t)flushed << i % 64;
	}
	return any;
}

uint64_t cache_wb_start(struct call *c)
{
	struct wbcache *wb = &c->m->wbcache[c->lp->pkg];

	if (c->in[GPR_RCX]) {
		if (!wb->next_block)
			return fail(c, TDX_WBCACHE_RESUME_ERROR,
				    "RCX is 1 but no write-back of package %u was interrupted", c->lp->pkg);
		return TDX_SUCCESS;
	}
	wb->next_block = 0;
	if (!note_flushed(c, wb))
		return fail(c, TDX_NO_HKID_READY_TO_WBCACHE, "no key id waits for a write-back of caches, on package %u",
			    c->lp->pkg);
	return TDX_SUCCESS;
}

static void wb_done(struct call *c, const struct wbcache *wb)
{
	uint8_t mine = (uint8_t)(1u << c->lp->pkg);

	for (unsigned i = c->m->hkid_first; i < c->m->hkid_end; i++) {
		if (wb->pending[i / 64] & 1ull << i % 64)
			__atomic_fetch_and(&c->m->kot[i].wbinvd_bitmap, (uint8_t)~mine, __ATOMIC_RELAXED);
	}
}

uint64_t tdh_phymem_cache_wb(struct call *c)
{
	struct wbcache *wb = &c->m->wbcache[c->lp->pkg];
	uint64_t blocks = platform_rdmsr(c->m->plat, c->lp_id, MSR_WBNOINVDP);

	while (wb->next_block < blocks) {
		platform_wrmsr(c->m->plat, c->lp_id, MSR_WBNOINVDP, wb->next_block);
		wb->next_block++;
		if (wb->next_block < blocks && call_interrupted(c))
			return fail(c, TDX_INTERRUPTED_RESUMABLE,
				    "interrupted after %u of %u cache blocks; call again with RCX=1", wb->next_block,
				    blocks);
	}
	wb->next_block = 0;
	wb_done(c, wb);
	return TDX_SUCCESS;
}
