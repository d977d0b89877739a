// SPDX-License-Identifier: MIT
/*
 * TDH.IMPORT.MEM: pages of a GPA list come in, first or again, or are taken back.
 */
#include <string.h>
#include "gen/checks.h"
#include "module/keyid.h"
#include "module/mig_mem.h"
#include "module/state.h"

#define EPOCH_OF(bepoch) ((bepoch) & 0xffffffff)

/* What a problem with an entry means for the import. */
enum verdict {
	DONE,
	SKIP,           /* that entry only */
	ABORT,          /* the import */
	ABORT_IN_ORDER, /* the import, but only the entry once the order is given up */
};

/* The same of each status that the entry gets: the sentence has the entry's number, then the values of the refusal. */
static const struct refusal {
	uint8_t verdict;
	uint64_t error;
	const char *rule;
} refusals[] = {
#define REFUSAL(verdict, error, rule) { verdict, error, rule }
#define ENTRY TDX_OPERAND_ID_GPA_LIST_ENTRY
	[GPA_LIST_STATUS_SEPT_WALK_FAILED] = REFUSAL(ABORT_IN_ORDER, TDX_EPT_WALK_FAILED | ENTRY,
		"entry %u: the walk to GPA %x ends at level %u in state %e"),
	[GPA_LIST_STATUS_SEPT_ENTRY_BUSY_HOST_PRIORITY] = REFUSAL(ABORT_IN_ORDER, TDX_OPERAND_BUSY | ENTRY,
		"entry %u: the secure EPT entry of GPA %x is locked"),
	[GPA_LIST_STATUS_SEPT_ENTRY_STATE_INCORRECT] = REFUSAL(ABORT_IN_ORDER, TDX_EPT_ENTRY_STATE_INCORRECT | ENTRY,
		"entry %u: GPA %x is %e, which does not fit operation %u"),
	[GPA_LIST_STATUS_MIGRATED_IN_CURRENT_EPOCH] = REFUSAL(ABORT, TDX_MIGRATED_IN_CURRENT_EPOCH | ENTRY,
		"entry %u: GPA %x was imported in this migration epoch (%x)"),
	[GPA_LIST_STATUS_DISALLOWED_IMPORT_OVER_REMOVED] = REFUSAL(ABORT, TDX_DISALLOWED_IMPORT_OVER_REMOVED | ENTRY,
		"entry %u: GPA %x was removed in migration epoch %x"),
	[GPA_LIST_STATUS_INVALID_PAGE_MAC] = REFUSAL(ABORT, TDX_INVALID_PAGE_MAC | ENTRY,
		"entry %u: the MAC is not that of the entry and its page"),
	[GPA_LIST_STATUS_OP_STATE_INCORRECT] = REFUSAL(ABORT, TDX_OP_STATE_INCORRECT,
		"entry %u: operation %u is for the in-order phase, the TD at %x is %o"),
	[GPA_LIST_STATUS_MIG_BUFFER_NOT_AVAILABLE] = REFUSAL(ABORT, BAD(MIG_BUFF_LIST_ENTRY),
		"entry %u, %x, needs a buffer, its word is %x"),
	[GPA_LIST_STATUS_NEW_PAGE_NOT_AVAILABLE] = REFUSAL(ABORT, BAD(NEW_PAGE_LIST_ENTRY),
		"entry %u: %x is no page address without key id"),
};

struct item {
	struct mem_bundle *b;
	struct call *c;
	uint64_t buffer, page; /* words of the lists */
	enum gpa_list_status status;
	enum verdict verdict;
	uint64_t error;
};

static bool in_order(const struct call *c)
{
	return c->td.tdcs->op_state == OP_STATE_MEMORY_IMPORT || c->td.tdcs->op_state == OP_STATE_STATE_IMPORT;
}

static bool refuse_for(struct item *i, enum gpa_list_status status, enum verdict verdict, uint64_t error)
{
	i->verdict = verdict;
	i->status = status;
	i->error = error;
	return false;
}

static bool refuse(struct item *i, enum gpa_list_status status, uint64_t v1, uint64_t v2, uint64_t v3)
{
	const struct refusal *r = &refusals[status];

	return refuse_for(i, status, (enum verdict)r->verdict, fail(i->c, r->error, r->rule, i->b->l.entry, v1, v2, v3));
}

static bool refuse_state(struct item *i)
{
	return refuse(i, GPA_LIST_STATUS_SEPT_ENTRY_STATE_INCORRECT, i->c->gpa, i->c->sept.state,
		      GPA_LIST_OP(i->b->l.word));
}

static bool is_pending(const struct item *i)
{
	return i->b->l.word & GPA_LIST_PENDING;
}

/* ---- authenticity ---- */

static bool authentic(struct item *i)
{
	uint8_t mac[MAC_BYTES], bounce[MAC_BYTES];
	const void *from = shared_in(i->c, mem_mac_pa(i->b), MAC_BYTES, bounce);

	if (from)
		memcpy(mac, from, MAC_BYTES);
	if (from && gcm_tag(&i->b->gcm, mac))
		return true;
	return refuse(i, GPA_LIST_STATUS_INVALID_PAGE_MAC, 0, 0, 0);
}

/* Decrypts the buffer into the page, which may be the buffer itself. */
static void decrypt(struct item *i, uint64_t page_pa)
{
	uint8_t bounce[PAGE_BYTES];
	const void *from = shared_in(i->c, i->buffer & PAGE_LIST_ENTRY_HPA_MASK, PAGE_BYTES, bounce);
	void *page = pa_ptr(i->c->m, page_pa);

	if (!from)
		from = memset(bounce, 0xff, PAGE_BYTES);
	else if (from == page)
		from = memcpy(bounce, from, PAGE_BYTES);
	keyid_tag(i->c->m, page_pa, PAGE_BYTES, i->c->td.tdr->hkid);
	gcm_text(&i->b->gcm, from, page, PAGE_BYTES);
}

/* ---- MIGRATE ---- */

/* Removed in this epoch or later: what comes is older than that. */
static bool check_removed(struct item *i)
{
	uint32_t epoch;

	if (!sept_removal_epoch(i->c->sept.value, &epoch) || epoch < i->c->td.tdcs->mig_epoch)
		return true;
	return refuse(i, GPA_LIST_STATUS_DISALLOWED_IMPORT_OVER_REMOVED, i->c->gpa, epoch, 0);
}

static bool buffer_missing(struct item *i)
{
	return refuse(i, GPA_LIST_STATUS_MIG_BUFFER_NOT_AVAILABLE, i->b->l.word, i->buffer, 0);
}

/* The page for the import: one of its own or the buffer itself. c->page: free and locked. */
static bool take_page(struct item *i)
{
	struct call *c = i->c;
	bool in_place = i->b->new_pages == MEM_NO_LIST || i->page & BUFFER_INVALID;
	uint64_t pa = in_place ? keyid_strip(c->m, i->buffer) : i->page, error;

	if (in_place && i->buffer & BUFFER_INVALID)
		return buffer_missing(i);
	if (!in_place && (pa & (PAGE_BYTES - 1) || pa >> c->m->max_pa_bits || keyid_strip(c->m, pa) != pa))
		return refuse(i, GPA_LIST_STATUS_NEW_PAGE_NOT_AVAILABLE, pa, 0, 0);
	error = check_page(c, TDX_OPERAND_ID_NEW_PAGE_LIST_ENTRY, pa, PT_NDA, LOCK_EXCLUSIVE, &c->page);
	return error ? refuse_for(i, GPA_LIST_STATUS_NEW_PAGE_NOT_AVAILABLE, ABORT_IN_ORDER, error) : true;
}

static uint64_t import_bepoch(const struct call *c)
{
	return BEPOCH_MIG_FLAG | (uint64_t)c->td.tdcs->export_count << 32 | c->td.tdcs->mig_epoch;
}

static bool migrate(struct item *i)
{
	struct call *c = i->c;

	if (!(SEPT_FIRST_TIME_IMPORT_ALLOWED & SEPT_SET(c->sept.state)))
		return refuse_state(i);
	if (!check_removed(i) || !take_page(i))
		return false;
	if (!is_pending(i))
		decrypt(i, c->page.pa);
	if (!authentic(i))
		return false;
	if (is_pending(i))
		keyid_tag(c->m, c->page.pa, PAGE_BYTES, c->td.tdr->hkid);
	td_add_children(&c->td, 1);
	pamt_set(c->page.pamt, PT_REG, c->td.pa, import_bepoch(c));
	sept_write(c, sept_make(is_pending(i) ? SEPT_STATE_PENDING : SEPT_STATE_MAPPED, c->page.pa));
	return true;
}

/* ---- REMIGRATE, CANCEL ---- */

static bool check_older(struct item *i, const struct pamt_entry *pamt)
{
	uint32_t epoch = i->c->td.tdcs->mig_epoch;

	if (EPOCH_OF(pamt->bepoch) < epoch)
		return true;
	return refuse(i, GPA_LIST_STATUS_MIGRATED_IN_CURRENT_EPOCH, i->c->gpa, epoch, 0);
}

static bool remigrate(struct item *i)
{
	struct call *c = i->c;
	uint64_t pa = c->sept.value & SEPT_PA;
	struct pamt_entry *pamt;

	if (!(SEPT_MAPPED_OR_PENDING & SEPT_SET(c->sept.state)))
		return refuse_state(i);
	pamt = sept_target_pamt(c);
	if (!check_older(i, pamt))
		return false;
	if (is_pending(i) && c->sept.state != SEPT_STATE_PENDING)
		return refuse_for(i, GPA_LIST_STATUS_SEPT_ENTRY_STATE_INCORRECT, ABORT,
				  fail(c, TDX_IMPORT_MISMATCH | ENTRY, "entry %u, %x: GPA %x comes "
				       "as pending over a page that is %e", i->b->l.entry, i->b->l.word, c->gpa, c->sept.state));
	if (!is_pending(i))
		decrypt(i, pa);
	if (!authentic(i))
		return false;
	sept_write(c, sept_make(is_pending(i) ? SEPT_STATE_PENDING : SEPT_STATE_MAPPED, pa));
	pamt->bepoch = (pamt->bepoch & ~EPOCH_OF(UINT64_MAX)) | c->td.tdcs->mig_epoch;
	return true;
}

static bool cancel(struct item *i)
{
	struct call *c = i->c;
	struct page_ref page;
	uint64_t st;

	if (!(SEPT_MAPPED_OR_PENDING & SEPT_SET(c->sept.state)))
		return refuse_state(i);
	if (!authentic(i))
		return false;
	st = pamt_lock(c, TDX_OPERAND_ID_GPA_LIST_ENTRY, c->sept.value & SEPT_PA, PAGE_SIZE_4K, LOCK_EXCLUSIVE, &page);
	if (st)
		return refuse_for(i, GPA_LIST_STATUS_TD_PAGE_BUSY_HOST_PRIORITY, ABORT, st);
	c->page = page;
	if (!check_older(i, page.pamt))
		return false;
	sept_write(c, sept_make_removed(c->td.tdcs->mig_epoch));
	td_add_children(&c->td, -1);
	pamt_free(page.pamt);
	return true;
}

/* ---- an entry ---- */

static bool lock_sept(struct item *i)
{
	struct call *c = i->c;
	enum gpa_list_status status = gpa_list_lock_sept(c);

	if (status == GPA_LIST_STATUS_SEPT_ENTRY_STATE_INCORRECT)
		return refuse_state(i);
	return status ? refuse(i, status, c->gpa, c->sept.level, c->sept.state) : true;
}

static bool check_buffer(struct item *i)
{
	uint64_t st;

	if (GPA_LIST_OP(i->b->l.word) == GPA_LIST_OP_CANCEL || is_pending(i))
		return true;
	if (i->buffer & BUFFER_INVALID)
		return buffer_missing(i);
	st = check_shared(i->c, TDX_OPERAND_ID_MIG_BUFF_LIST_ENTRY, i->buffer & PAGE_LIST_ENTRY_HPA_MASK, PAGE_BYTES);
	return st ? refuse_for(i, GPA_LIST_STATUS_MIG_BUFFER_NOT_AVAILABLE, ABORT, st) : true;
}

static bool do_operation(struct item *i)
{
	unsigned op = GPA_LIST_OP(i->b->l.word);

	if (!in_order(i->c) && op != GPA_LIST_OP_MIGRATE)
		return refuse(i, GPA_LIST_STATUS_OP_STATE_INCORRECT, op, i->c->td.pa, i->c->td.tdcs->op_state);
	if (!check_buffer(i))
		return false;
	switch (op) {
	case GPA_LIST_OP_MIGRATE: return migrate(i);
	case GPA_LIST_OP_REMIGRATE: return remigrate(i);
	default: return cancel(i);
	}
}

static bool bad_entry(struct item *i)
{
	return refuse_for(i, GPA_LIST_STATUS_GPA_LIST_ENTRY_INVALID, ABORT, gpa_list_wrong(i->c, &i->b->l));
}

static bool import_entry(struct item *i)
{
	struct gpa_list *l = &i->b->l;
	unsigned held = i->c->held.count;
	bool ok;

	if (GPA_LIST_OP(l->word) == GPA_LIST_OP_NOP) {
		if (!authentic(i))
			return false;
		return gpa_list_formed(l) ? refuse_for(i, GPA_LIST_STATUS_SKIPPED, SKIP, 0) : bad_entry(i);
	}
	if (!gpa_list_gpa(i->c, l))
		return bad_entry(i);
	ok = lock_sept(i) && do_operation(i);
	held_release(&i->c->held, held);
	return ok;
}

/* ---- the leaf ---- */

static void put_new_page(struct mem_bundle *b, uint64_t word)
{
	if (b->new_pages != MEM_NO_LIST)
		mem_put_word(b, b->new_pages, word);
}

/* A live TD goes on without what was still to come; any other is lost. */
static uint64_t abort_session(struct item *i)
{
	struct call *c = i->c;

	put_new_page(i->b, i->page | BUFFER_INVALID);
	gpa_list_write(c, &i->b->l);
	if (c->td.tdcs->op_state != OP_STATE_LIVE_IMPORT)
		return import_failed(c, i->error);
	c->td.tdcs->op_state = OP_STATE_RUNNABLE;
	return i->error;
}

static uint64_t do_entry(struct call *c, struct gpa_list *l)
{
	struct mem_bundle *b = mem_bundle(l);
	struct item i = { .b = b, .c = c, .buffer = mem_word(b, c->in[GPR_R9]), .page = BUFFER_INVALID };

	gpa_list_read(c, l);
	if (b->new_pages != MEM_NO_LIST)
		i.page = mem_word(b, b->new_pages);
	mem_start_entry(b, true);
	if (!import_entry(&i)) {
		gpa_list_note(l, i.status);
		if (i.verdict == ABORT || (i.verdict == ABORT_IN_ORDER && in_order(c)))
			return abort_session(&i);
		i.page |= BUFFER_INVALID;
	}
	put_new_page(b, i.page);
	gpa_list_write(c, l);
	return TDX_SUCCESS;
}

static uint64_t check_count(struct mem_bundle *b, const struct mbmd *m)
{
	if (m->specific != b->l.last + 1)
		return fail(b->c, TDX_INVALID_MBMD, "the MBMD is for %u GPAs, GPA_LIST_INFO %x has %u", m->specific,
			    b->l.info, b->l.last + 1);
	return TDX_SUCCESS;
}

static uint64_t check_mbmd(struct mem_bundle *b, const struct mbmd *m)
{
	struct call *c = b->c;
	uint64_t st = mbmd_check_header(c, m, MB_TYPE_MEMORY, b->s.index);

	if (st || (st = mbmd_field(c, "MIG_EPOCH", m->epoch, c->td.tdcs->mig_epoch)) ||
	    (st = check_count(b, m)))
		return st;
	return in_order(c) ? mbmd_field(c, "MB_COUNTER", m->counter, b->s.sc->expected_mb) :
			     mbmd_field(c, "MIG_EPOCH", m->epoch, MIG_EPOCH_OUT_OF_ORDER);
}

static uint64_t begin(struct mem_bundle *b)
{
	struct call *c = b->c;
	struct mbmd m;
	uint64_t st;

	mig_read_mbmd(c, &m);
	st = check_mbmd(b, &m);
	if (st)
		return st;
	b->s.sc->iv_counter = m.iv_counter;
	if (!mbmd_authentic(c, &b->s, &m))
		return fail(c, TDX_INCORRECT_MBMD_MAC, "the MAC of the MBMD is not that of this session's key");
	b->s.sc->expected_mb++;
	return TDX_SUCCESS;
}

uint64_t tdh_import_mem(struct call *c)
{
	static const struct mem_direction in = { .import = true, .begin = begin, .entry = do_entry };

	return mem_run(c, &in, c->in[GPR_R13]);
}
