// SPDX-License-Identifier: MIT
/*
 * Entries of L2 secure EPTs. A blocked page keeps its permissions in bits that the processor does not look at then.
 */
#include "module/sept_l2.h"
#include "module/state.h"

#define L2_RWX (L2_R | L2_W | L2_XS | L2_XU)
#define L2_MT_WB (6ull << 3)
#define L2_MT (7ull << 3)
#define L2_ATTRS (L2_RWX | L2_VGP | L2_PWA | L2_SSS | L2_SVE)
#define L2_PUBLIC_LEAF (L2_MT | SEPT_PA | L2_IPAT | L2_PS | L2_SVE)

/* An attribute's bit in an entry, and where it waits while the entry is blocked (0: stays). */
static const struct {
	uint16_t attr;
	uint64_t bit, saved;
} attr_bits[] = {
	{ GPA_ATTR_R, L2_R, L2_SAVED_R }, { GPA_ATTR_W, L2_W, L2_SAVED_W },
	{ GPA_ATTR_XS, L2_XS, L2_SAVED_XS }, { GPA_ATTR_XU, L2_XU, L2_SAVED_XU },
	{ GPA_ATTR_VGP, L2_VGP, 0 }, { GPA_ATTR_PWA, L2_PWA, 0 }, { GPA_ATTR_SSS, L2_SSS, 0 },
	{ GPA_ATTR_SVE, L2_SVE, 0 },
};
#define NUM_ATTR_BITS (sizeof(attr_bits) / sizeof(attr_bits[0]))

enum l2_sept_state sept_l2_state(uint64_t entry)
{
	if (entry & L2_PS)
		return entry & L2_TDB ? L2_BLOCKED : L2_MAPPED;
	if (entry & L2_TDB)
		return L2_NL_BLOCKED;
	return entry & L2_R ? L2_NL_MAPPED : L2_FREE;
}

bool sept_l2_walk(const struct module *m, const struct td *td, unsigned vm, uint64_t gpa, unsigned level,
		  bool past_blocked, struct l2_ref *out)
{
	uint64_t *table = td_page(m, td, TDCS_PAGE_L2_SEPT_ROOT + vm - 1);

	out->vm = vm;
	for (out->level = sept_root_level(td);; out->level--) {
		enum l2_sept_state state;

		out->entry = &table[gpa >> (12 + 9 * out->level) & 511];
		out->value = __atomic_load_n(out->entry, __ATOMIC_ACQUIRE);
		state = sept_l2_state(out->value);
		if (out->level == level)
			return true;
		if (state != L2_NL_MAPPED && !(past_blocked && state == L2_NL_BLOCKED))
			return false;
		table = pa_ptr(m, out->value & SEPT_PA);
	}
}

void sept_l2_write(struct l2_ref *ref, uint64_t value)
{
	__atomic_store_n(ref->entry, value, __ATOMIC_RELEASE);
	ref->value = value;
}

uint64_t sept_l2_leaf(uint16_t attr, uint64_t pa, bool blocked)
{
	uint64_t e = (pa & SEPT_PA) | L2_MT_WB | L2_IPAT | L2_PS;

	for (unsigned i = 0; i < NUM_ATTR_BITS; i++) {
		if (attr & attr_bits[i].attr)
			e |= attr_bits[i].bit;
	}
	return blocked ? sept_l2_block(e, false) : e;
}

uint64_t sept_l2_table(uint64_t pa)
{
	return (pa & SEPT_PA) | L2_RWX;
}

uint64_t sept_l2_block(uint64_t e, bool blockedw)
{
	uint64_t out = (e & ~L2_RWX) | L2_TDB;

	if (!(e & L2_PS))
		return out;
	out &= ~L2_MT;
	for (unsigned i = 0; i < NUM_ATTR_BITS; i++) {
		uint64_t saved = attr_bits[i].saved;

		if (!saved || (blockedw && attr_bits[i].attr == GPA_ATTR_W))
			continue;
		out &= ~saved;
		if (e & attr_bits[i].bit)
			out |= saved;
	}
	return out;
}

uint64_t sept_l2_unblock(uint64_t e)
{
	uint64_t out = e & ~L2_TDB;

	if (!(e & L2_TDB))
		return e;
	if (!(e & L2_PS))
		return (out & SEPT_PA) | L2_RWX;
	for (unsigned i = 0; i < NUM_ATTR_BITS; i++) {
		if (e & attr_bits[i].saved)
			out |= attr_bits[i].bit;
	}
	return (out & ~(L2_MT | L2_SAVED_W)) | L2_MT_WB;
}

uint16_t sept_l2_attr(uint64_t e, bool blockedw)
{
	bool waits = sept_l2_state(e) == L2_BLOCKED;
	uint16_t attr = 0;

	if (sept_l2_state(e) == L2_FREE)
		return e & L2_SVE ? GPA_ATTR_SVE : 0;
	if (!(e & L2_PS))
		return GPA_ATTR_RWX | GPA_ATTR_VALID;
	for (unsigned i = 0; i < NUM_ATTR_BITS; i++) {
		bool saved = waits && attr_bits[i].saved && (!blockedw || attr_bits[i].attr == GPA_ATTR_W);

		if (e & (saved ? attr_bits[i].saved : attr_bits[i].bit))
			attr |= attr_bits[i].attr;
	}
	return attr | GPA_ATTR_VALID;
}

static uint64_t public_entry(const struct td *td, uint64_t e)
{
	switch (sept_l2_state(e)) {
	case L2_FREE: return L2_SVE;
	case L2_NL_MAPPED:
	case L2_NL_BLOCKED: return e & L2_RWX;
	default: break;
	}
	if (td_debug(td))
		return e & (L2_PUBLIC_LEAF | L2_ATTRS);
	return (e & L2_PUBLIC_LEAF) | (sept_l2_state(e) == L2_MAPPED ? L2_RWX : 0);
}

void sept_l2_put(struct call *c, const struct l2_ref *ref)
{
	static const uint8_t number[] = { [L2_FREE] = 64, [L2_NL_MAPPED] = 196, [L2_NL_BLOCKED] = 193,
					  [L2_MAPPED] = 68, [L2_BLOCKED] = 65 };

	c->regs->gpr[GPR_RCX] = public_entry(&c->td, ref->value);
	c->regs->gpr[GPR_RDX] = ref->level | (uint64_t)number[sept_l2_state(ref->value)] << 8 |
				(uint64_t)ref->vm << 16;
}

bool sept_l2_alias(const struct call *c, unsigned vm, struct l2_ref *ref)
{
	return c->sept.value & SEPT_ALIAS(vm) &&
	       sept_l2_walk(c->m, &c->td, vm, c->sept.gpa, c->sept.level, c->guest, ref);
}

void sept_l2_for_aliases(struct call *c, uint64_t (*change)(struct call *c, uint64_t entry))
{
	struct l2_ref ref;

	for (unsigned vm = 1; vm <= c->td.tdcs->num_l2_vms; vm++)
		if (sept_l2_alias(c, vm, &ref))
			sept_l2_write(&ref, change(c, ref.value));
}

uint64_t sept_l2_unblock_alias(struct call *c, uint64_t entry)
{
	(void)c;
	return sept_l2_unblock(entry);
}

uint64_t sept_l2_attributes(const struct call *c, bool blockedw)
{
	uint64_t attr = 0;
	struct l2_ref ref;

	for (unsigned vm = 1; vm <= c->td.tdcs->num_l2_vms; vm++)
		if (sept_l2_alias(c, vm, &ref))
			attr |= (uint64_t)sept_l2_attr(ref.value, blockedw) << 16 * vm;
	return attr;
}
