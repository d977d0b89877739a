// SPDX-License-Identifier: MIT
/*
 * What each kind of check does.
 */
#include "module/check.h"
#include "module/keyid.h"
#include "module/machine_check.h"
#include "module/state.h"

/* ---- pages by address ---- */

/* Format, TDMR, lock of the page of @size around @pa. */
static uint64_t lock_private(struct call *c, unsigned reg, uint64_t pa, enum page_size size, enum lock_mode mode,
			     struct page_ref *ref)
{
	if (pa & (PAGE_SIZE_OF(size) - 1))
		return fail(c, TDX_OPERAND_INVALID | reg, "address %x is not aligned to its page size of %x", pa,
			    PAGE_SIZE_OF(size));
	if (c->m->max_pa_bits < 64 && pa >> c->m->max_pa_bits)
		return fail(c, TDX_OPERAND_INVALID | reg, "address %x is wider than the %u physical address bits", pa,
			    c->m->max_pa_bits);
	if (keyid_of(c->m, pa))
		return fail(c, TDX_OPERAND_INVALID | reg,
			    "address %x carries key id %u, the address of a private page must carry none", pa,
			    keyid_of(c->m, pa));
	return pamt_lock(c, reg, pa, size, mode, ref);
}

static uint64_t wrong_page(struct call *c, unsigned operand, const struct page_ref *ref, enum page_type type)
{
	static const char *const size[] = { "4K", "2M", "1G" };

	if (ref->level != PAGE_SIZE_4K)
		return fail(c, TDX_PAGE_METADATA_INCORRECT | operand,
			    "page %x is part of a %s page (%t), must be a 4K page of type %t", ref->pa,
			    (uintptr_t)size[ref->level], ref->pamt->type, type);
	if (ref->pamt->type != PT_NDA && pamt_owner(ref->pamt))
		return fail(c, TDX_PAGE_METADATA_INCORRECT | operand,
			    "page %x is %t of the TD at %x, must be %t", ref->pa, ref->pamt->type,
			    pamt_owner(ref->pamt), type);
	return fail(c, TDX_PAGE_METADATA_INCORRECT | operand, "page %x is %t, must be %t", ref->pa, ref->pamt->type,
		    type);
}

uint64_t check_page(struct call *c, unsigned reg, uint64_t pa, enum page_type type, enum lock_mode mode,
		    struct page_ref *ref)
{
	uint64_t st = lock_private(c, reg, pa, PAGE_SIZE_4K, mode, ref);

	if (st)
		return st;
	if (ref->level != PAGE_SIZE_4K || ref->pamt->type != type)
		return wrong_page(c, reg, ref, type);
	return TDX_SUCCESS;
}

uint64_t check_page_any(struct call *c, unsigned reg, enum lock_mode mode)
{
	return lock_private(c, reg, c->in[reg], PAGE_SIZE_4K, mode, &c->page);
}

uint64_t check_page_at_level(struct call *c, unsigned reg)
{
	enum page_size size = (enum page_size)c->level;
	uint64_t pa = c->in[reg];
	uint64_t st = lock_private(c, reg, pa, size, LOCK_EXCLUSIVE, &c->page);
	struct pamt_entry *part;

	if (st)
		return st;
	if (c->page.level != size || c->page.pamt->type != PT_NDA)
		return wrong_page(c, reg, &c->page, PT_NDA);
	if (size == PAGE_SIZE_4K)
		return TDX_SUCCESS;
	part = pamt_at(c->m, pa, PAGE_SIZE_4K);
	for (unsigned i = 0; i < 512; i++) {
		if (__atomic_load_n(&part[i].type, __ATOMIC_ACQUIRE) != PT_NDA)
			return fail(c, TDX_PAGE_METADATA_INCORRECT | reg,
				    "page %x inside the 2M range %x is %t, all 512 must be PT_NDA",
				    pa + i * PAGE_BYTES, pa, part[i].type);
	}
	return TDX_SUCCESS;
}

uint64_t check_shared(struct call *c, unsigned reg, uint64_t pa, uint64_t align)
{
	uint64_t plain = keyid_strip(c->m, pa);

	if (pa & (align - 1))
		return fail(c, TDX_OPERAND_INVALID | reg, "address %x must be a multiple of %u", pa, align);
	if (c->m->max_pa_bits < 64 && pa >> c->m->max_pa_bits)
		return fail(c, TDX_OPERAND_INVALID | reg, "address %x is wider than the %u physical address bits", pa,
			    c->m->max_pa_bits);
	if (keyid_of(c->m, pa) >= c->m->hkid_first)
		return fail(c, TDX_OPERAND_INVALID | reg, "address %x carries key id %u, which is no shared one", pa,
			    keyid_of(c->m, pa));
	if (plain - c->m->seamrr_base < c->m->seamrr_size)
		return fail(c, TDX_OPERAND_INVALID | reg, "address %x lies in the SEAM range at %x", pa,
			    c->m->seamrr_base);
	return TDX_SUCCESS;
}

/* ---- state of the TD and its vCPU ---- */

uint64_t check_td_keys(struct call *c)
{
	if (c->td.tdr->fatal)
		return fail(c, TDX_TD_FATAL, "the TD at %x met a fatal error and can only be torn down", c->td.pa);
	if (c->td.tdr->lifecycle != LIFECYCLE_KEYS_CONFIGURED)
		return fail(c, TDX_TD_KEYS_NOT_CONFIGURED, "the TD at %x is in state %l, must be KEYS_CONFIGURED",
			    c->td.pa, c->td.tdr->lifecycle);
	return TDX_SUCCESS;
}

uint64_t check_td_state_in(struct call *c, enum lock_mode mode, unsigned allowed)
{
	uint64_t st = check_td_keys(c);
	uint32_t op_state;

	if (st)
		return st;
	if (!c->td.tdcs)
		return fail(c, TDX_TDCS_NOT_ALLOCATED, "the TD at %x has %u TDCX pages, needs %u", c->td.pa,
			    c->td.tdr->num_tdcx, TDCX_MIN);
	st = mode == LOCK_NONE ? TDX_SUCCESS : call_lock_named(c, CHECK_LOCK_OP_STATE, mode);
	if (st)
		return st;
	op_state = c->td.tdcs->op_state;
	if (op_state >= NUM_OP_STATES) /* as td_load() */
		machine_check_at(keyid_strip(c->m, c->td.tdr->tdcx_pa[TDCS_PAGE_MAIN]));
	if (allowed && !(allowed & 1u << op_state))
		return fail(c, TDX_OP_STATE_INCORRECT, "the TD at %x is in OP_STATE %o, which this leaf does not allow",
			    c->td.pa, op_state);
	return TDX_SUCCESS;
}

uint64_t check_tdvps_complete(struct call *c)
{
	unsigned need;

	if (!c->td.tdcs)
		return fail(c, TDX_TDCX_NUM_INCORRECT, "the TD at %x of the vCPU at %x has %u TDCX pages, needs %u",
			    c->td.pa, c->vp.pa, c->td.tdr->num_tdcx, TDCX_MIN);
	need = TDVPS_MIN + TDVPS_PAGES_PER_L2 * c->td.tdcs->num_l2_vms;
	if (c->vp.vps->num_pages < need)
		return fail(c, TDX_TDCX_NUM_INCORRECT, "the vCPU at %x has %u pages, needs %u", c->vp.pa,
			    c->vp.vps->num_pages, need);
	return TDX_SUCCESS;
}

/* ---- guest-physical addresses ---- */

uint64_t check_gpa_level(struct call *c, unsigned reg, unsigned min, unsigned max)
{
	uint64_t v = c->in[reg];

	c->level = v & 7;
	c->gpa = v & SEPT_PA;
	if (v & ~(SEPT_PA | 7))
		return fail(c, TDX_OPERAND_INVALID | reg, "reserved bits of %x must be 0", v);
	max = max == LEVEL_ROOT ? sept_root_level(&c->td) : max;
	if (c->level < min || c->level > max)
		return fail(c, TDX_OPERAND_INVALID | reg, "level %u of %x must be %u to %u", c->level, v, min, max);
	if (c->gpa & (PAGE_SIZE_OF(c->level) - 1))
		return fail(c, TDX_OPERAND_INVALID | reg, "GPA %x is not aligned for level %u", c->gpa, c->level);
	return TDX_SUCCESS;
}

uint64_t check_gpa_private(struct call *c, unsigned reg)
{
	if (td_gpa_private(&c->td, c->gpa))
		return TDX_SUCCESS;
	if (c->gpa & td_shared_bit(&c->td))
		return fail(c, TDX_OPERAND_INVALID | reg, "GPA %x has the shared bit %x set, must be private", c->gpa,
			    td_shared_bit(&c->td));
	return fail(c, TDX_OPERAND_INVALID | reg, "GPA %x is wider than the TD's %u bits", c->gpa, td_gpa_width(&c->td));
}

void sept_put(struct call *c)
{
	c->regs->gpr[GPR_RCX] = sept_public_entry(c->sept.value);
	c->regs->gpr[GPR_RDX] = sept_public_info(c->sept.value, c->sept.level);
}

uint64_t sept_fail(struct call *c, uint64_t status, const char *rule)
{
	sept_put(c);
	return fail(c, status, rule, c->sept.gpa, c->sept.level, c->sept.state);
}

uint64_t check_gpa_mapped(struct call *c, unsigned reg, uint32_t states)
{
	uint64_t st;

	c->gpa = c->in[reg];
	st = check_gpa_private(c, reg);
	if (st)
		return st;
	c->level = 0;
	sept_walk_call(c);
	if (!(states & SEPT_SET(c->sept.state)))
		return sept_fail(c, TDX_EPT_ENTRY_NOT_PRESENT | reg,
				 "GPA %x: the walk ends at level %u in state %e, there is no page that this leaf may read");
	return TDX_SUCCESS;
}

uint64_t check_sept_walk(struct call *c, unsigned reg, enum lock_mode mode)
{
	uint64_t st = check_gpa_private(c, reg);

	if (!st)
		st = call_lock_named(c, CHECK_LOCK_SEPT_TREE, mode);
	if (st)
		return st;
	sept_walk_call(c);
	if (c->sept.level != c->level)
		return sept_fail(c, TDX_EPT_WALK_FAILED | reg,
				 "the walk to GPA %x ends at level %u, whose entry is %e");
	return TDX_SUCCESS;
}

uint64_t check_sept_state(struct call *c, unsigned reg)
{
	if (c->leaf->sept_states & SEPT_SET(c->sept.state))
		return TDX_SUCCESS;
	return sept_fail(c, TDX_EPT_ENTRY_STATE_INCORRECT | reg,
			 "the entry of GPA %x at level %u is %e, which this leaf does not allow");
}

bool tlb_tracked(const struct td *td, uint64_t bepoch)
{
	uint64_t now = td_epoch(td);

	if (bepoch & BEPOCH_MIG_FLAG || bepoch >= now)
		return false;
	return bepoch < now - 1 ||
	       !__atomic_load_n(&td->tdcs->epoch_refcount[bepoch & 1], __ATOMIC_ACQUIRE);
}

struct pamt_entry *sept_target_pamt(struct call *c)
{
	bool leaf = c->sept.value & SEPT_LEAF;

	return pamt_at(c->m, sept_pa(&c->sept), leaf ? (enum page_size)c->sept.level : PAGE_SIZE_4K);
}

uint64_t check_bepoch_tracked(struct call *c, unsigned operand)
{
	uint64_t bepoch;

	if (!op_state_tracks(c->td.tdcs->op_state))
		return TDX_SUCCESS;
	bepoch = __atomic_load_n(&sept_target_pamt(c)->bepoch, __ATOMIC_RELAXED);
	if (tlb_tracked(&c->td, bepoch))
		return TDX_SUCCESS;
	return fail(c, TDX_TLB_TRACKING_NOT_DONE | operand,
		    "GPA %x was blocked in TLB epoch %u, the epoch is %u: TDH.MEM.TRACK and let vCPUs of earlier "
		    "epochs exit", c->sept.gpa, bepoch, td_epoch(&c->td));
}

/* Only a page that the guest can't write needs no tracking: what was exported and not written since. */
uint64_t check_tlb_tracked(struct call *c, unsigned reg)
{
	if (!op_state_tracks(c->td.tdcs->op_state) || SEPT_ANY_EXPORTED_AND_NON_DIRTY & SEPT_SET(c->sept.state))
		return TDX_SUCCESS;
	if (!(SEPT_ANY_BLOCKED & SEPT_SET(c->sept.state))) {
		c->sept.value = (c->sept.value & ~SEPT_PA) | sept_pa(&c->sept); /* without progress of an acceptance */
		return sept_fail(c, TDX_GPA_RANGE_NOT_BLOCKED | reg,
				 "the entry of GPA %x at level %u is %e, must be blocked while the TD can run");
	}
	return check_bepoch_tracked(c, reg);
}

/* ---- others ---- */

uint64_t check_version(struct call *c)
{
	if (c->version > c->leaf->max_version)
		return fail(c, TDX_OPERAND_INVALID | GPR_RAX, "version %u of the leaf does not exist, the last is %u",
			    c->version, c->leaf->max_version);
	return TDX_SUCCESS;
}

uint64_t call_lock_named(struct call *c, enum check_lock which, enum lock_mode mode)
{
	const struct named_lock *l = &named_locks[which];
	uint8_t *word = l->of_td ? c->td.tdcs->page : (uint8_t *)c->m;

	word += l->offset + l->per_package * c->lp->pkg;
	if (!fault_meets(&c->lp->fault, l->busy) && call_lock(c, word, (enum held_kind)l->kind, mode))
		return TDX_SUCCESS;
	return fail(c, l->busy, "%s is locked by another logical processor or a running vCPU", (uintptr_t)l->what);
}
