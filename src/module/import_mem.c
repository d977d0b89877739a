// SPDX-License-Identifier: MIT
/*
 * TDH.IMPORT.MEM: pages of a GPA list come in, first or again, or are taken back.
 */
#include <string.h>
#include "gen/checks.h"
#include "module/keyid.h"
#include "module/mig_mem.h"
#include "module/state.h"

#define BAD_ENTRY(status) (TDX_##status | TDX_OPERAND_ID_GPA_LIST_ENTRY)
#define EPOCH_OF(bepoch) ((bepoch) & 0xffffffff)

/* What a problem with an entry means for the import. */
enum verdict {
	DONE,
	SKIP,           /* that entry only */
	ABORT,          /* the import */
	ABORT_IN_ORDER, /* the import, but only the entry once the order is given up */
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

static bool refuse(struct item *i, enum verdict verdict, enum gpa_list_status status, uint64_t error)
{
	i->verdict = verdict;
	i->status = status;
	i->error = error;
	return false;
}

static bool refuse_state(struct item *i, enum verdict verdict)
{
	return refuse(i, verdict, GPA_LIST_STATUS_SEPT_ENTRY_STATE_INCORRECT,
		      fail(i->c, BAD_ENTRY(EPT_ENTRY_STATE_INCORRECT), "entry %u: GPA %x is %e, which does not fit "
			   "operation %u", i->b->l.entry, i->c->gpa, i->c->sept.state, GPA_LIST_OP(i->b->l.word)));
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
	return refuse(i, ABORT, GPA_LIST_STATUS_INVALID_PAGE_MAC,
		      fail(i->c, BAD_ENTRY(INVALID_PAGE_MAC), "entry %u: the MAC is not that of the entry and its page",
			   i->b->l.entry));
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
	return refuse(i, ABORT, GPA_LIST_STATUS_DISALLOWED_IMPORT_OVER_REMOVED,
		      fail(i->c, BAD_ENTRY(DISALLOWED_IMPORT_OVER_REMOVED),
			   "entry %u: GPA %x was removed in migration epoch %x", i->b->l.entry, i->c->gpa, epoch));
}

static bool no_buffer(struct item *i, uint64_t error)
{
	return refuse(i, ABORT, GPA_LIST_STATUS_MIG_BUFFER_NOT_AVAILABLE, error);
}

static bool buffer_missing(struct item *i)
{
	return no_buffer(i, fail(i->c, BAD(MIG_BUFF_LIST_ENTRY), "entry %u, %x, needs a buffer, its word is %x",
				     i->b->l.entry, i->b->l.word, i->buffer));
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
		return refuse(i, ABORT, GPA_LIST_STATUS_NEW_PAGE_NOT_AVAILABLE,
			      fail(c, BAD(NEW_PAGE_LIST_ENTRY), "entry %u: %x is no page address without key id",
				   i->b->l.entry, pa));
	error = check_page(c, TDX_OPERAND_ID_NEW_PAGE_LIST_ENTRY, pa, PT_NDA, LOCK_EXCLUSIVE, &c->page);
	if (error)
		return refuse(i, ABORT_IN_ORDER, GPA_LIST_STATUS_NEW_PAGE_NOT_AVAILABLE, error);
	return true;
}

static uint64_t import_bepoch(const struct call *c)
{
	return BEPOCH_MIG_FLAG | (uint64_t)c->td.tdcs->export_count << 32 | c->td.tdcs->mig_epoch;
}

static bool migrate(struct item *i)
{
	struct call *c = i->c;

	if (!(SEPT_FIRST_TIME_IMPORT_ALLOWED & SEPT_SET(c->sept.state)))
		return refuse_state(i, ABORT_IN_ORDER);
	if (!check_removed(i) || !take_page(i))
		return false;
	if (!is_pending(i))
		decrypt(i, c->page.pa);
	if (!authentic(i))
		return false;
	if (is_pending(i))
		keyid_tag(c->m, c->page.pa, PAGE_BYTES, c->td.tdr->hkid);
	td_add_children(&c->td, 1);
	pamt_set(c->page.pamt, PT_REG, c->td.pa);
	c->page.pamt->bepoch = import_bepoch(c);
	sept_write(&c->sept, sept_make(is_pending(i) ? SEPT_STATE_PENDING : SEPT_STATE_MAPPED, c->page.pa));
	return true;
}

/* ---- REMIGRATE, CANCEL ---- */

static bool check_older(struct item *i, const struct pamt_entry *pamt)
{
	uint32_t epoch = i->c->td.tdcs->mig_epoch;

	if (EPOCH_OF(pamt->bepoch) < epoch)
		return true;
	return refuse(i, ABORT, GPA_LIST_STATUS_MIGRATED_IN_CURRENT_EPOCH,
		      fail(i->c, BAD_ENTRY(MIGRATED_IN_CURRENT_EPOCH), "entry %u: GPA %x was imported in this "
			   "migration epoch (%x)", i->b->l.entry, i->c->gpa, epoch));
}

static bool remigrate(struct item *i)
{
	struct call *c = i->c;
	uint64_t pa = c->sept.value & SEPT_PA;
	struct pamt_entry *pamt;

	if (!(SEPT_MAPPED_OR_PENDING & SEPT_SET(c->sept.state)))
		return refuse_state(i, ABORT);
	pamt = sept_target_pamt(c);
	if (!check_older(i, pamt))
		return false;
	if (is_pending(i) && c->sept.state != SEPT_STATE_PENDING)
		return refuse(i, ABORT, GPA_LIST_STATUS_SEPT_ENTRY_STATE_INCORRECT,
			      fail(c, BAD_ENTRY(IMPORT_MISMATCH), "entry %u, %x: GPA %x comes as pending over a page "
				   "that is %e", i->b->l.entry, i->b->l.word, c->gpa, c->sept.state));
	if (!is_pending(i))
		decrypt(i, pa);
	if (!authentic(i))
		return false;
	sept_write(&c->sept, sept_make(is_pending(i) ? SEPT_STATE_PENDING : SEPT_STATE_MAPPED, pa));
	pamt->bepoch = (pamt->bepoch & ~EPOCH_OF(UINT64_MAX)) | c->td.tdcs->mig_epoch;
	return true;
}

static bool cancel(struct item *i)
{
	struct call *c = i->c;
	struct page_ref page;
	uint64_t st;

	if (!(SEPT_MAPPED_OR_PENDING & SEPT_SET(c->sept.state)))
		return refuse_state(i, ABORT);
	if (!authentic(i))
		return false;
	st = check_page_locked(c, TDX_OPERAND_ID_GPA_LIST_ENTRY, c->sept.value & SEPT_PA, PAGE_SIZE_4K, &page);
	if (st)
		return refuse(i, ABORT, GPA_LIST_STATUS_TD_PAGE_BUSY_HOST_PRIORITY, st);
	c->page = page;
	if (!check_older(i, page.pamt))
		return false;
	sept_write(&c->sept, sept_make_removed(c->td.tdcs->mig_epoch));
	td_add_children(&c->td, -1);
	pamt_free(page.pamt);
	return true;
}

/* ---- an entry ---- */

static bool lock_sept(struct item *i)
{
	struct call *c = i->c;
	enum gpa_list_status status = gpa_list_lock_sept(c);

	switch (status) {
	case GPA_LIST_STATUS_SUCCESS:
		return true;
	case GPA_LIST_STATUS_SEPT_WALK_FAILED:
		return refuse(i, ABORT_IN_ORDER, status,
			      fail(c, BAD_ENTRY(EPT_WALK_FAILED), "entry %u: the walk to GPA %x ends at level %u in "
				   "state %e", i->b->l.entry, c->gpa, c->sept.level, c->sept.state));
	case GPA_LIST_STATUS_SEPT_ENTRY_BUSY_HOST_PRIORITY:
		return refuse(i, ABORT_IN_ORDER, status,
			      fail(c, BAD_ENTRY(OPERAND_BUSY), "entry %u: the secure EPT entry of GPA %x is locked",
				   i->b->l.entry, c->gpa));
	default:
		return refuse_state(i, ABORT_IN_ORDER);
	}
}

static bool check_buffer(struct item *i)
{
	uint64_t st;

	if (GPA_LIST_OP(i->b->l.word) == GPA_LIST_OP_CANCEL || is_pending(i))
		return true;
	if (i->buffer & BUFFER_INVALID)
		return buffer_missing(i);
	st = check_shared(i->c, TDX_OPERAND_ID_MIG_BUFF_LIST_ENTRY, i->buffer & PAGE_LIST_ENTRY_HPA_MASK, PAGE_BYTES);
	return st ? no_buffer(i, st) : true;
}

static bool do_operation(struct item *i)
{
	unsigned op = GPA_LIST_OP(i->b->l.word);

	if (!in_order(i->c) && op != GPA_LIST_OP_MIGRATE)
		return refuse(i, ABORT, GPA_LIST_STATUS_OP_STATE_INCORRECT,
			      fail(i->c, TDX_OP_STATE_INCORRECT, "entry %u: operation %u is for the in-order phase, the "
				   "TD at %x is %o", i->b->l.entry, op, i->c->td.pa, i->c->td.tdcs->op_state));
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
	return refuse(i, ABORT, GPA_LIST_STATUS_GPA_LIST_ENTRY_INVALID, gpa_list_wrong(i->c, &i->b->l));
}

static bool import_entry(struct item *i)
{
	struct gpa_list *l = &i->b->l;
	unsigned held = i->c->held.count;
	bool ok;

	if (GPA_LIST_OP(l->word) == GPA_LIST_OP_NOP) {
		if (!authentic(i))
			return false;
		return gpa_list_formed(l) ? refuse(i, SKIP, GPA_LIST_STATUS_SKIPPED, 0) : bad_entry(i);
	}
	if (!gpa_list_gpa(i->c, l))
		return bad_entry(i);
	ok = lock_sept(i) && do_operation(i);
	call_unlock_since(i->c, held);
	return ok;
}

/* ---- the leaf ---- */

static void put_new_page(struct mem_bundle *b, uint64_t word)
{
	if (b->new_pages != MEM_NO_LIST)
		mig_put_word(b->c, b->new_pages + b->l.entry * 8, word);
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

static uint64_t do_entry(struct mem_bundle *b)
{
	struct item i = { .b = b, .c = b->c, .buffer = mem_buffer(b), .page = BUFFER_INVALID };

	gpa_list_read(b->c, &b->l);
	if (b->new_pages != MEM_NO_LIST)
		i.page = mig_word(b->c, b->new_pages + b->l.entry * 8);
	mem_start_entry(b, true);
	if (!import_entry(&i)) {
		gpa_list_note(&b->l, i.status);
		if (i.verdict == ABORT || (i.verdict == ABORT_IN_ORDER && in_order(b->c)))
			return abort_session(&i);
		i.page |= BUFFER_INVALID;
	}
	put_new_page(b, i.page);
	gpa_list_write(b->c, &b->l);
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
	uint64_t st = mem_check_first(b);

	if (st)
		return st;
	if (!stream_started(&b->s))
		stream_start(c, &b->s, c->td.tdcs->mig_dec_working_key);
	b->s.sc->stopped.valid = 0;
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

static uint64_t import_entries(struct mem_bundle *b)
{
	bool over = false;
	uint64_t st;

	do {
		st = do_entry(b);
		if (st)
			return st;
		st = mem_next(b, &over);
	} while (!over);
	return st;
}

uint64_t tdh_import_mem(struct call *c)
{
	struct mem_bundle b = { .c = c, .new_pages = c->in[GPR_R13] };
	uint64_t st = mem_open(&b);

	if (!st)
		st = mig_resumes(c) ? mem_resume(&b) : begin(&b);
	if (st)
		return st;
	st = import_entries(&b);
	gpa_list_close(c, &b.l);
	gcm_end(&b.gcm);
	return st;
}
