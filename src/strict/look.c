// SPDX-License-Identifier: MIT
/*
 * What the module's tables say of a page, read from outside: nothing is locked, and a table that
 * the host destroyed ends a look, not the call.
 */
#include "module/keyid.h"
#include "strict/internal.h"

static void *at(const struct module *m, uint64_t pa, uint64_t len)
{
	return mem_ptr(&m->plat->mem, keyid_strip(m, pa), len);
}

static const struct pamt_entry *entry_of(const struct module *m, const struct tdmr *t, uint64_t pa,
					 unsigned level)
{
	uint64_t index = (pa - t->base) / PAGE_SIZE_OF(level);

	return at(m, t->pamt_base[level] + index * sizeof(struct pamt_entry),
		  sizeof(struct pamt_entry));
}

static bool in_pamt(const struct module *m, uint64_t pa)
{
	for (unsigned i = 0; i < m->num_tdmrs; i++) {
		for (unsigned level = 0; level < NUM_PAGE_SIZES; level++) {
			if (pa - m->tdmr[i].pamt_base[level] < m->tdmr[i].pamt_size[level])
				return true;
		}
	}
	return false;
}

static bool usable(const struct tdmr *t, uint64_t pa)
{
	uint64_t next = __atomic_load_n(&t->next, __ATOMIC_ACQUIRE);

	return pa < (next & ~(PAGE_SIZE_OF(PAGE_SIZE_1G) - 1));
}

struct look look_at(const struct module *m, uint64_t pa)
{
	struct look l = { .pa = pa & ~(uint64_t)(PAGE_BYTES - 1),
			  .gpa = NOT_WALKED,
			  .state = NO_STATE,
			  .type = PT_NDA,
			  .pamt = in_pamt(m, pa) };
	const struct tdmr *t = tdmr_of(m, pa);

	if (!t || l.pamt || !usable(t, pa))
		return l;
	for (unsigned level = NUM_PAGE_SIZES; level-- > 0;) {
		const struct pamt_entry *e = entry_of(m, t, pa, level);

		l.type = e ? __atomic_load_n(&e->type, __ATOMIC_RELAXED) : PT_NDA;
		if (l.type == PT_NDA)
			continue;
		l.level = (uint8_t)level;
		l.pa = pa & ~(PAGE_SIZE_OF(level) - 1);
		l.owner = l.type == PT_TDR ? 0 : pamt_owner(e);
		break;
	}
	return l;
}

bool look_owned(const struct look *l)
{
	return l->pamt || (l->type != PT_NDA && l->type != PT_RSVD);
}

/* The TDCS of a TD that is there. */
static const struct tdcs *tdcs_of(const struct module *m, uint64_t td)
{
	const struct tdr *tdr = at(m, td, PAGE_BYTES);

	if (!tdr || look_at(m, td).type != PT_TDR || tdr->num_tdcx < TDCX_MIN ||
	    tdr->num_tdcx > TDCX_MAX)
		return NULL;
	return at(m, tdr->tdcx_pa[TDCS_PAGE_MAIN], PAGE_BYTES);
}

static void describe(const struct module *m, uint64_t gpa, const struct sept_ref *ref,
		     struct look *l)
{
	*l = look_at(m, sept_pa(ref));
	l->gpa = gpa & ~(PAGE_SIZE_OF(ref->level) - 1);
	l->state = (uint8_t)ref->state;
}

bool look_up(const struct module *m, uint64_t td, uint64_t gpa, unsigned level, struct look *l)
{
	const struct tdcs *tdcs = tdcs_of(m, td);
	const struct tdr *tdr = at(m, td, PAGE_BYTES);
	uint64_t table = tdcs ? tdr->tdcx_pa[TDCS_PAGE_SEPT_ROOT] : 0;
	struct sept_ref ref = { .level = tdcs ? (unsigned)(tdcs->eptp >> 3) & 7 : 0 };

	for (; tdcs && ref.level <= SEPT_LEVEL_MAX; ref.level--) {
		const uint64_t *entry = at(m, table, PAGE_BYTES);

		if (!entry)
			return false;
		entry += gpa >> (12 + 9 * ref.level) & 511;
		ref.value = __atomic_load_n(entry, __ATOMIC_ACQUIRE);
		ref.state = sept_state_of(ref.value);
		if (ref.value & SEPT_LEAF ? ref.level < NUM_PAGE_SIZES
					  : ref.level == level && ref.value & SEPT_PA) {
			describe(m, gpa, &ref, l);
			return look_owned(l) && l->owner == td;
		}
		if (ref.state != SEPT_STATE_NL_MAPPED || ref.level <= level)
			return false;
		table = ref.value & SEPT_PA;
	}
	return false;
}

bool look_untracked(const struct module *m, uint64_t td, const struct look *l)
{
	const struct tdcs *tdcs = tdcs_of(m, td);
	const struct tdmr *t = tdmr_of(m, l->pa);
	const struct pamt_entry *e = t ? entry_of(m, t, l->pa, l->level) : NULL;
	uint64_t bepoch = e ? __atomic_load_n(&e->bepoch, __ATOMIC_RELAXED) : 0;

	return tdcs && e && !(bepoch & BEPOCH_MIG_FLAG) &&
	       bepoch >= __atomic_load_n(&tdcs->epoch, __ATOMIC_ACQUIRE);
}

uint64_t look_running(const struct module *m, unsigned lp)
{
	return m->lp[lp].guest.running ? m->lp[lp].guest.td.pa : 0;
}

uint16_t look_hkid(const struct module *m, uint64_t td)
{
	const struct tdr *tdr = at(m, td, PAGE_BYTES);

	return tdr && look_at(m, td).type == PT_TDR && tdr->hkid < PLATFORM_HKIDS ? tdr->hkid : 0;
}

bool look_torn_down(const struct module *m, uint64_t td)
{
	const struct tdr *tdr = at(m, td, PAGE_BYTES);

	return tdr && look_at(m, td).type == PT_TDR && tdr->lifecycle == LIFECYCLE_TEARDOWN;
}
