// SPDX-License-Identifier: MIT
/*
 * TDG.MEM.PAGE.ACCEPT: a page that the host added becomes the guest's, zeroed.
 */
#include <string.h>
#include "gen/checks.h"
#include "module/guest.h"
#include "module/keyid.h"
#include "module/guest_mem.h"
#include "module/sept_l2.h"

#define COUNTER_SHIFT 12
#define COUNTER_LAST 511u
#define ZEROED_AT_ONCE 16u

/* Extended exit qualification of ACCEPT and ATTR.WR: what was asked for, and the entry that stood in the way. */
static uint64_t sept_violation_details(enum ext_exit_type type, const struct sept_ref *ref, unsigned asked_level)
{
	uint64_t state = sept_public_info(ref->value, ref->level) >> 8 & 0xff;
	uint64_t info = asked_level | ref->level << 3 | state << 6 | (uint64_t)!!(ref->value & SEPT_LEAF) << 14;

	return (uint64_t)type | info << 32;
}

void exit_sept_violation(struct guest_exit *x, enum ext_exit_type type, uint64_t gpa, unsigned asked_level,
			 const struct sept_ref *ref)
{
	uint64_t q = EPT_Q_WRITE | EPT_Q_PERMISSIONS(ref->value & SEPT_RWX);

	exit_ept(x, gpa, q, sept_violation_details(type, ref, asked_level));
}

static uint64_t violation(struct call *c)
{
	exit_sept_violation(guest_exit_of(c), EXT_EXIT_ACCEPT, c->gpa, c->level, &c->sept);
	return leaf_leaves(c);
}

static uint64_t already_accepted(struct call *c)
{
	return fail(c, TDX_PAGE_ALREADY_ACCEPTED | c->sept.level, "GPA %x is %e at level %u", c->gpa, c->sept.state,
		    c->sept.level);
}

static bool guest_has_it(const struct call *c)
{
	return SEPT_GUEST_READ & SEPT_SET(c->sept.state);
}

uint64_t guest_lock_sept_entry(struct call *c)
{
	uint64_t st = call_lock_sept_entry(c, GPR_RCX);

	if (st)
		guest_exit_of(c)->host_priority = __atomic_load_n(c->sept.entry, __ATOMIC_RELAXED) & SEPT_HOST_PRIO;
	return st;
}

uint64_t guest_lock_leaf(struct call *c)
{
	uint64_t st = guest_lock_sept_entry(c);

	if (st || c->sept.state == SEPT_STATE_FREE || c->sept.value & SEPT_LEAF)
		return st;
	return fail(c, TDX_PAGE_SIZE_MISMATCH | c->sept.level, "GPA %x is mapped by smaller pages than level %u", c->gpa,
		    c->level);
}

/* Finds and locks an acceptable entry at the level asked for; ends the call in all other cases. */
static uint64_t find_pending(struct call *c)
{
	uint64_t st;

	sept_walk_call(c);
	if (c->sept.level != c->level)
		return guest_has_it(c) ? already_accepted(c) : violation(c);
	st = guest_lock_leaf(c);
	if (st)
		return st;
	if (guest_has_it(c))
		return already_accepted(c);
	if (!(SEPT_ACCEPTABLE & SEPT_SET(c->sept.state))) {
		call_unlock(c, c->sept.entry);
		return violation(c);
	}
	return TDX_SUCCESS;
}

static void zero_pages(struct call *c, uint64_t pa, uint64_t pages)
{
	uint64_t size = pages * PAGE_BYTES;

	keyid_tag(c->m, pa, size, c->td.tdr->hkid);
	pa_ptr(c->m, pa + size - 1);
	if (pages == 1)
		memset(pa_ptr(c->m, pa), 0, PAGE_BYTES);
	else
		mem_zero_lines(pa_ptr(c->m, pa), size);
}

/*
 * Zeroes a 2M page. An interrupt that waits already ends it after 4K, one that comes meanwhile within ZEROED_AT_ONCE
 * pages. False: interrupted; *value holds how far it came.
 */
static bool zero_large(struct call *c, uint64_t *value)
{
	uint64_t base = *value & SEPT_PA & ~COUNTER_MASK;
	uint64_t done = (*value & COUNTER_MASK) >> COUNTER_SHIFT, pages = 1;

	do {
		zero_pages(c, base + done * PAGE_BYTES, pages);
		done += pages;
		pages = ZEROED_AT_ONCE - done % ZEROED_AT_ONCE;
	} while (done <= COUNTER_LAST && !call_interrupted(c));
	mem_zeroed_lines();
	*value = (*value & ~COUNTER_MASK) | (done & COUNTER_LAST) << COUNTER_SHIFT;
	return done > COUNTER_LAST;
}

uint64_t tdg_gpa_private(struct call *c)
{
	if (!guest_gpa_valid(&c->td, c->gpa, true))
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "GPA %x is not a private address of this TD", c->gpa);
	return TDX_SUCCESS;
}

uint64_t tdg_mem_page_accept(struct call *c)
{
	uint64_t st = find_pending(c);
	uint64_t value = c->sept.value;

	if (st || c->where != MODULE_TO_GUEST)
		return st;
	if (c->level == 0) {
		zero_pages(c, value & SEPT_PA, 1);
	} else if (!zero_large(c, &value)) {
		sept_write(c, value);
		return leaf_interrupted(c);
	}
	sept_l2_for_aliases(c, sept_l2_unblock_alias);
	sept_write(c, sept_with_state(value, sept_after(c->sept.state, SEPT_CHANGE_ACCEPT)) | SEPT_RWX);
	return TDX_SUCCESS;
}
