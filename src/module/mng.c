// SPDX-License-Identifier: MIT
/*
 * TDH.MNG.*: creating a TD and its control structure, and taking its key away.
 */
#include "gen/checks.h"
#include "module/keyid.h"
#include "module/state.h"
#include "platform/platform.h"

#include <string.h>

void page_take(struct call *c, struct page_ref *page, enum page_type type, uint64_t owner, unsigned hkid,
	       const void *content)
{
	void *to;

	keyid_tag(c->m, page->pa, PAGE_BYTES, hkid);
	to = pa_ptr(c->m, page->pa);
	if (content)
		memmove(to, content, PAGE_BYTES); /* the host may have passed the page itself */
	else
		memset(to, 0, PAGE_BYTES);
	pamt_set(page->pamt, type, owner, type == PT_EPT ? page->pamt->bepoch : 0);
}

bool random_words(struct call *c, uint64_t *words, unsigned n)
{
	if (fault_meets(&c->lp->fault, TDX_RND_NO_ENTROPY))
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (!platform_rdseed(c->m->plat, c->lp_id, &words[i]))
			return false;
	}
	return true;
}

/* ---- TDH.MNG.CREATE ---- */

uint64_t create_key(struct call *c)
{
	static const char *const what[] = { "free", "assigned to a TD", "flushed but not written back",
					    "the module's global key id" };
	uint64_t hkid = c->in[GPR_RDX];
	uint8_t state = c->m->kot[hkid].state;

	if (state != KOT_STATE_FREE)
		return fail(c, TDX_HKID_NOT_FREE, "key id %u is %s, must be free", hkid, (uintptr_t)what[state & 3]);
	return TDX_SUCCESS;
}

void tdh_mng_create(struct call *c)
{
	uint64_t hkid = c->in[GPR_RDX];

	page_take(c, &c->page, PT_TDR, 0, c->m->global_hkid, NULL);
	td_load(c->m, c->page.pa, &c->td);
	c->td.tdr->hkid = (uint16_t)hkid;
	c->td.tdr->lifecycle = LIFECYCLE_HKID_ASSIGNED;
	memcpy(c->td.tdr->uuid, c->scratch, sizeof(c->td.tdr->uuid));
	c->td.tdr->handoff_version = c->m->plat->config.loader.module_hv;
	c->td.tdr->seamdb_index = c->m->plat->config.seamdb.last;
	memcpy(c->td.tdr->seamdb_nonce, c->m->plat->config.seamdb.nonce, sizeof(c->td.tdr->seamdb_nonce));
	c->m->kot[hkid].state = KOT_STATE_ASSIGNED;
}

/* ---- TDH.MNG.KEY.CONFIG ---- */

/* PCONFIG on this package, one at a time. */
uint64_t key_program(struct call *c, unsigned hkid)
{
	uint64_t st = call_lock_named(c, CHECK_LOCK_KET, LOCK_EXCLUSIVE);
	uint32_t code;

	if (st)
		return st;
	if (fault_meets(&c->lp->fault, TDX_KEY_GENERATION_FAILED))
		code = PCONFIG_ENTROPY_ERROR;
	else
		code = platform_pconfig(c->m->plat, c->lp_id, (uint16_t)hkid);
	if (code == PCONFIG_DEVICE_BUSY)
		return fail(c, TDX_OPERAND_BUSY | TDX_OPERAND_ID_KET, "PCONFIG of key id %u: the key table is busy",
			    hkid);
	if (code != PCONFIG_DONE)
		return fail(c, TDX_KEY_GENERATION_FAILED, "PCONFIG of key id %u failed with code %u", hkid, code);
	return TDX_SUCCESS;
}

uint64_t tdh_mng_key_config(struct call *c)
{
	struct tdr *tdr = c->td.tdr;
	uint64_t st = key_program(c, tdr->hkid);

	if (st)
		return st;
	tdr->pkg_config_bitmap |= 1ull << c->lp->pkg;
	if (tdr->pkg_config_bitmap == (1ull << c->m->num_pkgs) - 1)
		tdr->lifecycle = LIFECYCLE_KEYS_CONFIGURED;
	return TDX_SUCCESS;
}

/* ---- TDH.MNG.ADDCX ---- */

/* The first content of TDCX page @index: bitmaps intercept everything, tables map nothing. */
static void tdcx_fill(struct call *c, unsigned index)
{
	uint64_t *page = pa_ptr(c->m, c->page.pa);
	uint64_t value = index == TDCS_PAGE_MSR_BITMAPS ? ~0ull : sept_make(SEPT_STATE_FREE, 0);

	if (index != TDCS_PAGE_MSR_BITMAPS && index != TDCS_PAGE_SEPT_ROOT)
		return;
	for (unsigned i = 0; i < PAGE_BYTES / sizeof(*page); i++)
		page[i] = value;
}

void tdh_mng_addcx(struct call *c)
{
	struct tdr *tdr = c->td.tdr;
	unsigned index = tdr->num_tdcx;

	page_take(c, &c->page, PT_TDCX, c->td.pa, tdr->hkid, NULL);
	tdcx_fill(c, index);
	tdr->tdcx_pa[index] = keyid_put(c->m, c->page.pa, tdr->hkid);
	tdr->num_tdcx++;
	td_add_children(&c->td, 1);
	if (tdr->num_tdcx == TDCX_MIN) {
		td_load(c->m, c->td.pa, &c->td);
		memcpy(c->td.tdcs->mig_enc_key, c->scratch, sizeof(c->td.tdcs->mig_enc_key));
	}
}
