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

		if (pa >= t->base && pa - t->base < t->size)
			return t;
	}
	return NULL;
}

static struct pamt_entry *entry_in(const struct module *m, const struct tdmr *t, uint64_t pa, enum page_size level)
{
	uint64_t index = (pa - t->base) >> (12 + 9 * level);

	return pa_ptr(m, t->pamt_base[level] + index * sizeof(struct pamt_entry));
}

/* Memory becomes usable in whole 1 GiB blocks. */
static bool tdmr_usable(const struct tdmr *t, uint64_t pa)
{
	uint64_t next = __atomic_load_n(&t->next, __ATOMIC_ACQUIRE);

	return pa < (next & ~(PAGE_SIZE_OF(PAGE_SIZE_1G) - 1));
}

static inline __attribute__((always_inline)) bool pamt_path(const struct module *m, uint64_t pa, struct pamt_entry *path[NUM_PAGE_SIZES])
{
	const struct tdmr *t = tdmr_of(m, pa);

	if (!t || !tdmr_usable(t, pa))
		return false;
	path[PAGE_SIZE_4K] = entry_in(m, t, pa, PAGE_SIZE_4K);
	path[PAGE_SIZE_2M] = entry_in(m, t, pa, PAGE_SIZE_2M);
	path[PAGE_SIZE_1G] = entry_in(m, t, pa, PAGE_SIZE_1G);
	return true;
}

struct pamt_entry *pamt_at(const struct module *m, uint64_t pa, enum page_size level)
{
	struct pamt_entry *path[NUM_PAGE_SIZES];

	return pamt_path(m, pa, path) ? path[level] : NULL;
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
	struct pamt_entry *path[NUM_PAGE_SIZES];

	if (!pamt_path(m, pa, path))
		return is_pamt(m, pa);
	for (int level = PAGE_SIZE_4K; level <= PAGE_SIZE_1G; level++) {
		int type = path[level] ? __atomic_load_n(&path[level]->type, __ATOMIC_RELAXED) : -1 /* destroyed */;

		if (type != PT_NDA && type != PT_RSVD)
			return true;
	}
	return is_pamt(m, pa);
}

/* A large page's 512 parts, described one by one. */
static struct pamt_entry *parts_of(const struct module *m, const struct page_ref *large)
{
	return pamt_at(m, large->pa, (enum page_size)(large->level - 1));
}

void pamt_demote(const struct module *m, const struct page_ref *large, uint64_t owner)
{
	struct pamt_entry *part = parts_of(m, large);

	for (unsigned i = 0; i < 512; i++)
		pamt_set(&part[i], PT_REG, owner, 0);
	pamt_free(large->pamt);
}

void pamt_promote(const struct module *m, const struct page_ref *large, uint64_t owner)
{
	struct pamt_entry *part = parts_of(m, large);

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

static bool is_locked(const uint16_t *lock, unsigned bits)
{
	return __atomic_load_n(lock, __ATOMIC_SEQ_CST) & bits;
}

static bool is_free(const struct pamt_entry *e)
{
	return __atomic_load_n(&e->type, __ATOMIC_SEQ_CST) == PT_NDA;
}

static bool parts_locked(const struct module *m, uint64_t pa, int level)
{
	const struct pamt_entry *part = pamt_at(m, pa & ~(PAGE_SIZE_OF(level) - 1), (enum page_size)(level - 1));

	for (uint64_t i = 0; i < 512; i++) {
		if (is_locked(&part[i].lock, ~LOCK_BIT_HOST_PRIO & 0xffffu))
			return true;
		if (level > PAGE_SIZE_2M && is_free(&part[i]) &&
		    parts_locked(m, pa + i * PAGE_SIZE_OF(level - 1), level - 1))
			return true;
	}
	return false;
}

/*
 * Whoever locks an entry holds the larger ones around it shared. They need not be written for that: it is enough that
 * nobody has one exclusively, and that who takes a large one exclusively finds no lock inside.
 */
static bool lock_described(struct call *c, const struct page_ref *ref, struct pamt_entry *const path[NUM_PAGE_SIZES],
			   enum lock_mode mode)
{
	if (!call_lock(c, &ref->pamt->lock, HELD_HOST_PRIO, mode))
		return false;
	for (int level = PAGE_SIZE_1G; level > (int)ref->level; level--) {
		if (is_locked(&path[level]->lock, LOCK_BIT_EXCLUSIVE) || !is_free(path[level]))
			return false;
	}
	return mode != LOCK_EXCLUSIVE || ref->level == PAGE_SIZE_4K || !parts_locked(c->m, ref->pa, (int)ref->level);
}

uint64_t pamt_lock(struct call *c, unsigned operand, uint64_t pa, enum page_size smallest, enum lock_mode mode,
		   struct page_ref *ref)
{
	struct pamt_entry *path[NUM_PAGE_SIZES];
	int level = PAGE_SIZE_1G;

	if (!pamt_path(c->m, pa, path))
		return fail(c, TDX_OPERAND_ADDR_RANGE_ERROR | operand, "page %x is in no %s", pa,
			    (uintptr_t)(tdmr_of(c->m, pa) ? "part of its TDMR that TDH.SYS.TDMR.INIT has done" : "TDMR"));
	while (level > (int)smallest && is_free(path[level]))
		level--;
	*ref = (struct page_ref){ pa, path[level], (enum page_size)level };
	if (fault_meets(&c->lp->fault, TDX_OPERAND_BUSY | operand) || !lock_described(c, ref, path, mode) ||
	    (level > (int)smallest && is_free(path[level])))
		return pamt_busy(c, operand, pa);
	return TDX_SUCCESS;
}
