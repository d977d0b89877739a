// SPDX-License-Identifier: MIT
/*
 * TDH.VP.CREATE, ADDCX and FLUSH: the pages of a vCPU and its association with a logical processor.
 */
#include <string.h>
#include "gen/checks.h"
#include "module/keyid.h"
#include "module/l2.h"
#include "module/state.h"

void tdh_vp_create(struct call *c)
{
	page_take(c, &c->page, PT_TDVPR, c->td.pa, c->td.tdr->hkid, NULL);
	vcpu_load(c->m, c->page.pa, &c->vp);
	c->vp.vps->num_pages = 1;
	c->vp.vps->page_pa[0] = keyid_put(c->m, c->page.pa, c->td.tdr->hkid);
	c->vp.vps->assoc_lpid = LPID_NONE;
	td_add_children(&c->td, 1);
}

/* MSR bitmaps of an L2 VM and their shadow: all accesses exit at first. */
static bool is_l2_bitmap(unsigned index)
{
	return index >= TDVPS_PAGE_L2 && (index - TDVPS_PAGE_L2) % TDVPS_PAGES_PER_L2;
}

void tdh_vp_addcx(struct call *c)
{
	struct tdvps *vps = c->vp.vps;

	page_take(c, &c->page, PT_TDCX, c->td.pa, c->td.tdr->hkid, NULL);
	if (is_l2_bitmap(vps->num_pages))
		memset(pa_ptr(c->m, c->page.pa), 0xff, PAGE_BYTES);
	vps->page_pa[vps->num_pages++] = keyid_put(c->m, c->page.pa, c->td.tdr->hkid);
	td_add_children(&c->td, 1);
}

void tdh_vp_flush(struct call *c)
{
	c->vp.vps->assoc_lpid = LPID_NONE;
	memset(c->vp.vps->vm_launched, 0, sizeof(c->vp.vps->vm_launched));
	l2_forget_translations(&c->td, c->vp.vps);
	__atomic_fetch_sub(&c->td.tdcs->num_assoc_vcpus, 1, __ATOMIC_RELAXED);
}

/* ---- association with a logical processor ---- */

uint64_t vcpu_associate(struct call *c)
{
	struct tdvps *vps = c->vp.vps;
	uint64_t seamdb_index = c->m->plat->config.seamdb.last;
	uint32_t lpid = LPID_NONE;

	if (__atomic_compare_exchange_n(&vps->assoc_lpid, &lpid, c->lp_id, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		__atomic_fetch_add(&c->td.tdcs->num_assoc_vcpus, 1, __ATOMIC_RELAXED);
		memset(vps->lp_dependent_hpa_updated, 0, sizeof(vps->lp_dependent_hpa_updated));
	} else if (lpid != c->lp_id) {
		return fail(c, TDX_VCPU_ASSOCIATED,
			    "the vCPU at %x is associated with logical processor %u; TDH.VP.FLUSH there first",
			    c->vp.pa, lpid);
	}
	if (vps->last_seamdb_index != seamdb_index) {
		memset(vps->lp_dependent_hpa_updated, 0, sizeof(vps->lp_dependent_hpa_updated));
		memset(vps->module_dependent_fields_updated, 0, sizeof(vps->module_dependent_fields_updated));
		vps->last_seamdb_index = seamdb_index;
	}
	return TDX_SUCCESS;
}

uint64_t check_vcpu_associate(struct call *c, bool allow_disabled)
{
	uint8_t state = __atomic_load_n(&c->vp.vps->state, __ATOMIC_ACQUIRE);
	uint64_t st;

	if (state != VCPU_STATE_READY && !(allow_disabled && state == VCPU_STATE_DISABLED))
		return fail(c, TDX_VCPU_STATE_INCORRECT, "the vCPU at %x is %v, must be READY", c->vp.pa, state);
	st = fault_point(c);
	return st ? st : vcpu_associate(c);
}
