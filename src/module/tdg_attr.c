// SPDX-License-Identifier: MIT
/*
 * TDG.MEM.PAGE.ATTR.RD and .WR: attributes of a private page, 16 bits for each VM of the TD. L1's own are always 0.
 */
#include "gen/checks.h"
#include "module/guest.h"
#include "module/guest_mem.h"

#define PENDING_BIT (1ull << 62)
#define ATTR_OF(attr, vm) ((uint16_t)((attr) >> (16 * (vm))))
#define ATTR_VALID 0x8000u

static uint64_t refuse(struct call *c, uint64_t status)
{
	c->regs->gpr[GPR_RCX] = 0;
	c->regs->gpr[GPR_RDX] = 0;
	return status;
}

static uint64_t pending_bit(const struct call *c)
{
	return SEPT_ANY_PENDING & SEPT_SET(c->sept.state) ? PENDING_BIT : 0;
}

static bool state_allowed(const struct call *c)
{
	return c->leaf->sept_states & SEPT_SET(c->sept.state);
}

/* ---- read ---- */

uint64_t tdg_mem_page_attr_rd(struct call *c)
{
	uint64_t gpa = c->in[GPR_RCX], st;

	if (!guest_gpa_valid(&c->td, gpa, true))
		return refuse(c, fail(c, TDX_OPERAND_INVALID | GPR_RCX, "GPA %x is not a private address of this TD", gpa));
	sept_walk(c->m, &c->td, gpa, 0, &c->sept);
	st = guest_lock_sept_entry(c);
	if (st)
		return refuse(c, st);
	if (!state_allowed(c)) {
		exit_ept(guest_exit_of(c), gpa, 0, EXT_EXIT_NONE);
		return leaf_leaves(c);
	}
	c->regs->gpr[GPR_RCX] = c->sept.gpa | c->sept.level | pending_bit(c);
	c->regs->gpr[GPR_RDX] = 0;
	return TDX_SUCCESS;
}

/* ---- write ---- */

/* L1's attributes and those of VMs that are not there can't be named. */
static uint64_t check_attributes(struct call *c)
{
	for (unsigned vm = 0; vm < MAX_VMS; vm++) {
		uint16_t attr = ATTR_OF(c->in[GPR_RDX], vm);
		bool absent = !vm || vm > c->td.tdcs->num_l2_vms;

		if (absent ? attr : attr && !(attr & ATTR_VALID))
			return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "attributes %x of VM %u: %s", attr, vm,
				    (uintptr_t)(absent ? "that VM has none" : "VALID (bit 15) is 0"));
		if (absent && ATTR_OF(c->in[GPR_R8], vm))
			return fail(c, TDX_OPERAND_INVALID | GPR_R8, "flags %x of VM %u: that VM has none",
				    ATTR_OF(c->in[GPR_R8], vm), vm);
	}
	return TDX_SUCCESS;
}

static uint64_t violation(struct call *c)
{
	call_unlock(c, c->sept.entry);
	exit_sept_violation(guest_exit_of(c), EXT_EXIT_ATTR_WR, c->gpa, c->level, &c->sept);
	return leaf_leaves(c);
}

static uint64_t find_entry(struct call *c)
{
	uint64_t st;

	sept_walk(c->m, &c->td, c->gpa, c->level, &c->sept);
	if (c->sept.level != c->level)
		return violation(c);
	st = guest_lock_sept_entry(c);
	if (st)
		return st;
	if (!(c->sept.value & SEPT_LEAF) && c->sept.state != SEPT_STATE_FREE)
		return fail(c, TDX_PAGE_SIZE_MISMATCH | c->sept.level, "GPA %x is mapped by smaller pages than level %u",
			    c->gpa, c->level);
	return state_allowed(c) ? TDX_SUCCESS : violation(c);
}

uint64_t tdg_mem_page_attr_wr(struct call *c)
{
	uint64_t st = check_attributes(c);

	if (!st)
		st = check_gpa_level(c, GPR_RCX, 0, 2);
	if (!st)
		st = tdg_gpa_private(c);
	if (!st)
		st = find_entry(c);
	if (st)
		return refuse(c, st);
	if (c->where != MODULE_TO_GUEST)
		return st;
	c->regs->gpr[GPR_RCX] = c->in[GPR_RCX] | pending_bit(c);
	c->regs->gpr[GPR_RDX] = 0;
	return TDX_SUCCESS;
}
