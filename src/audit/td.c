// SPDX-License-Identifier: MIT
/*
 * TDR, TDCS and TDVPS: the pages that they list, the vCPUs that they count, and the key id that a TD has.
 */
#include "audit/internal.h"
#include "module/keyid.h"
#include "module/mig.h"
#include "platform/platform.h"

#include <stdlib.h>
#include <string.h>

#define LINK_PA 0x000ffffffffff000ull

static void read_tdr(struct audit *a, struct td_note *t)
{
	const struct memory *mem = &a->m->plat->mem;
	struct tdr *tdr = audit_read(a, t, t->td.pa);

	a->tdr_destroyed |= !tdr;
	if (!tdr)
		return;
	t->td.tdr = tdr;
	t->hkid = tdr->hkid;
	t->lifecycle = tdr->lifecycle;
	if (mem->encrypted && mem_key(mem, t->td.pa) != a->m->global_hkid)
		audit_found(a, AUDIT_ENCRYPTION, t->td.pa, "the TDR at 0x%llx is under key id %u, not the global one, %u",
			    (unsigned long long)t->td.pa, mem_key(mem, t->td.pa), a->m->global_hkid);
	if (tdr->num_tdcx > TDCX_MAX || tdr->lifecycle > LIFECYCLE_TEARDOWN || !keyid_private(a->m, tdr->hkid)) {
		audit_found(a, AUDIT_KEY_ID, t->td.pa, "the TDR at 0x%llx has %u TDCX pages, life cycle %u and key id %u: no TDR has",
			    (unsigned long long)t->td.pa, tdr->num_tdcx, tdr->lifecycle, tdr->hkid);
		t->destroyed = true;
		return;
	}
	/* once its key is gone its pages are, one by one, in any order */
	t->readable = tdr->lifecycle != LIFECYCLE_TEARDOWN;
}

void audit_read_tds(struct audit *a)
{
	size_t n = 0;

	a->tds = calloc(a->num_tds + 1, sizeof(*a->tds));
	if (!a->tds) {
		a->no_memory = true;
		a->num_tds = 0;
		return;
	}
	for (size_t i = 0; i < a->num_pages; i++) {
		if (a->pages[i].type == PT_TDR)
			a->tds[n++].td.pa = a->pages[i].pa;
	}
	for (size_t i = 0; i < n; i++)
		read_tdr(a, &a->tds[i]);
}

/* A page that a control structure lists, with its key id in the address. */
static void listed_page(struct audit *a, struct td_note *t, uint64_t listed, enum page_type type, const char *what,
			uint64_t where)
{
	if (keyid_of(a->m, listed) != t->hkid)
		audit_found(a, AUDIT_ENCRYPTION, keyid_strip(a->m, listed), "the TD at 0x%llx, whose key id is %u, lists 0x%llx as "
			    "%s 0x%llx", (unsigned long long)t->td.pa, t->hkid, (unsigned long long)listed, what,
			    (unsigned long long)where);
	audit_claim(a, t, keyid_strip(a->m, listed), type, PAGE_SIZE_4K, what, where);
}

/* The processor that runs the vCPU, -1: none. More than one is a finding. */
static int runs_on(struct audit *a, uint64_t tdvpr)
{
	int on = -1;

	for (unsigned lp = 0; lp < a->m->num_lps; lp++) {
		if (!a->m->lp[lp].guest.running || a->m->lp[lp].guest.vp.pa != tdvpr)
			continue;
		if (on >= 0)
			audit_found(a, AUDIT_VCPU, tdvpr, "the vCPU at 0x%llx runs on logical processors %d and %u",
				    (unsigned long long)tdvpr, on, lp);
		on = (int)lp;
	}
	return on;
}

static void check_vcpu(struct audit *a, struct td_note *t, uint64_t pa, const struct tdvps *vps)
{
	int on = runs_on(a, pa);

	t->vcpus++;
	t->associated += vps->assoc_lpid != LPID_NONE;
	if (t->td.tdr->fatal)
		return;
	if ((on >= 0) != (vps->state == VCPU_STATE_ACTIVE))
		audit_found(a, AUDIT_VCPU, pa, "the vCPU at 0x%llx is %s, and runs on logical processor %d (-1: none)",
			    (unsigned long long)pa, vcpu_state_name(vps->state), on);
	if (on >= 0 && vps->assoc_lpid != (unsigned)on)
		audit_found(a, AUDIT_VCPU, pa, "the vCPU at 0x%llx runs on logical processor %d and is associated with %u",
			    (unsigned long long)pa, on, vps->assoc_lpid);
}

static void read_vcpu(struct audit *a, struct td_note *t, struct page_note *p)
{
	struct tdvps *vps = audit_read(a, t, p->pa);

	if (!vps)
		return;
	if (vps->num_pages > TDVPS_MAX) {
		audit_found(a, AUDIT_VCPU, p->pa, "the vCPU at 0x%llx has %u pages, the most there can be are %u",
			    (unsigned long long)p->pa, vps->num_pages, TDVPS_MAX);
		t->destroyed = true;
		return;
	}
	for (unsigned i = 0; i < vps->num_pages; i++)
		listed_page(a, t, vps->page_pa[i], i ? PT_TDCX : PT_TDVPR, "a page of the vCPU", p->pa);
	check_vcpu(a, t, p->pa, vps);
}

static void check_running(struct audit *a, const struct td_note *t)
{
	const struct tdcs *tdcs = t->td.tdcs;
	unsigned inside[2] = { 0 };

	if (tdcs->num_assoc_vcpus != t->associated)
		audit_found(a, AUDIT_VCPU, t->td.pa, "the TD at 0x%llx counts %u associated vCPUs, %u are",
			    (unsigned long long)t->td.pa, tdcs->num_assoc_vcpus, t->associated);
	for (unsigned lp = 0; lp < a->m->num_lps; lp++) {
		if (a->m->lp[lp].guest.running && a->m->lp[lp].guest.td.pa == t->td.pa)
			inside[a->m->lp[lp].guest.vp.vps->vcpu_epoch & 1]++;
	}
	for (unsigned parity = 0; parity < 2; parity++) {
		if (tdcs->epoch_refcount[parity] != inside[parity] && !t->td.tdr->fatal)
			audit_found(a, AUDIT_EPOCH, t->td.pa, "the TD at 0x%llx counts %u vCPUs inside since epochs of parity %u, "
				    "%u are", (unsigned long long)t->td.pa, tdcs->epoch_refcount[parity], parity, inside[parity]);
	}
}

static void read_streams(struct audit *a, struct td_note *t)
{
	const uint8_t *links = t->td.tdr->num_tdcx > TDCS_PAGE_MIGSC_LINKS
		? audit_read(a, t, keyid_strip(a->m, t->td.tdr->tdcx_pa[TDCS_PAGE_MIGSC_LINKS])) : NULL;

	for (unsigned i = 0; links && i < t->td.tdcs->num_migs && i < MIGS_MAX; i++) {
		uint64_t link; /* a spoiled TDR may point between words */

		memcpy(&link, links + i * sizeof(link), sizeof(link));
		audit_claim(a, t, link & LINK_PA, PT_TDCX, PAGE_SIZE_4K, "the page of migration stream", i);
	}
}

static void read_tdcs(struct audit *a, struct td_note *t)
{
	const struct tdr *tdr = t->td.tdr;

	for (unsigned i = 0; i < tdr->num_tdcx; i++)
		listed_page(a, t, tdr->tdcx_pa[i], PT_TDCX, "page of its TDCS", i);
	if (tdr->num_tdcx >= TDCX_MIN)
		t->td.tdcs = audit_read(a, t, keyid_strip(a->m, tdr->tdcx_pa[TDCS_PAGE_MAIN]));
	if (t->td.tdcs)
		read_streams(a, t);
}

void audit_control_pages(struct audit *a)
{
	for (size_t i = 0; i < a->num_tds; i++) {
		if (a->tds[i].readable)
			read_tdcs(a, &a->tds[i]);
	}
	for (size_t i = 0; i < a->num_pages; i++) {
		struct td_note *t = a->pages[i].type == PT_TDVPR ? audit_td(a, a->pages[i].owner) : NULL;

		if (t && t->readable)
			read_vcpu(a, t, &a->pages[i]);
	}
	for (size_t i = 0; i < a->num_tds; i++) {
		if (a->tds[i].readable && a->tds[i].td.tdcs && !a->tds[i].destroyed)
			check_running(a, &a->tds[i]);
	}
}

/* ---- key ids ---- */

static unsigned state_of(const struct td_note *t)
{
	return t->lifecycle == LIFECYCLE_BLOCKED ? KOT_STATE_FLUSHED : KOT_STATE_ASSIGNED;
}

static void check_key_id(struct audit *a, unsigned hkid, const struct td_note *const *user)
{
	const struct kot_entry *k = &a->m->kot[hkid];
	const struct td_note *t = user[hkid];

	if (!t && a->tdr_destroyed)
		return;
	if (k->state == KOT_STATE_RESERVED ? t != NULL : (k->state == KOT_STATE_FREE) != !t)
		audit_found(a, AUDIT_KEY_ID, t ? t->td.pa : 0, "key id %u has state %u, the TD that uses it is at 0x%llx (0: none)",
			    hkid, k->state, t ? (unsigned long long)t->td.pa : 0);
	else if (t && k->state != state_of(t))
		audit_found(a, AUDIT_KEY_ID, t->td.pa, "key id %u has state %u, but its TD at 0x%llx is %s", hkid, k->state,
			    (unsigned long long)t->td.pa, td_lifecycle_name(t->lifecycle));
	if (k->wbinvd_bitmap && k->state != KOT_STATE_FLUSHED)
		audit_found(a, AUDIT_KEY_ID, 0, "key id %u has state %u, yet caches of packages 0x%x wait to be written back", hkid,
			    k->state, k->wbinvd_bitmap);
}

void audit_keys(struct audit *a)
{
	const struct td_note **user;

	if (__atomic_load_n(&a->m->sys_state, __ATOMIC_ACQUIRE) != SYS_STATE_READY)
		return;
	user = calloc(PLATFORM_HKIDS, sizeof(*user));
	if (!user) {
		a->no_memory = true;
		return;
	}
	for (size_t i = 0; i < a->num_tds; i++) {
		const struct td_note *t = &a->tds[i];

		if (!t->readable)
			continue;
		if (user[t->hkid])
			audit_found(a, AUDIT_KEY_ID, t->td.pa, "the TDs at 0x%llx and 0x%llx both have key id %u",
				    (unsigned long long)user[t->hkid]->td.pa, (unsigned long long)t->td.pa, t->hkid);
		user[t->hkid] = t;
	}
	for (unsigned hkid = a->m->hkid_first; hkid < a->m->hkid_end; hkid++)
		check_key_id(a, hkid, user);
	free(user);
}
