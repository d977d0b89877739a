// SPDX-License-Identifier: MIT
/*
 * The physical address metadata table: finding entries, changing and locking them.
 */
#include "module/pamt.h"
#include "module/state.h"

#include <string.h>

uint64_t pamt_owner(const struct pamt_entry *e)
{
	uint64_t page = 0;

	memcpy(&page, e->owner, sizeof(e->owner));
	return page << 12;
}

void pamt_set(struct pamt_entry *e, enum page_type type, uint64_t owner, uint64_t bepoch)
{
	uint64_t page = owner >> 12;

	__atomic_store_n(&e->type, (uint8_t)type, __ATOMIC_RELAXED);
	memcpy(e->owner, &page, sizeof(e->owner));
	__atomic_store_n(&e->bepoch, bepoch, __ATOMIC_RELAXED);
}

void pamt_free(struct pamt_entry *e)
{
	__atomic_store_n(&e->type, PT_NDA, __ATOMIC_RELEASE);
}

const struct tdmr *tdmr_of(const struct module *m, uint64_t pa)
{
	for (unsigned i = 0; i < m->num_tdmrs; i++) {
		const struct tdmr *t = &m->tdmr[i];

		if (pa - t->base < t->size)
			return t;
	}
	return NULL;
}

/* Memory becomes usable in whole 1 GiB blocks. */
static bool tdmr_usable(const struct tdmr *t, uint64_t pa)
{
	uint64_t next = __atomic_load_n(&t->next, __ATOMIC_ACQUIRE);

	return pa < (next & ~(PAGE_SIZE_OF(PAGE_SIZE_1G) - 1));
}

bool pamt_find(const struct module *m, uint64_t pa, struct pamt_path *path)
{
	const struct tdmr *t = tdmr_of(m, pa);

	if (!t || !tdmr_usable(t, pa))
		return false;
	path->pa = pa;
	for (int size = PAGE_SIZE_4K; size <= PAGE_SIZE_1G; size++)
		path->entry[size] = pamt_entry(m, t, pa - t->base, (enum page_size)size);
	return true;
}

struct pamt_entry *pamt_at(const struct module *m, uint64_t pa, enum page_size level)
{
	struct pamt_path path;

	return pamt_find(m, pa, &path) ? path.entry[level] : NULL;
}

static bool is_pamt(const struct module *m, uint64_t pa)
{
	for (unsigned i = 0; i < m->num_tdmrs; i++) {
		for (int level = PAGE_SIZE_4K; level <= PAGE_SIZE_1G; level++) {
			if (pa - m->tdmr[i].pamt_base[level] < m->tdmr[i].pamt_size[level])
				return true;
		}
	}
	return false;
}

bool module_owns_page(const struct module *m, uint64_t pa)
{
	struct pamt_path path;
	bool found = pamt_find(m, pa, &path);

	for (int level = PAGE_SIZE_4K; found && level <= PAGE_SIZE_1G; level++) {
		int type = path.entry[level] ? __atomic_load_n(&path.entry[level]->type, __ATOMIC_RELAXED) : -1 /* destroyed */;

		if (type != PT_NDA && type != PT_RSVD)
			return true;
	}
	return is_pamt(m, pa);
}

/* A large page's 512 parts are described one by one at the next smaller size. */
void pamt_demote(const struct module *m, const struct page_ref *large, uint64_t owner)
{
	struct pamt_entry *part = pamt_at(m, large->pa, (enum page_size)(large->level - 1));

	for (unsigned i = 0; i < 512; i++)
		pamt_set(&part[i], PT_REG, owner, 0);
	pamt_free(large->pamt);
}

void pamt_promote(const struct module *m, const struct page_ref *large, uint64_t owner)
{
	struct pamt_entry *part = pamt_at(m, large->pa, (enum page_size)(large->level - 1));

	for (unsigned i = 0; i < 512; i++)
		pamt_free(&part[i]);
	pamt_set(large->pamt, PT_REG, owner, large->pamt->bepoch);
}

static uint64_t pamt_busy(struct call *c, unsigned operand, uint64_t pa)
{
	return fail(c, TDX_OPERAND_BUSY | operand,
		    "the PAMT entry of page %x, or of one around or inside it, is locked by another logical processor or a "
		    "running vCPU", pa);
}

static bool parts_locked(const struct module *m, uint64_t pa, int level)
{
	const struct pamt_entry *part = pamt_at(m, pa & ~(PAGE_SIZE_OF(level) - 1), (enum page_size)(level - 1));

	for (uint64_t i = 0; i < 512; i++) {
		if (lock_held(&part[i].lock, ~LOCK_BIT_HOST_PRIO))
			return true;
		if (level > PAGE_SIZE_2M && pamt_is_free(&part[i]) &&
		    parts_locked(m, pa + i * PAGE_SIZE_OF(level - 1), level - 1))
			return true;
	}
	return false;
}

uint64_t pamt_lock(struct call *c, unsigned operand, uint64_t pa, enum page_size smallest, enum lock_mode mode,
		   struct page_ref *ref)
{
	struct pamt_path path;
	int level = PAGE_SIZE_1G;

	if (!pamt_find(c->m, pa, &path))
		return fail(c, TDX_OPERAND_ADDR_RANGE_ERROR | operand, "page %x is in no %s", pa,
			    (uintptr_t)(tdmr_of(c->m, pa) ? "part of its TDMR that TDH.SYS.TDMR.INIT has done" : "TDMR"));
	while (level > (int)smallest && pamt_is_free(path.entry[level]))
		level--;
	*ref = (struct page_ref){ pa, path.entry[level], (enum page_size)level };
	if (fault_meets(&c->lp->fault, TDX_OPERAND_BUSY | operand) ||
	    !call_lock(c, &ref->pamt->lock, HELD_HOST_PRIO, mode) || !pamt_open_around(&path, ref->level) ||
	    (level > PAGE_SIZE_4K && mode == LOCK_EXCLUSIVE && parts_locked(c->m, pa, level)) ||
	    (level > (int)smallest && pamt_is_free(ref->pamt)))
		return pamt_busy(c, operand, pa);
	return TDX_SUCCESS;
}
