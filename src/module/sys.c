// SPDX-License-Identifier: MIT
/*
 * TDH.SYS.*: the global key, the PAMT of a TDMR, shutting down.
 */
#include "gen/checks.h"
#include "module/state.h"

/* ---- TDH.SYS.KEY.CONFIG ---- */

uint64_t tdh_sys_key_config(struct call *c)
{
	struct module *m = c->m;
	uint64_t st = key_program(c, m->global_hkid);

	if (st)
		return st;
	m->global_key_pkgs |= 1ull << c->lp->pkg;
	if (m->global_key_pkgs == (1ull << m->num_pkgs) - 1)
		__atomic_store_n(&m->sys_state, SYS_STATE_READY, __ATOMIC_RELEASE);
	return TDX_SUCCESS;
}

/* ---- TDH.SYS.TDMR.INIT ---- */

#define TDMR_INIT_BYTES (LIMIT_TDMR_INIT_ENTRIES * (uint64_t)PAGE_BYTES)

static struct tdmr *tdmr_at(struct module *m, uint64_t base)
{
	for (unsigned i = 0; i < m->num_tdmrs; i++) {
		if (m->tdmr[i].base == base)
			return &m->tdmr[i];
	}
	return NULL;
}

uint64_t tdmr_init_next(struct call *c)
{
	uint64_t base = c->in[GPR_RCX];
	struct tdmr *t = tdmr_at(c->m, base);

	if (!t)
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "no TDMR starts at %x", base);
	if (fault_meets(&c->lp->fault, TDX_OPERAND_BUSY | GPR_RCX) || !call_lock(c, &t->lock, HELD_PLAIN, LOCK_EXCLUSIVE))
		return fail(c, TDX_OPERAND_BUSY | GPR_RCX, "the TDMR at %x is being initialised by another logical processor",
			    base);
	if (t->next == t->base + t->size)
		return fail(c, TDX_TDMR_ALREADY_INITIALIZED, "all of the TDMR at %x was initialised before", base);
	return TDX_SUCCESS;
}

/* The entries, of one size, of the pages that start in the next piece: zeros, which are PT_NDA. */
static void init_entries(struct module *m, const struct tdmr *t, enum page_size size)
{
	uint64_t from = t->next - t->base, first = (from + PAGE_SIZE_OF(size) - 1) / PAGE_SIZE_OF(size);
	uint64_t end = (from + TDMR_INIT_BYTES + PAGE_SIZE_OF(size) - 1) / PAGE_SIZE_OF(size);
	struct pamt_entry *e;

	for (uint64_t next; first < end; first = next) {
		e = pamt_entry(m, t, first * PAGE_SIZE_OF(size), size);
		next = first + (PAGE_BYTES - (uintptr_t)e % PAGE_BYTES) / sizeof(*e); /* in the next page of the PAMT */
		memset(e, 0, ((next < end ? next : end) - first) * sizeof(*e));
	}
}

static void mark_reserved(struct module *m, const struct tdmr *t)
{
	uint64_t from = t->next - t->base, to = from + TDMR_INIT_BYTES;

	for (unsigned i = 0; i < t->num_rsvd; i++) {
		uint64_t at = t->rsvd[i].offset, end = at + t->rsvd[i].size;

		for (at = at < from ? from : at, end = end < to ? end : to; at < end; at += PAGE_BYTES)
			pamt_entry(m, t, at, PAGE_SIZE_4K)->type = PT_RSVD;
	}
}

void tdh_sys_tdmr_init(struct call *c)
{
	struct tdmr *t = tdmr_at(c->m, c->in[GPR_RCX]);
	uint64_t next = t->next + TDMR_INIT_BYTES;

	for (int size = PAGE_SIZE_4K; size <= PAGE_SIZE_1G; size++)
		init_entries(c->m, t, (enum page_size)size);
	mark_reserved(c->m, t);
	__atomic_store_n(&t->next, next, __ATOMIC_RELEASE);
	c->regs->gpr[GPR_RDX] = next & ~(PAGE_SIZE_OF(PAGE_SIZE_1G) - 1);
}
