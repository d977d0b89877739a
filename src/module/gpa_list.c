// SPDX-License-Identifier: MIT
/*
 * GPA lists, and the leaves that only change the state of the pages in one: TDH.EXPORT.BLOCKW and RESTORE; and
 * TDH.EXPORT.UNBLOCKW for a single page.
 */
#include "module/gpa_list.h"

#include "gen/checks.h"
#include "module/mig.h"
#include "module/state.h"

#define ENTRY_RESERVED (GPA_LIST_ENTRY_LEVEL_MASK | GPA_LIST_ENTRY_RESERVED_0_MASK | \
			GPA_LIST_ENTRY_RESERVED_1_MASK | GPA_LIST_ENTRY_RESERVED_2_MASK)
#define ENTRY_INDEX_MASK 511u
#define OP_DOES 1u /* in MIGRATE and REMIGRATE */

uint64_t gpa_list_open(struct call *c, struct gpa_list *l)
{
	uint64_t info = c->in[GPR_RCX];

	*l = (struct gpa_list){
		.info = info, .pa = info & GPA_LIST_INFO_HPA_MASK,
		.entry = info >> GPA_LIST_INFO_FIRST_ENTRY_SHIFT & ENTRY_INDEX_MASK,
		.last = (unsigned)(info >> GPA_LIST_INFO_LAST_ENTRY_SHIFT),
	};
	if (info & (GPA_LIST_INFO_FORMAT_MASK | GPA_LIST_INFO_RESERVED_0_MASK))
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "GPA_LIST_INFO %x: format (2:0) and bits 54:52 must be 0",
			    info);
	if (l->entry > l->last)
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "GPA_LIST_INFO %x: the first entry %u is after the last "
			    "%u", info, l->entry, l->last);
	return check_shared(c, GPR_RCX, l->pa, PAGE_BYTES);
}

static uint64_t word_pa(const struct gpa_list *l)
{
	return l->pa + l->entry * sizeof(uint64_t);
}

void gpa_list_read(struct call *c, struct gpa_list *l)
{
	l->word = mig_word(c, word_pa(l));
}

void gpa_list_write(struct call *c, const struct gpa_list *l)
{
	mig_put_word(c, word_pa(l), l->word);
}

uint64_t gpa_list_info(const struct gpa_list *l)
{
	return (l->info & ~GPA_LIST_INFO_FIRST_ENTRY_MASK) |
	       (uint64_t)(l->entry & ENTRY_INDEX_MASK) << GPA_LIST_INFO_FIRST_ENTRY_SHIFT;
}

bool gpa_list_formed(const struct gpa_list *l)
{
	return !(l->word & ENTRY_RESERVED);
}

bool gpa_list_gpa(struct call *c, const struct gpa_list *l)
{
	c->gpa = l->word & GPA_LIST_ENTRY_GPA_MASK;
	return gpa_list_formed(l) && !check_gpa_private(c, TDX_OPERAND_ID_GPA_LIST_ENTRY);
}

void gpa_list_set_op(struct gpa_list *l, unsigned op)
{
	l->word = (l->word & ~GPA_LIST_ENTRY_OPERATION_MASK) | (uint64_t)op << GPA_LIST_ENTRY_OPERATION_SHIFT;
}

static void set_status(struct gpa_list *l, enum gpa_list_status status)
{
	l->word = (l->word & ~GPA_LIST_ENTRY_STATUS_MASK) | (uint64_t)status << GPA_LIST_ENTRY_STATUS_SHIFT;
}

void gpa_list_note(struct gpa_list *l, enum gpa_list_status status)
{
	gpa_list_set_op(l, GPA_LIST_OP_NOP);
	set_status(l, status);
	if (status != GPA_LIST_STATUS_SKIPPED)
		l->problems++;
}

uint64_t gpa_list_wrong(struct call *c, const struct gpa_list *l)
{
	if (gpa_list_formed(l))
		return check_gpa_private(c, TDX_OPERAND_ID_GPA_LIST_ENTRY);
	return fail(c, BAD(GPA_LIST_ENTRY), "GPA list entry %u at %x is %x: level (2:0) and bits 6:3, 55:54 and 63:61 "
		    "must be 0", l->entry, word_pa(l), l->word);
}

uint64_t gpa_list_bad_entry(struct call *c, struct gpa_list *l)
{
	uint64_t st = gpa_list_wrong(c, l);

	gpa_list_note(l, GPA_LIST_STATUS_GPA_LIST_ENTRY_INVALID);
	gpa_list_write(c, l);
	return st;
}

enum gpa_list_status gpa_list_lock_sept(struct call *c)
{
	sept_walk(c->m, &c->td, c->gpa, 0, &c->sept);
	if (c->sept.level)
		return GPA_LIST_STATUS_SEPT_WALK_FAILED;
	if (!call_lock(c, c->sept.entry, HELD_SEPT_ENTRY, LOCK_EXCLUSIVE))
		return GPA_LIST_STATUS_SEPT_ENTRY_BUSY_HOST_PRIORITY;
	sept_reload(&c->sept);
	if (c->leaf->sept_states & SEPT_SET(c->sept.state))
		return GPA_LIST_STATUS_SUCCESS;
	call_unlock(c, c->sept.entry);
	return GPA_LIST_STATUS_SEPT_ENTRY_STATE_INCORRECT;
}

/* ---- leaves over a list ---- */

uint64_t gpa_list_run(struct call *c, struct gpa_list *l, gpa_list_fn entry)
{
	uint64_t st;

	do {
		st = entry(c, l);
		if (st)
			break;
		if (++l->entry > l->last)
			st = TDX_SUCCESS | l->problems;
		else if (call_interrupted(c))
			st = fail(c, TDX_INTERRUPTED_RESUMABLE, "an interrupt waits; the list goes on at entry %u",
				  l->entry);
	} while (!st && l->entry <= l->last);
	c->regs->gpr[GPR_RCX] = gpa_list_info(l);
	return st;
}

static uint64_t change_entry(struct call *c, struct gpa_list *l)
{
	enum gpa_list_status status = GPA_LIST_STATUS_SKIPPED;
	bool does;

	gpa_list_read(c, l);
	does = GPA_LIST_OP(l->word) & OP_DOES;
	if (does ? !gpa_list_gpa(c, l) : !gpa_list_formed(l))
		return gpa_list_bad_entry(c, l);
	if (does)
		status = gpa_list_lock_sept(c);
	if (!status) {
		l->change(c);
		call_unlock(c, c->sept.entry);
		set_status(l, status);
	} else {
		gpa_list_note(l, status);
	}
	gpa_list_write(c, l);
	return TDX_SUCCESS;
}

static uint64_t over_list(struct call *c, void (*change)(struct call *c))
{
	struct gpa_list l;
	uint64_t st = gpa_list_open(c, &l);

	l.change = change;
	return st ? st : gpa_list_run(c, &l, change_entry);
}

static void block_writing(struct call *c)
{
	sept_write(c, sept_with_state(c->sept.value, sept_after(c->sept.state, SEPT_CHANGE_BLOCKW)));
	__atomic_store_n(&c->td.tdcs->bw_epoch, td_epoch(&c->td), __ATOMIC_RELAXED);
}

uint64_t tdh_export_blockw(struct call *c)
{
	return over_list(c, block_writing);
}

static void restore(struct call *c)
{
	bool pending = SEPT_ANY_PENDING & SEPT_SET(c->sept.state);

	__atomic_fetch_sub(&c->td.tdcs->mig_count, 1, __ATOMIC_RELAXED);
	sept_write(c, sept_with_state(c->sept.value, pending ? SEPT_STATE_PENDING : SEPT_STATE_MAPPED));
}

uint64_t tdh_export_restore(struct call *c)
{
	return over_list(c, restore);
}

/* ---- TDH.EXPORT.UNBLOCKW ---- */

void tdh_export_unblockw(struct call *c)
{
	enum sept_state from = c->sept.state;

	sept_write(c, sept_with_state(c->sept.value, sept_after(from, SEPT_CHANGE_UNBLOCKW)));
	if (from == SEPT_STATE_EXPORTED_BLOCKEDW || from == SEPT_STATE_PENDING_EXPORTED_BLOCKEDW)
		__atomic_fetch_add(&c->td.tdcs->dirty_count, 1, __ATOMIC_RELAXED);
}
