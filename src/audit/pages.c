// SPDX-License-Identifier: MIT
/*
 * The PAMT: which pages are in use, at which size, whose, and whether each has its one place in its TD.
 */
#include "audit/internal.h"
#include "module/keyid.h"
#include "platform/platform.h"

#include <stdlib.h>

static void note_page(struct audit *a, uint64_t pa, struct pamt_entry *e, int size)
{
	if (a->num_pages == a->max_pages) {
		size_t more = a->max_pages ? 2 * a->max_pages : 1024;
		struct page_note *pages = realloc(a->pages, more * sizeof(*pages));

		if (!pages) {
			a->no_memory = true;
			return;
		}
		a->pages = pages;
		a->max_pages = more;
	}
	a->num_tds += e->type == PT_TDR;
	a->pages[a->num_pages++] = (struct page_note){ .pa = pa, .owner = e->type == PT_TDR ? 0 : pamt_owner(e), .pamt = e,
						       .type = e->type, .size = (uint8_t)size };
}

static bool type_fits(unsigned type, int size)
{
	switch (type) {
	case PT_RSVD:
	case PT_TDR:
	case PT_TDCX:
	case PT_TDVPR:
	case PT_EPT: return size == PAGE_SIZE_4K;
	case PT_NDA:
	case PT_REG: return true;
	default: return false;
	}
}

static struct pamt_entry *entries(const struct audit *a, const struct tdmr *t, uint64_t pa, int size, unsigned n)
{
	uint64_t index = (pa - t->base) / PAGE_SIZE_OF(size);

	return mem_ptr(&a->m->plat->mem, t->pamt_base[size] + index * sizeof(struct pamt_entry), n * sizeof(struct pamt_entry));
}

/* @around: the large page that this one is part of, if it is. */
static void scan_entry(struct audit *a, uint64_t pa, struct pamt_entry *e, int size, const struct page_note *around)
{
	if (!type_fits(e->type, size))
		audit_found(a, AUDIT_ONE_TYPE, pa, "the PAMT entry of page 0x%llx (size %d) has type %u, which no page of that "
			    "size has", (unsigned long long)pa, size, e->type);
	else if (around)
		audit_found(a, AUDIT_ONE_TYPE, pa, "page 0x%llx is %s (size %d) by its own PAMT entry and part of a %s at 0x%llx "
			    "(size %u) by that one's", (unsigned long long)pa, page_type_name(e->type), size,
			    page_type_name(around->type), (unsigned long long)around->pa, around->size);
	else if (e->type != PT_RSVD)
		note_page(a, pa, e, size);
}

/* Nearly all entries are: this is where the time goes. */
static bool all_free(const struct pamt_entry *e, unsigned n)
{
	unsigned types = 0;

	_Static_assert(PT_NDA == 0, "a type that adds nothing");
	for (unsigned i = 0; i < n; i++)
		types |= e[i].type;
	return types == PT_NDA;
}

/* @n entries of one size from @pa on, and those of the pages inside. */
static void scan_entries(struct audit *a, const struct tdmr *t, uint64_t pa, int size, unsigned n,
			 const struct page_note *around)
{
	struct pamt_entry *e = entries(a, t, pa, size, n);

	if (e && size == PAGE_SIZE_4K && all_free(e, n))
		return;
	for (unsigned i = 0; e && i < n; i++, pa += PAGE_SIZE_OF(size)) {
		struct page_note self = { .pa = pa, .type = e[i].type, .size = (uint8_t)size };

		if (e[i].type != PT_NDA)
			scan_entry(a, pa, &e[i], size, around);
		if (size != PAGE_SIZE_4K)
			scan_entries(a, t, pa, size - 1, 512, e[i].type == PT_NDA ? around : &self);
	}
}

static int by_address(const void *x, const void *y)
{
	const struct page_note *p = x, *q = y;

	return p->pa < q->pa ? -1 : p->pa > q->pa;
}

/* Memory that TDH.SYS.TDMR.INIT has not finished has no PAMT yet. */
void audit_scan_pamt(struct audit *a)
{
	for (unsigned i = 0; i < a->m->num_tdmrs; i++) {
		const struct tdmr *t = &a->m->tdmr[i];
		uint64_t end = t->next & ~(PAGE_SIZE_OF(PAGE_SIZE_1G) - 1);

		if (end > t->base)
			scan_entries(a, t, t->base, PAGE_SIZE_1G, (unsigned)((end - t->base) >> 30), NULL);
	}
	if (a->num_pages)
		qsort(a->pages, a->num_pages, sizeof(*a->pages), by_address);
}

struct page_note *audit_page(const struct audit *a, uint64_t pa)
{
	const struct page_note wanted = { .pa = pa };

	return a->num_pages ? bsearch(&wanted, a->pages, a->num_pages, sizeof(wanted), by_address) : NULL;
}

static int by_tdr(const void *tdr, const void *note)
{
	const uint64_t pa = *(const uint64_t *)tdr, at = ((const struct td_note *)note)->td.pa;

	return pa < at ? -1 : pa > at;
}

struct td_note *audit_td(const struct audit *a, uint64_t tdr)
{
	return a->num_tds ? bsearch(&tdr, a->tds, a->num_tds, sizeof(*a->tds), by_tdr) : NULL;
}

void *audit_read(struct audit *a, struct td_note *t, uint64_t pa)
{
	void *page = pa % PAGE_BYTES ? NULL : mem_ptr(&a->m->plat->mem, pa, PAGE_BYTES);

	if (!page || mem_is_destroyed(&a->m->plat->mem, pa)) {
		t->destroyed = true;
		return NULL;
	}
	return page;
}

/* All of it under the TD's key, but for what the host has destroyed since. */
static void check_key(struct audit *a, const struct td_note *t, uint64_t pa, enum page_size size)
{
	const struct memory *mem = &a->m->plat->mem;

	for (uint64_t at = pa; mem->encrypted && at < pa + PAGE_SIZE_OF(size); at += PAGE_BYTES) {
		if (mem_is_destroyed(mem, at) || mem_key(mem, at) == t->hkid)
			continue;
		audit_found(a, AUDIT_ENCRYPTION, at, "page 0x%llx belongs to the TD at 0x%llx, whose key id is %u, but is under "
			    "key id %u", (unsigned long long)at, (unsigned long long)t->td.pa, t->hkid, mem_key(mem, at));
		return;
	}
}

struct page_note *audit_claim(struct audit *a, struct td_note *t, uint64_t pa, enum page_type type, enum page_size size,
			      const char *what, uint64_t where)
{
	struct page_note *p = audit_page(a, pa);

	if (!p || p->type != type || p->size != size || p->owner != t->td.pa) {
		audit_found(a, AUDIT_ONE_OWNER, pa, "the TD at 0x%llx has page 0x%llx as %s 0x%llx, %s (size %d), but the PAMT says "
			    "%s (size %d) of the TD at 0x%llx", (unsigned long long)t->td.pa, (unsigned long long)pa, what,
			    (unsigned long long)where, page_type_name(type), (int)size, p ? page_type_name(p->type) : "free",
			    p ? p->size : 0, p ? (unsigned long long)p->owner : 0);
		return NULL;
	}
	if (p->claims++) {
		audit_found(a, AUDIT_CLAIMED_ONCE, pa, "the TD at 0x%llx has page 0x%llx as %s 0x%llx and in another place too",
			    (unsigned long long)t->td.pa, (unsigned long long)pa, what, (unsigned long long)where);
		return NULL;
	}
	check_key(a, t, pa, size);
	return p;
}

/* Each page in use: its owner is a TD, counts it, and has one place for it. */
void audit_claims(struct audit *a)
{
	for (size_t i = 0; i < a->num_pages; i++) {
		struct page_note *p = &a->pages[i];
		struct td_note *t = audit_td(a, p->owner);

		if (p->type == PT_TDR)
			continue;
		if (!t) {
			audit_found(a, AUDIT_ONE_OWNER, p->pa, "page 0x%llx is %s of the TD at 0x%llx, where there is no TDR",
				    (unsigned long long)p->pa, page_type_name(p->type), (unsigned long long)p->owner);
			continue;
		}
		t->children += PAGE_SIZE_OF(p->size) / PAGE_BYTES;
		if (t->readable && !t->destroyed && !p->claims)
			audit_found(a, AUDIT_CLAIMED_ONCE, p->pa, "page 0x%llx is %s of the TD at 0x%llx by the PAMT, but nothing in "
				    "that TD leads to it", (unsigned long long)p->pa, page_type_name(p->type),
				    (unsigned long long)p->owner);
	}
	for (size_t i = 0; i < a->num_tds; i++) {
		struct td_note *t = &a->tds[i];

		if (t->td.tdr && t->td.tdr->chldcnt != t->children)
			audit_found(a, AUDIT_CHILD_COUNT, t->td.pa, "the TDR at 0x%llx counts %llu pages, the PAMT has %llu of it",
				    (unsigned long long)t->td.pa, (unsigned long long)t->td.tdr->chldcnt,
				    (unsigned long long)t->children);
	}
}
