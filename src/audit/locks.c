// SPDX-License-Identifier: MIT
/*
 * Locks between calls: a vCPU inside its guest holds its TDVPR and TDR shared; nobody else holds anything.
 */
#include "audit/internal.h"

#define READERS_PLAIN 1 /* where the count of readers begins in a lock */
#define READERS_HP 2

static unsigned held_by_guests(const struct module *m, const void *lock)
{
	unsigned n = 0;

	for (unsigned lp = 0; lp < m->num_lps; lp++) {
		const struct lp_guest *g = &m->lp[lp].guest;

		for (unsigned i = 0; g->running && i < g->held.count; i++)
			n += g->held.lock[i].lock == lock;
	}
	return n;
}

static void check_lock(struct audit *a, const uint16_t *lock, unsigned shift, const char *what, uint64_t pa)
{
	uint16_t now = __atomic_load_n(lock, __ATOMIC_RELAXED);
	unsigned readers = now >> shift, held;

	if (shift == READERS_HP)
		now &= (uint16_t)~LOCK_BIT_HOST_PRIO;
	if (!now)
		return;
	held = held_by_guests(a->m, lock);
	if (now & LOCK_BIT_EXCLUSIVE || readers != held)
		audit_found(a, AUDIT_LOCK, pa, "%s at 0x%llx is locked, %s with %u readers; running vCPUs hold it %u times, no call "
			    "is under way", what, (unsigned long long)pa, now & LOCK_BIT_EXCLUSIVE ? "exclusively" : "shared",
			    readers, held);
}

/* What a running vCPU has is locked. */
static void check_guests(struct audit *a)
{
	for (unsigned lp = 0; lp < a->m->num_lps; lp++) {
		const struct lp_guest *g = &a->m->lp[lp].guest;

		for (unsigned i = 0; g->running && i < g->held.count; i++) {
			const uint16_t *lock = g->held.lock[i].lock;

			if (!(__atomic_load_n(lock, __ATOMIC_RELAXED) & ~LOCK_BIT_HOST_PRIO))
				audit_found(a, AUDIT_LOCK, g->vp.pa, "the vCPU at 0x%llx runs on logical processor %u and holds a lock that "
					    "is free", (unsigned long long)g->vp.pa, lp);
		}
	}
}

static void check_module(struct audit *a)
{
	const struct module *m = a->m;

	check_lock(a, &m->global_lock, READERS_PLAIN, "the global lock", 0);
	check_lock(a, &m->kot_lock, READERS_PLAIN, "the key ownership table", 0);
	for (unsigned pkg = 0; pkg < m->num_pkgs && pkg < MAX_PKGS; pkg++) {
		check_lock(a, &m->ket_lock[pkg], READERS_PLAIN, "the key table of a package", 0);
		check_lock(a, &m->wbcache[pkg].lock, READERS_PLAIN, "the cache write-back of a package", 0);
	}
	for (unsigned i = 0; i < m->num_tdmrs; i++)
		check_lock(a, &m->tdmr[i].lock, READERS_PLAIN, "the TDMR", m->tdmr[i].base);
}

static void check_td(struct audit *a, const struct td_note *t)
{
	const struct tdcs *tdcs = t->td.tdcs;

	check_lock(a, &tdcs->op_state_lock, READERS_HP, "OP_STATE of the TD", t->td.pa);
	check_lock(a, &tdcs->sept_lock, READERS_HP, "the secure EPT of the TD", t->td.pa);
	check_lock(a, &tdcs->epoch_lock, READERS_HP, "the TLB epoch of the TD", t->td.pa);
	check_lock(a, &tdcs->rtmr_lock, READERS_HP, "the RTMRs of the TD", t->td.pa);
	check_lock(a, &tdcs->servtd_lock, READERS_HP, "the service TD bindings of the TD", t->td.pa);
	check_lock(a, &tdcs->mig_lock, READERS_PLAIN, "the migration context of the TD", t->td.pa);
}

void audit_locks(struct audit *a)
{
	check_module(a);
	check_guests(a);
	for (size_t i = 0; i < a->num_pages; i++)
		check_lock(a, &a->pages[i].pamt->lock, READERS_HP, "the PAMT entry of the page", a->pages[i].pa);
	for (size_t i = 0; i < a->num_tds; i++) {
		if (a->tds[i].readable && a->tds[i].td.tdcs)
			check_td(a, &a->tds[i]);
	}
}
