// SPDX-License-Identifier: MIT
/*
 * TDH.MEM.PAGE.DEMOTE and PROMOTE: one large page becomes 512 smaller ones and back.
 */
#include "gen/checks.h"
#include "module/sept_l2.h"
#include "module/state.h"

#define PARTS 512u
#define PAGE_NOT_USED (1ull << 63) /* of R9 to R11 */
#define SPARSE 1u                  /* flag in RDX: tables for aliases only */

/* Interrupted before anything has changed: the operands stand as they were. */
uint64_t restartable(struct call *c)
{
	if (!call_interrupted(c))
		return TDX_SUCCESS;
	c->regs->gpr[GPR_RCX] = c->in[GPR_RCX];
	c->regs->gpr[GPR_RDX] = c->in[GPR_RDX] | c->flags;
	return fail(c, TDX_INTERRUPTED_RESTARTABLE, "an interrupt is pending; repeat with the same operands");
}

/* ---- TDH.MEM.PAGE.DEMOTE ---- */

static bool aliased(const struct call *c, unsigned vm)
{
	return c->sept.value & SEPT_ALIAS(vm);
}

/* Whether a table is hung into the tree of @vm. */
static bool demote_takes(const struct call *c, unsigned vm)
{
	return c->in[GPR_R8 + vm] != NULL_PA && (!(c->flags & SPARSE) || aliased(c, vm));
}

/* The page for the table of @vm, which must be there if the VM has an alias of the large page. */
static uint64_t demote_l2_page(struct call *c, unsigned vm)
{
	uint64_t pa = c->in[GPR_R8 + vm];

	if (pa == NULL_PA && aliased(c, vm))
		return fail(c, TDX_L2_SEPT_PAGE_NOT_PROVIDED | (GPR_R8 + vm),
			    "VM %u has an alias of GPA %x, its table needs a page", vm, c->gpa);
	if (!demote_takes(c, vm))
		return TDX_SUCCESS;
	return check_page(c, GPR_R8 + vm, pa & ~PAGE_NOT_USED, PT_NDA, LOCK_EXCLUSIVE, &c->table[vm]);
}

uint64_t demote_pages(struct call *c)
{
	uint64_t st = check_page(c, GPR_R8, c->in[GPR_R8], PT_NDA, LOCK_EXCLUSIVE, &c->table[0]);

	for (unsigned vm = 1; vm <= c->td.tdcs->num_l2_vms && !st; vm++)
		st = demote_l2_page(c, vm);
	return st;
}

/* Where the L2 tables will hang. */
uint64_t demote_l2_walks(struct call *c)
{
	struct l2_ref ref;

	for (unsigned vm = 1; vm < MAX_VMS; vm++) {
		c->table_entry[vm] = NULL;
		if (vm > c->td.tdcs->num_l2_vms || !demote_takes(c, vm))
			continue;
		if (!sept_l2_walk(c->m, &c->td, vm, c->gpa, c->level, false, &ref)) {
			sept_l2_put(c, &ref);
			return fail(c, TDX_L2_SEPT_WALK_FAILED | (uint64_t)vm << 16 | ref.level,
				    "the walk of VM %u to GPA %x ends at level %u", vm, c->gpa, ref.level);
		}
		c->table_entry[vm] = ref.entry;
	}
	return TDX_SUCCESS;
}

/* The large page itself: its entry, and by excluding others from its level all that describe its parts. */
uint64_t lock_split_page(struct call *c)
{
	return pamt_lock(c, GPR_RCX, sept_pa(&c->sept), (enum page_size)c->level, LOCK_EXCLUSIVE, &c->old_page);
}

/* 512 entries that differ in the address only. */
static void fill_parts(const struct sept_ref *large, uint64_t *table, uint64_t entry)
{
	uint64_t step = PAGE_SIZE_OF(large->level - 1), pa = sept_pa(large);

	for (unsigned i = 0; i < PARTS; i++)
		table[i] = (entry & ~SEPT_PA) | (pa + i * step);
}

/* Not blocked any more; only what is pending stays so for L2 VMs, until it is accepted. */
static void demote_l2(struct call *c, const struct sept_ref *large, unsigned vm)
{
	uint64_t *table = sept_new_table(c, vm), entry = *c->table_entry[vm];
	bool pending = SEPT_ANY_PENDING & SEPT_SET(large->state);

	if (large->value & SEPT_ALIAS(vm))
		fill_parts(large, table, pending ? entry : sept_l2_unblock(entry));
	sept_hang_table(c, vm);
}

/* R9 to R11 tell with bit 63 which pages were not needed. */
void tdh_mem_page_demote(struct call *c)
{
	const struct sept_ref large = c->sept;

	pamt_demote(c->m, &c->old_page, c->td.pa);
	fill_parts(&large, sept_new_table(c, 0), sept_with_state(large.value, sept_after(large.state, SEPT_CHANGE_UNBLOCK)));
	sept_hang_table(c, 0);
	for (unsigned vm = 1; vm <= c->td.tdcs->num_l2_vms; vm++) {
		if (c->table_entry[vm])
			demote_l2(c, &large, vm);
		else if (c->in[GPR_R8 + vm] != NULL_PA)
			c->regs->gpr[GPR_R8 + vm] = c->in[GPR_R8 + vm] | PAGE_NOT_USED;
	}
}

/* ---- TDH.MEM.PAGE.PROMOTE ---- */

static uint64_t cannot_promote(struct call *c, unsigned i, unsigned vm, uint64_t part)
{
	sept_put(c);
	return fail(c, TDX_EPT_INVALID_PROMOTE_CONDITIONS | GPR_RCX,
		    "entry %u of the table of VM %u (0: L1) for GPA %x is %x; all must map contiguous aligned memory alike, "
		    "in L1 MAPPED or PENDING", i, vm, c->gpa, part);
}

/* All parts present, in one state, of memory that is one aligned block, however far accepted: c->scratch[0] is the first. */
uint64_t promote_l1(struct call *c)
{
	const uint64_t *table = pa_ptr(c->m, c->page.pa);
	uint64_t step = PAGE_SIZE_OF(c->level - 1), progress = (step - 1) & SEPT_PA;
	uint64_t first = __atomic_load_n(&table[0], __ATOMIC_ACQUIRE);
	enum sept_state state = sept_state_of(first);

	c->scratch[0] = first;
	first &= ~progress;
	if ((state != SEPT_STATE_MAPPED && state != SEPT_STATE_PENDING) ||
	    (first & SEPT_PA) & (PAGE_SIZE_OF(c->level) - 1))
		return cannot_promote(c, 0, 0, first);
	for (unsigned i = 1; i < PARTS; i++) {
		uint64_t part = __atomic_load_n(&table[i], __ATOMIC_ACQUIRE) & ~progress;

		if (part != first + i * step)
			return cannot_promote(c, i, 0, part);
	}
	return TDX_SUCCESS;
}

/* The aliases: none at all, or of every part with the same attributes. c->scratch[vm] is the first. */
static uint64_t promote_l2(struct call *c, unsigned vm)
{
	const uint64_t *table = pa_ptr(c->m, c->table[vm].pa);
	uint64_t first = __atomic_load_n(&table[0], __ATOMIC_ACQUIRE);
	bool none = sept_l2_state(first) == L2_FREE;

	if (!none && sept_l2_state(first) != L2_MAPPED && sept_l2_state(first) != L2_BLOCKED)
		return cannot_promote(c, 0, vm, first);
	for (unsigned i = 1; i < PARTS; i++) {
		uint64_t part = __atomic_load_n(&table[i], __ATOMIC_ACQUIRE);

		if ((part ^ first) & ~SEPT_PA)
			return cannot_promote(c, i, vm, part);
	}
	c->scratch[vm] = first;
	return TDX_SUCCESS;
}

uint64_t promote_aliases(struct call *c)
{
	uint64_t st = pamt_lock(c, GPR_RCX, c->scratch[0] & SEPT_PA, (enum page_size)c->level, LOCK_EXCLUSIVE, &c->old_page);

	if (!st)
		st = lock_l2_tables(c);
	for (unsigned vm = 1; vm < MAX_VMS && !st; vm++) {
		if (c->table_entry[vm])
			st = promote_l2(c, vm);
	}
	return st;
}

void tdh_mem_page_promote(struct call *c)
{
	pamt_promote(c->m, &c->old_page, c->td.pa);
	for (unsigned vm = 1; vm < MAX_VMS; vm++) {
		if (c->table_entry[vm])
			drop_l2_table(c, vm, c->scratch[vm]);
	}
	pamt_free(c->page.pamt);
	sept_write(c, c->scratch[0]);
	td_add_children(&c->td, -1);
	c->regs->gpr[GPR_RCX] = c->page.pa;
}
