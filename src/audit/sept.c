// SPDX-License-Identifier: MIT
/*
 * The secure EPT of a TD and those of its L2 VMs: every table and page that hangs there is claimed, every entry is one
 * that the module writes, and an alias follows the TD's own entry.
 */
#include "audit/internal.h"
#include "module/keyid.h"
#include "module/sept_l2.h"

#define INTERNAL_BITS (SEPT_LOCK | SEPT_HOST_PRIO)
#define SET(s) SEPT_SET(SEPT_STATE_##s)
#define TABLES (SET(NL_MAPPED) | SET(NL_BLOCKED))
/* While the TD runs only these may be taken from it: blocked, or nothing that the guest can write. */
#define MAY_LEAVE (SET(BLOCKED) | SET(PENDING_BLOCKED) | SET(EXPORTED_BLOCKEDW) | SET(PENDING_EXPORTED_BLOCKEDW))

struct walk {
	struct audit *a;
	struct td_note *t;
	unsigned vm; /* 0: the TD's own */
};

static uint64_t size_at(unsigned level)
{
	return PAGE_SIZE_OF(level);
}

static uint64_t entry_of(const uint64_t *table, unsigned i)
{
	return __atomic_load_n(&table[i], __ATOMIC_ACQUIRE) & ~INTERNAL_BITS;
}

static void odd_entry(const struct walk *w, uint64_t gpa, unsigned level, uint64_t e, const char *why)
{
	audit_found(w->a, AUDIT_TREE, w->t->td.pa, "the TD at 0x%llx, VM %u: the entry of GPA 0x%llx at level %u is 0x%llx, %s; "
		    "%s", (unsigned long long)w->t->td.pa, w->vm, (unsigned long long)gpa, level, (unsigned long long)e,
		    w->vm ? "an alias" : sept_state_name(sept_state_of(e)), why);
}

/* Whether the BEPOCH of a blocked page fits, and whether it has been tracked. */
static bool check_bepoch(const struct walk *w, const struct page_note *p, uint64_t gpa)
{
	const struct tdcs *tdcs = w->t->td.tdcs;
	uint64_t bepoch = __atomic_load_n(&p->pamt->bepoch, __ATOMIC_RELAXED), now = td_epoch(&w->t->td);

	if (bepoch & BEPOCH_MIG_FLAG)
		return false;
	if (bepoch > now)
		audit_found(w->a, AUDIT_EPOCH, p->pa, "GPA 0x%llx of the TD at 0x%llx was blocked in TLB epoch %llu, the TD is in %llu",
			    (unsigned long long)gpa, (unsigned long long)w->t->td.pa, (unsigned long long)bepoch,
			    (unsigned long long)now);
	return bepoch + 1 < now || (bepoch + 1 == now && !tdcs->epoch_refcount[bepoch & 1]);
}

/* ---- the TD's own ---- */

static void count_aliases(const struct walk *w, uint64_t e)
{
	for (unsigned vm = 1; vm < MAX_VMS; vm++)
		w->t->aliases[vm] += (e & SEPT_ALIAS(vm)) != 0;
}

static void walk_page(const struct walk *w, uint64_t gpa, unsigned level, uint64_t e)
{
	struct sept_ref ref = { .value = e, .level = level };
	enum sept_state state = sept_state_of(e);
	uint64_t pa = sept_pa(&ref);
	struct page_note *p;
	bool tracked;

	if (level >= NUM_PAGE_SIZES) {
		odd_entry(w, gpa, level, e, "no page is that large");
		return;
	}
	if (pa & (size_at(level) - 1))
		odd_entry(w, gpa, level, e, "its page is not aligned");
	p = audit_claim(w->a, w->t, pa, PT_REG, (enum page_size)level, "what its secure EPT maps at GPA", gpa);
	if (!p)
		return;
	tracked = SEPT_ANY_BLOCKED & SEPT_SET(state) && check_bepoch(w, p, gpa);
	p->held = op_state_tracks(w->t->td.tdcs->op_state) && !tracked &&
		  !((MAY_LEAVE & ~SEPT_ANY_BLOCKED) & SEPT_SET(state));
}

static void walk_table(const struct walk *w, const uint64_t *table, unsigned level, uint64_t gpa);

static void walk_entry(const struct walk *w, uint64_t gpa, unsigned level, uint64_t e)
{
	enum sept_state state = sept_state_of(e);
	struct page_note *p;
	const uint64_t *table;

	if (state == SEPT_STATE_FREE && e != sept_make(SEPT_STATE_FREE, 0))
		odd_entry(w, gpa, level, e, "a free entry holds nothing");
	if (state == SEPT_STATE_FREE || state == SEPT_STATE_REMOVED)
		return;
	count_aliases(w, e);
	if (!(TABLES & SEPT_SET(state))) {
		walk_page(w, gpa, level, e);
		return;
	}
	if (!level) {
		odd_entry(w, gpa, level, e, "there is no table below level 0");
		return;
	}
	p = audit_claim(w->a, w->t, e & SEPT_PA, PT_EPT, PAGE_SIZE_4K, "the table of its secure EPT for GPA", gpa);
	table = p ? audit_read(w->a, w->t, e & SEPT_PA) : NULL;
	if (p && state == SEPT_STATE_NL_BLOCKED)
		check_bepoch(w, p, gpa);
	if (table)
		walk_table(w, table, level - 1, gpa);
}

static void walk_table(const struct walk *w, const uint64_t *table, unsigned level, uint64_t gpa)
{
	for (unsigned i = 0; i < 512; i++) {
		if (__atomic_load_n(&table[i], __ATOMIC_RELAXED) & SEPT_LOCK)
			audit_found(w->a, AUDIT_LOCK, w->t->td.pa, "the TD at 0x%llx: the entry of GPA 0x%llx at level %u is locked, no call "
				    "is under way", (unsigned long long)w->t->td.pa, (unsigned long long)(gpa + i * size_at(level)), level);
		walk_entry(w, gpa + i * size_at(level), level, entry_of(table, i));
	}
}

/* ---- those of its VMs ---- */

/* The TD's own entry at this level, past blocked tables too; FREE where the walk ends before. */
static uint64_t own_entry(const struct walk *w, uint64_t gpa, unsigned level)
{
	uint64_t at = keyid_strip(w->a->m, w->t->td.tdr->tdcx_pa[TDCS_PAGE_SEPT_ROOT]), e;

	for (unsigned reached = sept_root_level(&w->t->td);; reached--) {
		const uint64_t *table = audit_read(w->a, w->t, at);

		e = table ? entry_of(table, gpa >> (12 + 9 * reached) & 511) : 0;
		if (reached == level || !table)
			return e;
		if (!(TABLES & SEPT_SET(sept_state_of(e))))
			return 0;
		at = e & SEPT_PA;
	}
}

static void check_alias(const struct walk *w, uint64_t gpa, unsigned level, uint64_t e, enum l2_sept_state state)
{
	struct sept_ref own = { .value = own_entry(w, gpa, level), .level = level };
	bool page = state == L2_MAPPED || state == L2_BLOCKED;

	own.state = sept_state_of(own.value);
	if (!(own.value & SEPT_ALIAS(w->vm)))
		odd_entry(w, gpa, level, e, "the TD's own entry knows of no alias");
	else if (page != !(TABLES & SEPT_SET(own.state)))
		odd_entry(w, gpa, level, e, "it is of another kind than the TD's own entry");
	else if (page && (e & SEPT_PA) != sept_pa(&own))
		odd_entry(w, gpa, level, e, "it maps another page than the TD's own entry");
	else if (page && state == L2_MAPPED && SEPT_ANY_BLOCKED & SEPT_SET(own.state))
		odd_entry(w, gpa, level, e, "it is not blocked, the TD's own entry is");
	w->t->aliases[w->vm]--;
}

static void walk_l2_table(const struct walk *w, const uint64_t *table, unsigned level, uint64_t base)
{
	for (unsigned i = 0; i < 512; i++) {
		uint64_t e = __atomic_load_n(&table[i], __ATOMIC_ACQUIRE), gpa = base + i * size_at(level);
		enum l2_sept_state state = sept_l2_state(e);
		const uint64_t *below;

		if (state == L2_FREE)
			continue;
		check_alias(w, gpa, level, e, state);
		if (state == L2_MAPPED || state == L2_BLOCKED || !level)
			continue;
		below = audit_claim(w->a, w->t, e & SEPT_PA, PT_EPT, PAGE_SIZE_4K, "the table of a VM for GPA", gpa)
			? audit_read(w->a, w->t, e & SEPT_PA) : NULL;
		if (below)
			walk_l2_table(w, below, level - 1, gpa);
	}
}

static void walk_vm(struct audit *a, struct td_note *t, unsigned vm)
{
	struct walk w = { a, t, vm };
	unsigned page = TDCS_PAGE_L2_SEPT_ROOT + vm - 1;
	const uint64_t *root =
		page < t->td.tdr->num_tdcx ? audit_read(a, t, keyid_strip(a->m, t->td.tdr->tdcx_pa[page])) : NULL;

	if (root)
		walk_l2_table(&w, root, sept_root_level(&t->td), 0);
	if (t->aliases[vm] && !t->destroyed)
		audit_found(a, AUDIT_TREE, t->td.pa, "the TD at 0x%llx: its secure EPT tells of %d aliases of VM %u more than that "
			    "VM's has", (unsigned long long)t->td.pa, (int)t->aliases[vm], vm);
}

void audit_trees(struct audit *a, struct td_note *t)
{
	struct walk w = { a, t, 0 };
	unsigned level = sept_root_level(&t->td);
	const uint64_t *root;

	if (t->td.tdcs->op_state == OP_STATE_UNINITIALIZED || level > SEPT_LEVEL_MAX || t->td.tdcs->num_l2_vms >= MAX_VMS)
		return;
	root = audit_read(a, t, keyid_strip(a->m, t->td.tdr->tdcx_pa[TDCS_PAGE_SEPT_ROOT]));
	if (root)
		walk_table(&w, root, level, 0);
	for (unsigned vm = 1; vm <= t->td.tdcs->num_l2_vms; vm++)
		walk_vm(a, t, vm);
}
