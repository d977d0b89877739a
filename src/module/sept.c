// SPDX-License-Identifier: MIT
/*
 * Secure EPT entries, their states and the walk.
 */
#include "module/sept.h"
#include "module/state.h"

#define STATE_BITS (SEPT_D | SEPT_TDEX | SEPT_TDBW | SEPT_TDB | SEPT_TDP | SEPT_IPAT | SEPT_LEAF)
#define INTERNAL_BITS (SEPT_LOCK | SEPT_HOST_PRIO)
#define REMOVAL_SHIFT 12

/* The seven bits of an entry that hold its state, as a number (enum sept_encoding), and back. */
#define ENCODING_OF(entry) (((entry) >> 9 & 1) | ((entry) >> 52 & 0x1e) | ((entry) >> 1 & 0x60))
#define BITS_OF(encoding) (((encoding) & 1ull) << 9 | ((encoding) & 0x1eull) << 52 | ((encoding) & 0x60ull) << 1)
#define ENCODINGS 128u

enum sept_state sept_state_of(uint64_t entry)
{
	return (enum sept_state)sept_state_of_encoding[ENCODING_OF(entry)];
}

uint64_t sept_public_entry(uint64_t entry)
{
	const struct sept_state_row *row = &sept_states[sept_state_of(entry)];

	return row->shown ? entry & row->shown : row->fixed;
}

uint64_t sept_public_info(uint64_t entry, unsigned level)
{
	return level | (uint64_t)sept_states[sept_state_of(entry)].number << 8;
}

static uint64_t bits_of(enum sept_state s)
{
	return BITS_OF(sept_states[s].encoding) | sept_states[s].rwx;
}

uint64_t sept_make(enum sept_state s, uint64_t pa)
{
	return bits_of(s) | sept_states[s].fixed | (pa & SEPT_PA);
}

uint64_t sept_make_removed(uint32_t mig_epoch)
{
	return sept_make(SEPT_STATE_REMOVED, 0) | REMOVAL_VALID | (uint64_t)mig_epoch << REMOVAL_SHIFT;
}

bool sept_removal_epoch(uint64_t entry, uint32_t *mig_epoch)
{
	*mig_epoch = (uint32_t)(entry >> REMOVAL_SHIFT);
	return sept_state_of(entry) == SEPT_STATE_REMOVED && entry & REMOVAL_VALID;
}

uint64_t sept_with_state(uint64_t entry, enum sept_state s)
{
	return (entry & ~(STATE_BITS | SEPT_RWX)) | bits_of(s);
}

void sept_reload(struct sept_ref *ref)
{
	ref->value = __atomic_load_n(ref->entry, __ATOMIC_ACQUIRE) & ~INTERNAL_BITS;
	ref->state = sept_state_of(ref->value);
}

static bool is_mapped_table(uint64_t entry)
{
	return (entry & (BITS_OF(ENCODINGS - 1) | SEPT_RWX)) == (BITS_OF(SEPT_ENCODING_NL_MAPPED) | SEPT_RWX);
}

static unsigned index_at(uint64_t gpa, unsigned level)
{
	return (gpa >> (12 + 9 * level)) & 511;
}

static void reach(struct sept_ref *out, uint64_t *entry, unsigned level, uint64_t gpa)
{
	uint64_t value = __atomic_load_n(entry, __ATOMIC_ACQUIRE);

	*out = (struct sept_ref){ entry, value & ~INTERNAL_BITS, level, gpa & ~(PAGE_SIZE_OF(level) - 1), sept_state_of(value) };
}

void sept_walk(const struct module *m, const struct td *td, uint64_t gpa, unsigned level, struct sept_ref *out)
{
	unsigned at = sept_root_level(td);
	uint64_t *table = pa_ptr(m, td->tdcs->eptp & SEPT_PA); /* EPTP is 0 where an import failed before it came */

	for (;; table = pa_ptr(m, out->value & SEPT_PA), at--) {
		reach(out, table + index_at(gpa, at), at, gpa);
		if (at == level || !is_mapped_table(out->value))
			return;
	}
}

static __attribute__((noinline)) void walk_far(struct call *c)
{
	uint64_t gone = __atomic_load_n(&c->m->tables_gone, __ATOMIC_ACQUIRE);

	sept_walk(c->m, &c->td, c->gpa, c->level, &c->sept);
	if (!c->sept.level && sept_root_level(&c->td))
		c->lp->sept = (struct sept_near){ c->td.pa, c->gpa >> 21, gone, c->sept.entry - index_at(c->gpa, 0) };
}

void sept_walk_call(struct call *c)
{
	const struct sept_near *near = &c->lp->sept;

	if (!c->level && near->table && near->block == c->gpa >> 21 && near->td == c->td.pa &&
	    near->gone == __atomic_load_n(&c->m->tables_gone, __ATOMIC_ACQUIRE) && !mem_destroyed(&c->m->plat->mem))
		reach(&c->sept, near->table + index_at(c->gpa, 0), 0, c->gpa);
	else
		walk_far(c);
}

void sept_write(struct call *c, uint64_t value)
{
	struct sept_ref *ref = &c->sept;
	uint64_t old = __atomic_load_n(ref->entry, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(ref->entry, &old, (old & INTERNAL_BITS) | value, true,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	if (is_mapped_table(old) && !is_mapped_table(value))
		__atomic_fetch_add(&c->m->tables_gone, 1, __ATOMIC_RELEASE);
	ref->value = value;
	ref->state = sept_state_of(value);
}

uint64_t sept_pa(const struct sept_ref *ref)
{
	uint64_t pa = ref->value & SEPT_PA;

	return ref->value & SEPT_LEAF ? pa & ~(PAGE_SIZE_OF(ref->level) - 1) : pa;
}

bool sept_try_lock(uint64_t *entry, bool guest)
{
	uint64_t old = __atomic_load_n(entry, __ATOMIC_RELAXED);
	uint64_t now;

	do {
		if (guest ? old & INTERNAL_BITS : old & SEPT_LOCK) {
			if (!guest)
				__atomic_fetch_or(entry, SEPT_HOST_PRIO, __ATOMIC_RELAXED);
			return false;
		}
		now = (old & ~SEPT_HOST_PRIO) | SEPT_LOCK;
	} while (!__atomic_compare_exchange_n(entry, &old, now, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

void sept_unlock(uint64_t *entry)
{
	__atomic_fetch_and(entry, ~SEPT_LOCK, __ATOMIC_RELEASE);
}

void sept_table_fill(uint64_t *table)
{
	for (unsigned i = 0; i < 512; i++)
		table[i] = sept_make(SEPT_STATE_FREE, 0);
}
