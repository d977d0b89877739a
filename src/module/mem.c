// SPDX-License-Identifier: MIT
/*
 * TDH.MEM.SEPT.*, RANGE.*, TRACK, RD and WR: the secure EPT's own pages, blocking, TLB tracking, and a debugger's access.
 */
#include "gen/checks.h"
#include "module/sept_l2.h"
#include "module/state.h"

#define TDR_FLAGS 0xFFFull
#define PAGE_NOT_USED (1ull << 63) /* of R8 to R11: no page is taken; also set in NULL_PA */

/* RDX of some leaves is a TDR address with a flag in bit 0; the TDR check wants the address alone. */
uint64_t split_tdr_flag(struct call *c, uint64_t allowed)
{
	uint64_t v = c->in[GPR_RDX];

	c->flags = v & TDR_FLAGS;
	c->flags_reg = GPR_RDX;
	if (v & TDR_FLAGS & ~allowed)
		return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "reserved bits 11:1 of %x must be 0", v);
	c->in[GPR_RDX] = v & ~TDR_FLAGS;
	return TDX_SUCCESS;
}

/* ---- TDH.MEM.SEPT.ADD ---- */

/* The page given for the table of @vm, or NULL_PA: as R8 to R11 return it in version 1. */
static void set_table_page(struct call *c, unsigned vm, uint64_t pa)
{
	c->table[vm].pa = pa;
	if (c->version)
		c->regs->gpr[GPR_R8 + vm] = pa;
}

uint64_t sept_add_flags(struct call *c)
{
	for (unsigned vm = 0; vm < MAX_VMS; vm++) {
		uint64_t pa = vm && !c->version ? NULL_PA : c->in[GPR_R8 + vm];

		set_table_page(c, vm, pa == NULL_PA ? NULL_PA : pa & ~PAGE_NOT_USED);
	}
	return split_tdr_flag(c, 1);
}

static uint64_t sept_add_l1(struct call *c)
{
	uint64_t pa = c->table[0].pa;

	if (pa == NULL_PA && !c->version)
		return fail(c, TDX_OPERAND_INVALID | GPR_R8, "R8 is %x, version 0 needs a page", pa);
	if (pa == NULL_PA && c->sept.state != SEPT_STATE_NL_MAPPED)
		return sept_fail(c, TDX_EPT_ENTRY_STATE_INCORRECT | GPR_RCX,
				 "the entry of GPA %x at level %u is %e, must be NL_MAPPED where R8 gives no page");
	if (pa == NULL_PA)
		return TDX_SUCCESS;
	if (c->sept.state == SEPT_STATE_FREE)
		return check_page(c, GPR_R8, pa, PT_NDA, LOCK_EXCLUSIVE, &c->table[0]);
	if (!c->flags)
		return sept_fail(c, TDX_EPT_ENTRY_STATE_INCORRECT | GPR_RCX,
				 "the entry of GPA %x at level %u is %e, must be FREE for a new table");
	set_table_page(c, 0, pa | PAGE_NOT_USED);
	return TDX_SUCCESS;
}

static uint64_t l2_status(uint64_t code, unsigned vm, unsigned level)
{
	return code | (uint64_t)vm << 16 | level;
}

static uint64_t sept_add_l2(struct call *c, unsigned vm)
{
	uint64_t pa = c->table[vm].pa;
	struct l2_ref ref;

	if (vm > c->td.tdcs->num_l2_vms)
		return fail(c, TDX_OPERAND_INVALID | (GPR_R8 + vm), "a page %x for VM %u, the TD has %u L2 VMs", pa, vm,
			    c->td.tdcs->num_l2_vms);
	if (!sept_l2_walk(c->m, &c->td, vm, c->gpa, c->level, false, &ref)) {
		sept_l2_put(c, &ref);
		return fail(c, l2_status(TDX_L2_SEPT_WALK_FAILED, vm, ref.level),
			    "the walk of VM %u to GPA %x ends at level %u", vm, c->gpa, ref.level);
	}
	c->table_entry[vm] = ref.entry;
	if (sept_l2_state(ref.value) == L2_FREE)
		return check_page(c, GPR_R8 + vm, pa, PT_NDA, LOCK_EXCLUSIVE, &c->table[vm]);
	if (!c->flags) {
		sept_l2_put(c, &ref);
		return fail(c, l2_status(TDX_L2_SEPT_ENTRY_NOT_FREE, vm, ref.level),
			    "VM %u has a table for GPA %x at level %u already", vm, c->gpa, ref.level);
	}
	set_table_page(c, vm, pa | PAGE_NOT_USED);
	return TDX_SUCCESS;
}

uint64_t sept_add_pages(struct call *c)
{
	uint64_t st = sept_add_l1(c);

	for (unsigned vm = 1; vm < MAX_VMS && !st; vm++) {
		if (c->table[vm].pa != NULL_PA)
			st = sept_add_l2(c, vm);
	}
	return st;
}

/* Makes c->table[vm] a table that maps nothing. */
uint64_t *sept_new_table(struct call *c, unsigned vm)
{
	uint64_t *table;

	page_take(c, &c->table[vm], PT_EPT, c->td.pa, c->td.tdr->hkid, NULL);
	table = pa_ptr(c->m, c->table[vm].pa);
	if (!vm)
		sept_table_fill(table);
	td_add_children(&c->td, 1);
	return table;
}

void sept_hang_table(struct call *c, unsigned vm)
{
	if (!vm) {
		sept_write(c, sept_make(SEPT_STATE_NL_MAPPED, c->table[0].pa));
		return;
	}
	__atomic_store_n(c->table_entry[vm], sept_l2_table(c->table[vm].pa), __ATOMIC_RELEASE);
	sept_write(c, c->sept.value | SEPT_ALIAS(vm));
}

uint64_t tdh_mem_sept_add(struct call *c)
{
	bool added = false;

	for (unsigned vm = 0; vm < MAX_VMS; vm++) {
		if (c->table[vm].pa & PAGE_NOT_USED)
			continue;
		if (vm && added && call_interrupted(c)) {
			c->regs->gpr[GPR_RCX] = c->in[GPR_RCX];
			c->regs->gpr[GPR_RDX] = c->in[GPR_RDX] | c->flags;
			return fail(c, TDX_INTERRUPTED_RESUMABLE,
				    "interrupted before the table of VM %u; call again with R8 to R11 as returned", vm);
		}
		sept_new_table(c, vm);
		c->table[vm].pamt->bepoch = 0;
		sept_hang_table(c, vm);
		set_table_page(c, vm, NULL_PA);
		added = true;
	}
	return TDX_SUCCESS;
}

/* ---- TDH.MEM.SEPT.REMOVE ---- */

/* Locks the page or table that the entry maps: c->page. */
uint64_t lock_mapped_page(struct call *c)
{
	uint64_t pa = sept_pa(&c->sept);
	enum page_size size = c->sept.value & SEPT_LEAF ? (enum page_size)c->sept.level : PAGE_SIZE_4K;

	return pamt_lock(c, GPR_RCX, pa, size, LOCK_EXCLUSIVE, &c->page);
}

/* Version 1 returns the tables of L2 VMs that went with it. */
uint64_t null_l2_tables(struct call *c)
{
	for (unsigned vm = 1; vm < MAX_VMS && c->version; vm++)
		c->regs->gpr[GPR_R8 + vm] = NULL_PA;
	return check_version(c);
}

/* Finds and locks the tables that the L2 VMs have at c->sept: c->table[vm]. */
uint64_t lock_l2_tables(struct call *c)
{
	uint64_t st = TDX_SUCCESS;
	struct l2_ref ref;

	for (unsigned vm = 1; vm < MAX_VMS && !st; vm++) {
		c->table_entry[vm] = NULL;
		if (!sept_l2_alias(c, vm, &ref))
			continue;
		c->table_entry[vm] = ref.entry;
		st = pamt_lock(c, GPR_RCX, ref.value & SEPT_PA, PAGE_SIZE_4K, LOCK_EXCLUSIVE, &c->table[vm]);
	}
	return st;
}

/* Takes the tables of the L2 VMs out of their trees, each entry becoming @leaf (0: free). */
void drop_l2_table(struct call *c, unsigned vm, uint64_t leaf)
{
	__atomic_store_n(c->table_entry[vm], leaf, __ATOMIC_RELEASE);
	pamt_free(c->table[vm].pamt);
	td_add_children(&c->td, -1);
	if (c->version)
		c->regs->gpr[GPR_R8 + vm] = c->table[vm].pa;
}

uint64_t sept_page_empty(struct call *c)
{
	const uint64_t *table = pa_ptr(c->m, c->page.pa);

	for (unsigned i = 0; i < 512; i++) {
		enum sept_state state = sept_state_of(__atomic_load_n(&table[i], __ATOMIC_ACQUIRE));

		if (state == SEPT_STATE_FREE)
			continue;
		sept_put(c);
		return fail(c, TDX_EPT_PAGE_NOT_FREE | GPR_RCX,
			    "entry %u of the table at %x for GPA %x is %e, all must be FREE", i, c->page.pa, c->gpa,
			    state);
	}
	return lock_l2_tables(c);
}

void tdh_mem_sept_remove(struct call *c)
{
	for (unsigned vm = 1; vm < MAX_VMS; vm++) {
		if (c->table_entry[vm])
			drop_l2_table(c, vm, 0);
	}
	c->regs->gpr[GPR_RCX] = c->page.pa;
	sept_write(c, sept_make(SEPT_STATE_FREE, 0));
	pamt_free(c->page.pamt);
	td_add_children(&c->td, -1);
}

/* ---- TDH.MEM.SEPT.RD ---- */

void tdh_mem_sept_rd(struct call *c)
{
	sept_put(c);
	if (c->flags)
		c->regs->gpr[GPR_R8] = sept_l2_attributes(c, false);
}

/* ---- TDH.MEM.RANGE.BLOCK, UNBLOCK ---- */

uint64_t block_again(struct call *c)
{
	if (SEPT_ANY_BLOCKED & SEPT_SET(c->sept.state))
		return sept_fail(c, TDX_GPA_RANGE_ALREADY_BLOCKED | GPR_RCX,
				 "the entry of GPA %x at level %u is %e already");
	return TDX_SUCCESS;
}

#define ANY_BLOCKEDW (SEPT_SET(SEPT_STATE_BLOCKEDW) | SEPT_SET(SEPT_STATE_PENDING_BLOCKEDW))

static uint64_t block_alias(struct call *c, uint64_t entry)
{
	return sept_l2_block(entry, ANY_BLOCKEDW & SEPT_SET(sept_state_of(c->sept.value)));
}

/* The TD's own entry first: an L2 VM that runs into its alias finds the cause there. */
void tdh_mem_range_block(struct call *c)
{
	uint64_t old = (c->sept.value & ~SEPT_PA) | sept_pa(&c->sept); /* without progress of an acceptance */

	__atomic_store_n(&sept_target_pamt(c)->bepoch, td_epoch(&c->td), __ATOMIC_RELAXED);
	sept_write(c, sept_with_state(old, sept_after(c->sept.state, SEPT_CHANGE_BLOCK)));
	c->sept.value = old;
	sept_l2_for_aliases(c, block_alias);
}

void tdh_mem_range_unblock(struct call *c)
{
	if (!(SEPT_ANY_PENDING & SEPT_SET(c->sept.state)))
		sept_l2_for_aliases(c, sept_l2_unblock_alias);
	sept_write(c, sept_with_state(c->sept.value, sept_after(c->sept.state, SEPT_CHANGE_UNBLOCK)));
}

/* ---- TDH.MEM.TRACK ---- */

uint64_t track_previous(struct call *c)
{
	struct tdcs *tdcs = c->td.tdcs;
	uint16_t inside = __atomic_load_n(&tdcs->epoch_refcount[(tdcs->epoch - 1) & 1], __ATOMIC_ACQUIRE);

	if (inside)
		return fail(c, TDX_PREVIOUS_TLB_EPOCH_BUSY,
			    "%u vCPUs of the TD at %x still run since TLB epoch %u", inside, c->td.pa,
			    tdcs->epoch - 1);
	return TDX_SUCCESS;
}

void tdh_mem_track(struct call *c)
{
	__atomic_fetch_add(&c->td.tdcs->epoch, 1, __ATOMIC_RELEASE);
}

/* ---- TDH.MEM.RD, WR: 8 bytes of a debug TD ---- */

void tdh_mem_rd(struct call *c)
{
	c->regs->gpr[GPR_R8] = __atomic_load_n((uint64_t *)sept_data(c), __ATOMIC_RELAXED);
}

void tdh_mem_wr(struct call *c)
{
	c->regs->gpr[GPR_R8] = __atomic_exchange_n((uint64_t *)sept_data(c), c->in[GPR_R8], __ATOMIC_SEQ_CST);
}
