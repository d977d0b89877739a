// SPDX-License-Identifier: MIT
/*
 * Secure EPT entries, their states and the walk.
 */
#include "module/sept.h"
#include "module/state.h"

#define STATE_BITS (SEPT_D | SEPT_TDEX | SEPT_TDBW | SEPT_TDB | SEPT_TDP | SEPT_IPAT | SEPT_LEAF)
#define INTERNAL_BITS (SEPT_LOCK | SEPT_HOST_PRIO)
#define REMOVAL_SHIFT 12
#define REMOVAL_VALID (1ull << 44)
/* What SEPT.RD shows of a leaf: not the bits that encode its state, which RDX gives by number. */
#define PUBLIC_LEAF (SEPT_RWX | (7ull << 3) | SEPT_IPAT | SEPT_LEAF | SEPT_PA | SEPT_SUPPRESS_VE)

struct state_row {
	uint64_t bits;
	uint8_t number; /* as SEPT.RD returns it */
	uint8_t rwx;
	const char *name;
};

static const struct state_row states[NUM_SEPT_STATES] = {
#define LEAF_BITS (SEPT_IPAT | SEPT_LEAF)
	[SEPT_STATE_FREE] = { SEPT_TDEX | SEPT_TDBW | SEPT_TDB, 0, 0, "FREE" },
	[SEPT_STATE_REMOVED] = { SEPT_TDBW | SEPT_TDB, 5, 0, "REMOVED" },
	[SEPT_STATE_NL_MAPPED] = { 0, 132, SEPT_RWX, "NL_MAPPED" },
	[SEPT_STATE_NL_BLOCKED] = { SEPT_TDB, 129, 0, "NL_BLOCKED" },
	[SEPT_STATE_MAPPED] = { LEAF_BITS, 4, SEPT_RWX, "MAPPED" },
	[SEPT_STATE_BLOCKED] = { LEAF_BITS | SEPT_TDB, 1, 0, "BLOCKED" },
	[SEPT_STATE_BLOCKEDW] = { LEAF_BITS | SEPT_TDBW, 8, SEPT_R | SEPT_X, "BLOCKEDW" },
	[SEPT_STATE_EXPORTED_BLOCKEDW] = { LEAF_BITS | SEPT_TDEX | SEPT_TDBW, 9, SEPT_R | SEPT_X,
				     "EXPORTED_BLOCKEDW" },
	[SEPT_STATE_EXPORTED_DIRTY] = { LEAF_BITS | SEPT_D | SEPT_TDEX, 11, SEPT_RWX, "EXPORTED_DIRTY" },
	[SEPT_STATE_EXPORTED_DIRTY_BLOCKEDW] = { LEAF_BITS | SEPT_D | SEPT_TDEX | SEPT_TDBW, 12,
					   SEPT_R | SEPT_X, "EXPORTED_DIRTY_BLOCKEDW" },
	[SEPT_STATE_PENDING] = { LEAF_BITS | SEPT_TDP, 2, 0, "PENDING" },
	[SEPT_STATE_PENDING_BLOCKED] = { LEAF_BITS | SEPT_TDP | SEPT_TDB, 3, 0, "PENDING_BLOCKED" },
	[SEPT_STATE_PENDING_BLOCKEDW] = { LEAF_BITS | SEPT_TDP | SEPT_TDBW, 16, 0, "PENDING_BLOCKEDW" },
	[SEPT_STATE_PENDING_EXPORTED_BLOCKEDW] = { LEAF_BITS | SEPT_TDP | SEPT_TDEX | SEPT_TDBW, 17, 0,
					     "PENDING_EXPORTED_BLOCKEDW" },
	[SEPT_STATE_PENDING_EXPORTED_DIRTY] = { LEAF_BITS | SEPT_D | SEPT_TDP | SEPT_TDEX, 19, 0,
					  "PENDING_EXPORTED_DIRTY" },
	[SEPT_STATE_PENDING_EXPORTED_DIRTY_BLOCKEDW] = { LEAF_BITS | SEPT_D | SEPT_TDP | SEPT_TDEX | SEPT_TDBW,
						   20, 0, "PENDING_EXPORTED_DIRTY_BLOCKEDW" },
};

enum sept_state sept_state_of(uint64_t entry)
{
	for (unsigned s = 0; s < NUM_SEPT_STATES; s++) {
		if ((entry & STATE_BITS) == states[s].bits)
			return (enum sept_state)s;
	}
	/* A REMOVED entry keeps a migration epoch where others keep these bits; nothing else is written. */
	return SEPT_STATE_FREE;
}

uint64_t sept_state_bits(enum sept_state s)
{
	return states[s].bits;
}

const char *sept_state_name(unsigned s)
{
	return s < NUM_SEPT_STATES ? states[s].name : "unknown";
}

uint64_t sept_public_entry(uint64_t entry)
{
	switch (sept_state_of(entry)) {
	case SEPT_STATE_FREE:
		return SEPT_SUPPRESS_VE;
	case SEPT_STATE_REMOVED:
	case SEPT_STATE_NL_MAPPED:
	case SEPT_STATE_NL_BLOCKED:
		return entry & SEPT_RWX;
	default:
		return entry & PUBLIC_LEAF;
	}
}

uint64_t sept_public_info(uint64_t entry, unsigned level)
{
	return level | (uint64_t)states[sept_state_of(entry)].number << 8;
}

uint64_t sept_make(enum sept_state s, uint64_t pa)
{
	uint64_t e = states[s].bits | states[s].rwx | (pa & SEPT_PA);

	switch (s) {
	case SEPT_STATE_NL_MAPPED:
	case SEPT_STATE_NL_BLOCKED:
		return e;
	case SEPT_STATE_FREE:
	case SEPT_STATE_REMOVED:
		return e | SEPT_SUPPRESS_VE;
	default:
		return e | SEPT_MT_WB | SEPT_SUPPRESS_VE;
	}
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
	return (entry & ~(STATE_BITS | SEPT_RWX)) | states[s].bits | states[s].rwx;
}

unsigned sept_root_level(const struct td *td)
{
	return (td->tdcs->eptp >> 3) & 7;
}

void sept_reload(struct sept_ref *ref)
{
	ref->value = __atomic_load_n(ref->entry, __ATOMIC_ACQUIRE) & ~INTERNAL_BITS;
	ref->state = sept_state_of(ref->value);
}

static unsigned index_at(uint64_t gpa, unsigned level)
{
	return (gpa >> (12 + 9 * level)) & 511;
}

void sept_walk(const struct module *m, const struct td *td, uint64_t gpa, unsigned level,
	       struct sept_ref *out)
{
	uint64_t *table = td_page(m, td, TDCS_PAGE_SEPT_ROOT);

	out->level = sept_root_level(td);
	for (;;) {
		out->entry = &table[index_at(gpa, out->level)];
		sept_reload(out);
		if (out->level == level || out->state != SEPT_STATE_NL_MAPPED)
			break;
		table = pa_ptr(m, out->value & SEPT_PA);
		out->level--;
	}
	out->gpa = gpa & ~(PAGE_SIZE_OF(out->level) - 1);
}

void sept_write(struct sept_ref *ref, uint64_t value)
{
	uint64_t old = __atomic_load_n(ref->entry, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(ref->entry, &old, (old & INTERNAL_BITS) | value, true,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
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

void *sept_translate(const struct module *m, const struct td *td, uint64_t gpa, uint32_t states_allowed,
		     struct sept_ref *ref)
{
	struct sept_ref local;

	ref = ref ? ref : &local;
	sept_walk(m, td, gpa, 0, ref);
	if (!(states_allowed & SEPT_SET(ref->state)) || !(ref->value & SEPT_LEAF))
		return NULL;
	return pa_ptr(m, sept_pa(ref) + (gpa & (PAGE_SIZE_OF(ref->level) - 1)));
}

enum sept_state sept_unblocked(enum sept_state s)
{
	switch (s) {
	case SEPT_STATE_NL_BLOCKED: return SEPT_STATE_NL_MAPPED;
	case SEPT_STATE_BLOCKED: return SEPT_STATE_MAPPED;
	case SEPT_STATE_PENDING_BLOCKED: return SEPT_STATE_PENDING;
	default: return s;
	}
}

void sept_table_fill(uint64_t *table)
{
	for (unsigned i = 0; i < 512; i++)
		table[i] = sept_make(SEPT_STATE_FREE, 0);
}
