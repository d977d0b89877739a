// SPDX-License-Identifier: MIT
/*
 * TDG.MEM.PAGE.ATTR.RD and .WR: attributes of a private page, 16 bits for each VM of the TD. L1's own are always 0.
 */
#include "gen/checks.h"
#include "module/guest.h"
#include "module/guest_mem.h"
#include "module/sept_l2.h"
#include "vmx/x86.h"

#define PENDING_BIT (1ull << 62)
#define ATTR_OF(attr, vm) ((uint16_t)((attr) >> (16 * (vm))))
#define ATTR_AT(attr, vm) ((uint64_t)(attr) << (16 * (vm)))
#define ATTR_RESERVED 0x7f00u
#define FLAG_INVEPT 0x8000u
#define VM_CTLS_EXIT_ON_WALK_FAILURE (1ull << 0)
#define DETAILS_LEVEL_SHIFT (32 + 3)
#define DETAILS_VM_SHIFT (32 + 20)

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

static bool blocked_for_writing(const struct call *c)
{
	return SEPT_ANY_BLOCKEDW & SEPT_SET(c->sept.state);
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
	c->regs->gpr[GPR_RDX] = sept_l2_attributes(c, blocked_for_writing(c));
	return TDX_SUCCESS;
}

/* ---- write ---- */

/* L1's attributes and those of VMs that are not there can't be named. */
static uint64_t check_attributes(struct call *c)
{
	for (unsigned vm = 0; vm < MAX_VMS; vm++) {
		uint16_t attr = ATTR_OF(c->in[GPR_RDX], vm);
		bool absent = !vm || vm > c->td.tdcs->num_l2_vms;

		if (absent ? attr : attr && !(attr & GPA_ATTR_VALID))
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

	sept_walk_call(c);
	if (c->sept.level != c->level)
		return violation(c);
	st = guest_lock_leaf(c);
	if (st)
		return st;
	return state_allowed(c) ? TDX_SUCCESS : violation(c);
}

/* What is to become of the alias of one VM. */
struct alias_plan {
	uint16_t attr;     /* the outcome that the caller is told */
	bool entry, alias; /* its L2 entry was found; and maps the page already */
	struct l2_ref ref;
};

static bool attr_legal(uint16_t attr)
{
	return !(attr & (ATTR_RESERVED | GPA_ATTR_SVE)) &&
	       (attr & GPA_ATTR_R || !(attr & (GPA_ATTR_W | GPA_ATTR_PWA)));
}

/* No table for the alias: the host adds it when it sees the exit, if the TD has asked for one. */
static uint64_t walk_failed(struct call *c, const struct l2_ref *ref)
{
	uint64_t e = ref->value;

	if (!(c->td.tdcs->vm_ctls[ref->vm] & VM_CTLS_EXIT_ON_WALK_FAILURE))
		return fail(c, TDX_L2_SEPT_WALK_FAILED | ref->vm << 16 | ref->level,
			    "VM %u has no table for GPA %x at level %u", ref->vm, c->gpa, ref->level);
	exit_ept(guest_exit_of(c), c->gpa,
		 EPT_Q_WRITE | EPT_Q_PERMISSIONS(e & SEPT_RWX) | (e >> 10 & 1 ? EPT_Q_PERMISSION_XU : 0),
		 EXT_EXIT_GPA_DETAILS | (uint64_t)ref->level << DETAILS_LEVEL_SHIFT |
		 (uint64_t)ref->vm << DETAILS_VM_SHIFT);
	return leaf_leaves(c);
}

/* Combines what is asked for with what the alias has; an illegal outcome leaves it as it is. */
static uint64_t plan_vm(struct call *c, unsigned vm, struct alias_plan *p, bool *illegal)
{
	uint16_t mask = ATTR_OF(c->in[GPR_R8], vm) | GPA_ATTR_VALID;
	uint16_t want = ATTR_OF(c->in[GPR_RDX], vm) & mask, now = 0;

	p->attr = ATTR_OF(c->in[GPR_RDX], vm);
	if (!want)
		return TDX_SUCCESS;
	p->entry = p->alias = sept_l2_alias(c, vm, &p->ref);
	if (p->alias) {
		now = sept_l2_attr(p->ref.value, blocked_for_writing(c));
		want |= now & (uint16_t)~mask;
		p->attr = want;
	}
	if (!(want & GPA_ATTR_RWX))
		return TDX_SUCCESS;
	p->attr = attr_legal(want) ? want : now;
	if (!attr_legal(want)) {
		*illegal = true;
	} else if (!p->alias) {
		p->entry = sept_l2_walk(c->m, &c->td, vm, c->sept.gpa, c->sept.level, true, &p->ref);
		return p->entry ? TDX_SUCCESS : walk_failed(c, &p->ref);
	}
	return TDX_SUCCESS;
}

static uint64_t packed(const struct alias_plan plan[MAX_VMS])
{
	uint64_t attr = 0;

	for (unsigned vm = 1; vm < MAX_VMS; vm++)
		attr |= ATTR_AT(plan[vm].attr, vm);
	return attr;
}

static uint64_t make_plan(struct call *c, struct alias_plan plan[MAX_VMS])
{
	bool illegal = false;
	uint64_t st = TDX_SUCCESS;

	for (unsigned vm = 1; vm <= c->td.tdcs->num_l2_vms && !st && c->where == MODULE_TO_GUEST; vm++)
		st = plan_vm(c, vm, &plan[vm], &illegal);
	if (st)
		return refuse(c, st);
	if (!illegal)
		return TDX_SUCCESS;
	refuse(c, TDX_PAGE_ATTR_INVALID);
	c->regs->gpr[GPR_RDX] = packed(plan);
	return fail(c, TDX_PAGE_ATTR_INVALID, "W or PWA without R, SVE or a reserved bit; the attributes are %x", packed(plan));
}

/* Makes, changes or removes the alias of one VM. */
static void carry_out(struct call *c, unsigned vm, struct alias_plan *p)
{
	bool blocked = p->alias ? sept_l2_state(p->ref.value) == L2_BLOCKED : pending_bit(c) != 0;

	if (!p->entry || !(p->attr & GPA_ATTR_VALID))
		return;
	if (p->attr & GPA_ATTR_RWX) {
		sept_l2_write(&p->ref, sept_l2_leaf(p->attr, sept_pa(&c->sept), blocked));
		sept_write(c, c->sept.value | SEPT_ALIAS(vm));
	} else {
		sept_l2_write(&p->ref, 0);
		sept_write(c, c->sept.value & ~SEPT_ALIAS(vm));
		p->attr = GPA_ATTR_VALID;
	}
}

uint64_t tdg_mem_page_attr_wr(struct call *c)
{
	struct alias_plan plan[MAX_VMS] = { 0 };
	uint64_t st = check_attributes(c);

	if (!st)
		st = check_gpa_level(c, GPR_RCX, 0, 2);
	if (!st)
		st = tdg_gpa_private(c);
	if (!st)
		st = find_entry(c);
	if (st)
		return refuse(c, st);
	if (c->where == MODULE_TO_GUEST)
		st = make_plan(c, plan);
	if (st || c->where != MODULE_TO_GUEST)
		return st;
	for (unsigned vm = 1; vm <= c->td.tdcs->num_l2_vms; vm++) {
		carry_out(c, vm, &plan[vm]);
		c->lp->guest.stale_tlb |= (ATTR_OF(c->in[GPR_R8], vm) & FLAG_INVEPT) != 0;
	}
	c->regs->gpr[GPR_RCX] = c->in[GPR_RCX] | pending_bit(c);
	c->regs->gpr[GPR_RDX] = packed(plan);
	return TDX_SUCCESS;
}
