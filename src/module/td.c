// SPDX-License-Identifier: MIT
/*
 * Finding the pages of a TD's control structures.
 */
#include "module/td.h"
#include "module/keyid.h"
#include "module/machine_check.h"
#include "module/state.h"

/*
 * Without memory encryption the host can overwrite control structures unnoticed. What the module indexes by is looked at
 * here once; a value that it never writes is what integrity protection would have found.
 */
inline __attribute__((always_inline)) void td_load(const struct module *m, uint64_t tdr_pa, struct td *td)
{
	struct tdr *tdr = pa_ptr(m, tdr_pa);
	uint32_t pages = tdr->num_tdcx, lifecycle = tdr->lifecycle;
	struct tdcs *tdcs = NULL;

	if (pages > TDCX_MAX || tdr->hkid >= m->hkid_end || lifecycle > LIFECYCLE_TEARDOWN)
		machine_check_at(tdr_pa);
	/* without its key there is nothing to read there: the host may have taken the pages back one by one */
	if (lifecycle == LIFECYCLE_KEYS_CONFIGURED && pages >= TDCX_MIN) {
		tdcs = pa_ptr(m, keyid_strip(m, tdr->tdcx_pa[TDCS_PAGE_MAIN]));
		if (tdcs->num_l2_vms >= MAX_VMS || sept_root_level(&(struct td){ .tdcs = tdcs }) > SEPT_LEVEL_MAX)
			machine_check_at(keyid_strip(m, tdr->tdcx_pa[TDCS_PAGE_MAIN]));
	}
	*td = (struct td){ tdr_pa, tdr, tdcs };
}

void vcpu_load(const struct module *m, uint64_t tdvpr_pa, struct vcpu *vp)
{
	vp->pa = tdvpr_pa;
	vp->vps = pa_ptr(m, tdvpr_pa);
	if (vp->vps->num_pages > TDVPS_MAX || __atomic_load_n(&vp->vps->curr_vm, __ATOMIC_RELAXED) >= MAX_VMS)
		machine_check_at(tdvpr_pa);
}

/* The TDR that this logical processor looked for last, found again where it was. False: it takes a closer look. */
static inline bool lock_same_tdr(struct call *c, uint64_t pa, enum lock_mode mode)
{
	const struct pamt_path *last = &c->lp->tdr;
	struct pamt_entry *e = last->entry[PAGE_SIZE_4K];

	if (last->pa != pa || !e || c->lp->fault.status || mem_destroyed(&c->m->plat->mem) ||
	    !call_lock(c, &e->lock, HELD_HOST_PRIO, mode))
		return false;
	if (e->type == PT_TDR && pamt_open_around(last, PAGE_SIZE_4K))
		return true;
	call_unlock(c, &e->lock);
	return false;
}

uint64_t check_tdr(struct call *c, unsigned reg, enum lock_mode mode)
{
	uint64_t pa = c->in[reg], st = TDX_SUCCESS;
	struct page_ref page;

	if (!lock_same_tdr(c, pa, mode)) {
		st = check_page(c, reg, pa, PT_TDR, mode, &page);
		if (st)
			return st;
		pamt_find(c->m, pa, &c->lp->tdr);
	}
	td_load(c->m, pa, &c->td);
	return st;
}

uint64_t check_tdvpr(struct call *c, unsigned reg, enum lock_mode mode)
{
	uint64_t st = check_page(c, reg, c->in[reg], PT_TDVPR, mode, &c->vp_page);

	if (!st)
		vcpu_load(c->m, c->in[reg], &c->vp);
	return st;
}

uint64_t check_owner_tdr(struct call *c, uint64_t tdr_pa, enum lock_mode mode)
{
	struct page_ref page;
	uint64_t st = lock_same_tdr(c, tdr_pa, mode) ? TDX_SUCCESS :
		pamt_lock(c, TDX_OPERAND_ID_TDR, tdr_pa, PAGE_SIZE_4K, mode, &page);

	if (!st)
		td_load(c->m, tdr_pa, &c->td);
	return st;
}

void td_add_children(struct td *td, int64_t pages)
{
	__atomic_fetch_add(&td->tdr->chldcnt, (uint64_t)pages, __ATOMIC_RELAXED);
}
