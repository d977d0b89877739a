// SPDX-License-Identifier: MIT
/*
 * What the module's tables say of a page, read from outside: nothing is locked, so that each field
 * is read once, as one word, and may be of before or after a call under way elsewhere; this file is
 * compiled without TSan, which would want the module's locks. A table that the host destroyed ends
 * a look, not the call.
 */
#include "module/keyid.h"
#include "strict/internal.h"

static void *at(const struct module *m, uint64_t pa, uint64_t len)
{
	return mem_ptr(&m->plat->mem, keyid_strip(m, pa), len);
}

#define READ(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

/* A page's entry, free where there is none. */
static struct pamt_entry entry_of(const struct module *m, const struct tdmr *t, uint64_t pa,
				  unsigned level)
{
	uint64_t index = (pa - t->base) / PAGE_SIZE_OF(level);
	struct pamt_entry copy = { .type = PT_NDA };
	const uint64_t *word = at(m, t->pamt_base[level] + index * sizeof(copy), sizeof(copy));
	uint64_t read[sizeof(copy) / sizeof(*word)];

	_Static_assert(sizeof(read) == sizeof(copy), "whole words");
	if (!word)
		return copy;
	for (unsigned i = 0; i < sizeof(read) / sizeof(read[0]); i++)
		read[i] = READ(word[i]);
	memcpy(&copy, read, sizeof(copy));
	return copy;
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
		const struct pamt_entry e = entry_of(m, t, pa, level);

		l.type = e.type;
		if (l.type == PT_NDA)
			continue;
		l.level = (uint8_t)level;
		l.pa = pa & ~(PAGE_SIZE_OF(level) - 1);
		l.owner = l.type == PT_TDR ? 0 : pamt_owner(&e);
		break;
	}
	return l;
}

bool look_owned(const struct look *l)
{
	return l->pamt || (l->type != PT_NDA && l->type != PT_RSVD);
}

static const struct tdr *tdr_of(const struct module *m, uint64_t td)
{
	const struct tdr *tdr = at(m, td, PAGE_BYTES);

	return tdr && look_at(m, td).type == PT_TDR ? tdr : NULL;
}

/* A control page of a TD that has them. */
static const void *tdcx_of(const struct module *m, uint64_t td, unsigned index)
{
	const struct tdr *tdr = tdr_of(m, td);
	uint32_t num = tdr ? READ(tdr->num_tdcx) : 0;

	return num >= TDCX_MIN && num <= TDCX_MAX ? at(m, READ(tdr->tdcx_pa[index]), PAGE_BYTES)
						  : NULL;
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
	const struct tdcs *tdcs = tdcx_of(m, td, TDCS_PAGE_MAIN);
	const uint64_t *table = tdcx_of(m, td, TDCS_PAGE_SEPT_ROOT);
	struct sept_ref ref = { .level = tdcs ? (unsigned)(READ(tdcs->eptp) >> 3) & 7 : 0 };

	for (; tdcs && table && ref.level <= SEPT_LEVEL_MAX; ref.level--) {
		ref.value = READ(table[gpa >> (12 + 9 * ref.level) & 511]);
		ref.state = sept_state_of(ref.value);
		if (ref.value & SEPT_LEAF ? ref.level < NUM_PAGE_SIZES
					  : ref.level == level && ref.value & SEPT_PA) {
			describe(m, gpa, &ref, l);
			return look_owned(l) && l->owner == td;
		}
		if (ref.state != SEPT_STATE_NL_MAPPED || ref.level <= level)
			return false;
		table = at(m, ref.value & SEPT_PA, PAGE_BYTES);
	}
	return false;
}

bool look_untracked(const struct module *m, uint64_t td, const struct look *l)
{
	const struct tdcs *tdcs = tdcx_of(m, td, TDCS_PAGE_MAIN);
	const struct tdmr *t = tdmr_of(m, l->pa);
	uint64_t bepoch = t ? entry_of(m, t, l->pa, l->level).bepoch : 0;

	return tdcs && t && !(bepoch & BEPOCH_MIG_FLAG) && bepoch >= READ(tdcs->epoch);
}

uint64_t look_running(const struct module *m, unsigned lp)
{
	return m->lp[lp].guest.running ? m->lp[lp].guest.td.pa : 0;
}

uint16_t look_hkid(const struct module *m, uint64_t td)
{
	const struct tdr *tdr = tdr_of(m, td);
	uint16_t hkid = tdr ? READ(tdr->hkid) : 0;

	return hkid < PLATFORM_HKIDS ? hkid : 0;
}

bool look_torn_down(const struct module *m, uint64_t td)
{
	const struct tdr *tdr = tdr_of(m, td);

	return tdr && READ(tdr->lifecycle) == LIFECYCLE_TEARDOWN;
}
