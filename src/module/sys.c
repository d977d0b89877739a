// SPDX-License-Identifier: MIT
/*
 * TDH.SYS.*: the global key, the PAMT of a TDMR, shutting down.
 */
#include "gen/checks.h"
#include "module/keyid.h"
#include "module/state.h"

#include <string.h>

/* ---- TDH.SYS.KEY.CONFIG ---- */

uint64_t sys_key_config_state(struct call *c)
{
	if (c->m->sys_state != SYS_STATE_CONFIG_DONE)
		return fail(c, TDX_SYS_KEY_CONFIG_NOT_PENDING, "the system state is %u, must be CONFIG_DONE (%u)",
			    c->m->sys_state, SYS_STATE_CONFIG_DONE);
	if (c->m->global_key_pkgs & 1ull << c->lp->pkg)
		return fail(c, TDX_KEY_CONFIGURED, "the global key is configured on package %u already", c->lp->pkg);
	return TDX_SUCCESS;
}

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
	if (!call_lock(c, &t->lock, HELD_PLAIN, LOCK_EXCLUSIVE))
		return fail(c, TDX_OPERAND_BUSY | GPR_RCX, "the TDMR at %x is being initialised by another logical processor",
			    base);
	if (t->next == t->base + t->size)
		return fail(c, TDX_TDMR_ALREADY_INITIALIZED, "all of the TDMR at %x was initialised before", base);
	return TDX_SUCCESS;
}

static bool reserved_in(const struct tdmr *t, uint64_t pa)
{
	for (unsigned i = 0; i < t->num_rsvd; i++) {
		if (pa - t->base - t->rsvd[i].offset < t->rsvd[i].size)
			return true;
	}
	return false;
}

/* The entries, of one size, of the pages that start in the next piece. */
static void init_entries(struct module *m, const struct tdmr *t, enum page_size size)
{
	uint64_t step = PAGE_SIZE_OF(size), end = t->next + TDMR_INIT_BYTES;

	for (uint64_t pa = (t->next + step - 1) & ~(step - 1); pa < end; pa += step) {
		struct pamt_entry *e = pa_ptr(m, t->pamt_base[size] + (pa - t->base) / step * sizeof(*e));

		memset(e, 0, sizeof(*e));
		e->type = size == PAGE_SIZE_4K && reserved_in(t, pa) ? PT_RSVD : PT_NDA;
	}
}

uint64_t tdh_sys_tdmr_init(struct call *c)
{
	struct tdmr *t = tdmr_at(c->m, c->in[GPR_RCX]);
	uint64_t next = t->next + TDMR_INIT_BYTES;

	for (int size = PAGE_SIZE_4K; size <= PAGE_SIZE_1G; size++)
		init_entries(c->m, t, (enum page_size)size);
	__atomic_store_n(&t->next, next, __ATOMIC_RELEASE);
	c->regs->gpr[GPR_RDX] = next & ~(PAGE_SIZE_OF(PAGE_SIZE_1G) - 1);
	return TDX_SUCCESS;
}

/* ---- TDH.SYS.LP.SHUTDOWN ---- */

uint64_t tdh_sys_lp_shutdown(struct call *c)
{
	(void)c; /* does nothing since module 1.5 */
	return TDX_SUCCESS;
}
