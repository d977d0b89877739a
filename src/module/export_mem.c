// SPDX-License-Identifier: MIT
/*
 * TDH.EXPORT.MEM: pages of a GPA list leave encrypted, or an earlier export of them is taken back.
 */
#include "gen/checks.h"
#include "module/check.h"
#include "module/mig_mem.h"
#include "module/state.h"

#define DIRTY SEPT_ANY_EXPORTED_AND_DIRTY
#define CLEAN SEPT_ANY_EXPORTED_AND_NON_DIRTY

static bool in(const struct call *c, uint32_t set)
{
	return set & SEPT_SET(c->sept.state);
}

/* ---- what to do with an entry ---- */

static enum gpa_list_status pick_in_order(struct mem_bundle *b)
{
	struct call *c = b->c;
	struct tdcs *t = c->td.tdcs;

	if (GPA_LIST_OP(b->l.word) == GPA_LIST_OP_CANCEL)
		return in(c, SEPT_ANY_EXPORTED) ? GPA_LIST_STATUS_SUCCESS : GPA_LIST_STATUS_SEPT_ENTRY_STATE_INCORRECT;
	if (!in(c, SEPT_FIRST_TIME_EXPORT_ALLOWED | DIRTY))
		return GPA_LIST_STATUS_SEPT_ENTRY_STATE_INCORRECT;
	gpa_list_set_op(&b->l, in(c, DIRTY) ? GPA_LIST_OP_REMIGRATE : GPA_LIST_OP_MIGRATE);
	if (t->op_state != OP_STATE_LIVE_EXPORT)
		return GPA_LIST_STATUS_SUCCESS;
	if (!in(c, SEPT_ANY_BLOCKEDW))
		return GPA_LIST_STATUS_SEPT_ENTRY_STATE_INCORRECT;
	if (in(c, CLEAN) || tlb_tracked(&c->td, __atomic_load_n(&t->bw_epoch, __ATOMIC_RELAXED)))
		return GPA_LIST_STATUS_SUCCESS;
	return GPA_LIST_STATUS_TLB_TRACKING_NOT_DONE;
}

static enum gpa_list_status pick_operation(struct mem_bundle *b)
{
	if (b->c->td.tdcs->op_state != OP_STATE_POST_EXPORT)
		return pick_in_order(b);
	if (GPA_LIST_OP(b->l.word) == GPA_LIST_OP_CANCEL)
		return GPA_LIST_STATUS_OP_STATE_INCORRECT;
	gpa_list_set_op(&b->l, GPA_LIST_OP_MIGRATE);
	return GPA_LIST_STATUS_SUCCESS;
}

static void count(struct call *c, int pages, int dirty)
{
	__atomic_fetch_add(&c->td.tdcs->mig_count, (uint64_t)(int64_t)pages, __ATOMIC_RELAXED);
	__atomic_fetch_add(&c->td.tdcs->dirty_count, (uint64_t)(int64_t)dirty, __ATOMIC_RELAXED);
}

/* A page that was not blocked for writing first keeps its permissions: the TD does not run. */
static uint64_t exported(uint64_t entry, enum sept_state to)
{
	uint64_t kept = to == SEPT_STATE_MAPPED ? SEPT_RWX : entry & SEPT_RWX;

	return (sept_with_state(entry, to) & ~SEPT_RWX) | kept;
}

/* Changes the state of the entry, which is locked. A buffer that is not needed becomes invalid. */
static enum gpa_list_status change_state(struct mem_bundle *b, uint64_t *buffer)
{
	struct call *c = b->c;
	bool pending = in(c, SEPT_ANY_PENDING), cancel = GPA_LIST_OP(b->l.word) == GPA_LIST_OP_CANCEL;
	enum sept_state to;

	b->l.word &= ~(GPA_LIST_PENDING | GPA_LIST_ENTRY_L2_MAP_MASK);
	b->l.word |= pending ? GPA_LIST_PENDING : 0;
	if (pending || cancel)
		*buffer |= BUFFER_INVALID;
	else if (*buffer & BUFFER_INVALID)
		return GPA_LIST_STATUS_MIG_BUFFER_NOT_AVAILABLE;
	if (cancel)
		to = pending ? SEPT_STATE_PENDING : SEPT_STATE_MAPPED;
	else
		to = pending ? SEPT_STATE_PENDING_EXPORTED_BLOCKEDW : SEPT_STATE_EXPORTED_BLOCKEDW;
	count(c, cancel ? -1 : !in(c, SEPT_ANY_EXPORTED), in(c, DIRTY) ? -1 : 0);
	sept_write(c, exported(c->sept.value, to));
	return GPA_LIST_STATUS_SUCCESS;
}

static enum gpa_list_status prepare(struct mem_bundle *b, uint64_t *buffer)
{
	enum gpa_list_status status = gpa_list_lock_sept(b->c);

	if (!status)
		status = pick_operation(b);
	return status ? status : change_state(b, buffer);
}

/* ---- sealing ---- */

static uint64_t seal_page(struct mem_bundle *b, uint64_t buffer)
{
	struct call *c = b->c;
	uint64_t pa = buffer & PAGE_LIST_ENTRY_HPA_MASK;
	uint64_t st = check_shared(c, TDX_OPERAND_ID_MIG_BUFF_LIST_ENTRY, pa, PAGE_BYTES);
	uint8_t none[PAGE_BYTES];
	void *to;

	if (st)
		return st;
	to = shared_out(c, pa, PAGE_BYTES);
	gcm_text(&b->gcm, pa_ptr(c->m, c->sept.value & SEPT_PA), to ? to : none, PAGE_BYTES);
	b->s.sc->stopped.done++;
	return TDX_SUCCESS;
}

static uint64_t seal_entry(struct mem_bundle *b, uint64_t buffer)
{
	uint8_t mac[MAC_BYTES] = { 0 };
	uint64_t st;

	mem_start_entry(b, false);
	st = buffer & BUFFER_INVALID ? TDX_SUCCESS : seal_page(b, buffer);
	if (st)
		return st;
	gcm_tag(&b->gcm, mac);
	mig_copy_out(b->c, mem_mac_pa(b), mac, MAC_BYTES);
	mem_put_word(b, b->c->in[GPR_R9], buffer);
	gpa_list_write(b->c, &b->l);
	return TDX_SUCCESS;
}

static uint64_t export_entry(struct call *c, struct gpa_list *l)
{
	struct mem_bundle *b = mem_bundle(l);
	uint64_t buffer = mem_word(b, c->in[GPR_R9]), st;
	enum gpa_list_status status = GPA_LIST_STATUS_SKIPPED;
	unsigned held = c->held.count;

	gpa_list_read(c, l);
	if (GPA_LIST_OP(l->word) == GPA_LIST_OP_NOP ? !gpa_list_formed(l) : !gpa_list_gpa(c, l))
		return gpa_list_bad_entry(c, l);
	if (GPA_LIST_OP(l->word) != GPA_LIST_OP_NOP)
		status = prepare(b, &buffer);
	if (status) {
		gpa_list_note(l, status);
		buffer |= BUFFER_INVALID;
	}
	st = seal_entry(b, buffer);
	held_release(&c->held, held);
	return st;
}

/* ---- the leaf ---- */

static uint64_t begin(struct mem_bundle *b)
{
	struct call *c = b->c;
	struct migsc *sc = b->s.sc;
	struct mbmd m;

	sc->stopped.done = b->l.last >= LIST_ENTRIES / 2 ? 3 : 2; /* the lists count as pages */
	m = mbmd_new(c, MB_TYPE_MEMORY, sc->next_mb, b->l.last + 1);
	mbmd_seal(c, &b->s, &m);
	mig_write_mbmd(c, &m);
	return TDX_SUCCESS;
}

uint64_t tdh_export_mem(struct call *c)
{
	static const struct mem_direction out = { .begin = begin, .entry = export_entry };

	return mem_run(c, &out, MEM_NO_LIST);
}
