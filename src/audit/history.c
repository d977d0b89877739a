// SPDX-License-Identifier: MIT
/*
 * What may have changed from one look to the next.
 */
#include "audit/internal.h"

#include <stdlib.h>
#include <string.h>

/* A TD as it was. */
struct td_past {
	uint64_t pa, uuid[4];
	uint32_t op_state;
	uint8_t mrtd[48];
};

/* A page that could not leave its TD. */
struct page_past {
	uint64_t pa, owner;
};

struct audit_history {
	struct td_past *tds;
	size_t num_tds;
	struct page_past *pages;
	size_t num_pages;
	bool ready; /* the key ids were looked at */
	struct kot_entry kot[PLATFORM_HKIDS];
};

struct audit_history *audit_history_new(void)
{
	return calloc(1, sizeof(struct audit_history));
}

static void forget(struct audit_history *h)
{
	free(h->tds);
	free(h->pages);
	h->tds = NULL;
	h->pages = NULL;
	h->num_tds = h->num_pages = 0;
	h->ready = false;
}

void audit_history_free(struct audit_history *h)
{
	if (h)
		forget(h);
	free(h);
}

static bool is_ready(const struct module *m)
{
	return __atomic_load_n(&m->sys_state, __ATOMIC_ACQUIRE) == SYS_STATE_READY;
}

/* The TD of then, if it is still there. */
static const struct td_note *same_td(const struct audit *a, uint64_t pa, const uint64_t uuid[4])
{
	const struct td_note *t = audit_td(a, pa);

	return t && t->readable && t->td.tdcs && !memcmp(t->td.tdr->uuid, uuid, sizeof(t->td.tdr->uuid)) ? t : NULL;
}

/* Measured: from RUNNABLE on; what an import is to become is not known before it ends. */
static bool is_final(uint32_t op_state)
{
	return (op_state >= OP_STATE_RUNNABLE && op_state <= OP_STATE_POST_EXPORT) || op_state == OP_STATE_POST_IMPORT ||
	       op_state == OP_STATE_LIVE_IMPORT;
}

static void compare_tds(struct audit *a, const struct audit_history *h)
{
	for (size_t i = 0; i < h->num_tds; i++) {
		const struct td_past *past = &h->tds[i];
		const struct td_note *t = same_td(a, past->pa, past->uuid);

		if (t && is_final(past->op_state) && memcmp(t->td.tdcs->mrtd, past->mrtd, sizeof(past->mrtd)))
			audit_found(a, AUDIT_MEASUREMENT, past->pa, "MRTD of the TD at 0x%llx was final in %s and has changed",
				    (unsigned long long)past->pa, op_state_name(past->op_state));
	}
}

/* What describes the page now; 512 of then may have become one. */
static const struct page_note *page_around(const struct audit *a, uint64_t pa)
{
	for (unsigned size = PAGE_SIZE_4K; size <= PAGE_SIZE_1G; size++) {
		const struct page_note *p = audit_page(a, pa & ~(PAGE_SIZE_OF(size) - 1));

		if (p && p->size == size)
			return p;
	}
	return NULL;
}

static void compare_pages(struct audit *a, const struct audit_history *h)
{
	for (size_t i = 0; i < h->num_pages; i++) {
		const struct page_past *past = &h->pages[i];
		const struct page_note *p = page_around(a, past->pa);

		if (!p || p->type != PT_REG || p->owner != past->owner)
			audit_found(a, AUDIT_RELEASE, past->pa, "page 0x%llx was mapped in the TD at 0x%llx, which runs, not blocked and "
				    "tracked; now it is %s of the TD at 0x%llx", (unsigned long long)past->pa,
				    (unsigned long long)past->owner, p ? page_type_name(p->type) : "free",
				    p ? (unsigned long long)p->owner : 0);
	}
}

static void compare_keys(struct audit *a, const struct audit_history *h, unsigned steps)
{
	for (unsigned i = a->m->hkid_first; i < a->m->hkid_end; i++) {
		const struct kot_entry *past = &h->kot[i], *now = &a->m->kot[i];
		bool freed = now->state == KOT_STATE_FREE && past->state != KOT_STATE_FREE;

		if (steps == 1 && freed && past->state != KOT_STATE_FLUSHED)
			audit_found(a, AUDIT_KEY_REUSE, 0, "key id %u became free from state %u, without a flush", i, past->state);
		else if (steps == 1 && freed && past->wbinvd_bitmap)
			audit_found(a, AUDIT_KEY_REUSE, 0, "key id %u became free while caches of packages 0x%x were not written back", i,
				    past->wbinvd_bitmap);
	}
}

static void remember_td(struct audit_history *h, const struct td_note *t)
{
	struct td_past *past;

	if (!t->readable || !t->td.tdcs)
		return;
	past = &h->tds[h->num_tds++];
	*past = (struct td_past){ .pa = t->td.pa, .op_state = t->td.tdcs->op_state };
	memcpy(past->uuid, t->td.tdr->uuid, sizeof(past->uuid));
	memcpy(past->mrtd, t->td.tdcs->mrtd, sizeof(past->mrtd));
}

static bool remember(const struct audit *a, struct audit_history *h)
{
	forget(h);
	h->tds = malloc((a->num_tds + 1) * sizeof(*h->tds));
	h->pages = malloc((a->num_pages + 1) * sizeof(*h->pages));
	if (!h->tds || !h->pages)
		return false;
	for (size_t i = 0; i < a->num_tds; i++)
		remember_td(h, &a->tds[i]);
	for (size_t i = 0; i < a->num_pages; i++) {
		if (a->pages[i].held)
			h->pages[h->num_pages++] = (struct page_past){ a->pages[i].pa, a->pages[i].owner };
	}
	h->ready = is_ready(a->m);
	memcpy(h->kot, a->m->kot, sizeof(h->kot));
	return true;
}

size_t audit_step(struct audit_history *h, const struct module *m, unsigned steps, audit_tell tell, void *opaque)
{
	struct audit a = { .m = m, .tell = tell, .opaque = opaque };
	bool ok = audit_all(&a);

	if (ok && h->ready && is_ready(m) && !m->dead) {
		compare_tds(&a, h);
		compare_keys(&a, h, steps);
		if (steps == 1)
			compare_pages(&a, h);
	}
	ok = ok && remember(&a, h);
	audit_free(&a);
	return ok ? a.found : AUDIT_NO_MEMORY;
}
