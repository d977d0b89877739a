// SPDX-License-Identifier: MIT
/*
 * TDH.EXPORT.STATE.IMMUTABLE, TD and VP: metadata lists, encrypted page by page into the host's pages.
 */
#include "gen/checks.h"
#include "module/bundle.h"
#include "module/md_list.h"
#include "module/state.h"

#define MAX_EXPORT_COUNT 0x7fffffffu

/* ---- opening ---- */

/* Starts a session. The export counts even if it then fails. */
static uint64_t start_session(struct bundle *b)
{
	struct call *c = b->c;
	struct tdcs *t = c->td.tdcs;
	uint64_t st;

	if ((st = check_shared(c, GPR_R9, bundle_list(b), PAGE_BYTES)) || (st = mig_begin_session(c)))
		return st;
	t->dirty_count = 0;
	stream_use(b->c, &b->s, t->mig_enc_working_key);
	if (t->export_count >= MAX_EXPORT_COUNT)
		return fail(c, TDX_MAX_EXPORTS_EXCEEDED, "the TD at %x was exported %u times", c->td.pa,
			    t->export_count);
	t->export_count++;
	return TDX_SUCCESS;
}

static uint64_t specific_of(const struct bundle *b)
{
	switch (b->kind->type) {
	case MB_TYPE_IMMUTABLE_TD_STATE:
		return (b->c->td.tdcs->num_migs - 1u) | 1ull << SPECIFIC_SYS_PAGES_SHIFT;
	case MB_TYPE_VP_STATE:
		return b->c->vp.vps->vcpu_index & 0xffff;
	default:
		return 0;
	}
}

static uint64_t begin(struct bundle *b)
{
	struct migsc *sc = b->s.sc;
	uint64_t st = bundle_check_list(b, b->kind->min_export);

	if (!st && bundle_is_first(b))
		st = start_session(b);
	if (st)
		return st;
	stream_use(b->c, &b->s, b->c->td.tdcs->mig_enc_working_key);
	sc->iv_counter++;
	sc->mbmd = mbmd_new(b->c, b->kind->type, sc->next_mb, specific_of(b));
	bundle_start_gcm(b, sc->iv_counter);
	sc->mbmd.stream = b->s.index;
	sc->mbmd.iv_counter = sc->iv_counter;
	return TDX_SUCCESS;
}

static uint64_t resume(struct bundle *b)
{
	return stream_started(&b->s) ? bundle_continue(b) : stream_unused(b->c, &b->s);
}

static uint64_t check_list(struct bundle *b)
{
	return bundle_is_first(b) ? TDX_SUCCESS : check_shared(b->c, GPR_R9, bundle_list(b), PAGE_BYTES);
}

/* ---- pages ---- */

static uint64_t export_page(struct bundle *b, bool *last)
{
	struct md_access a = bundle_access(b, b->kind->exporter);
	uint64_t list[PAGE_BYTES / 8] = { 0 }, pa, st = bundle_page(b, TDX_OPERAND_ID_MIG_BUFF_LIST_ENTRY, &pa);
	bool more;
	uint8_t *to;

	if (st)
		return st;
	mig_clear_xmm(b->c);
	more = md_dump_list(&a, b->field, list, sizeof(list), &b->field) != TDX_SUCCESS;
	to = shared_out(b->c, pa, PAGE_BYTES);
	gcm_saved_text(&b->s.sc->gcm, false, list, to ? (void *)to : list, PAGE_BYTES);
	b->page++;
	*last = !more && b->ctx != MD_SYS;
	if (!more && b->ctx == MD_SYS)
		bundle_next_context(b);
	if (!*last && b->page > bundle_last(b))
		return fail(b->c, TDX_OPERAND_INVALID | GPR_R9, "the list has %u pages, the state needs more",
			    bundle_last(b) + 1);
	return TDX_SUCCESS;
}

static void tell_pages(struct bundle *b)
{
	b->c->regs->gpr[GPR_RDX] = b->page;
}

static uint64_t finish(struct bundle *b)
{
	struct migsc *sc = b->s.sc;
	uint64_t st = mig_check_mbmd(b->c);

	if (st)
		return st;
	gcm_saved_tag(&sc->gcm, sc->mbmd.mac);
	mig_write_mbmd(b->c, &sc->mbmd);
	__atomic_fetch_add(&b->c->td.tdcs->total_mb_count, 1, __ATOMIC_RELAXED);
	sc->next_mb++;
	sc->stopped.valid = 0;
	tell_pages(b);
	return TDX_SUCCESS;
}

static const struct bundle_direction out = { begin, resume, check_list, export_page, tell_pages, finish };

/* ---- leaves ---- */

uint64_t tdh_export_state_immutable(struct call *c)
{
	uint64_t st;

	if ((st = mig_check_mbmd(c)) || (st = bundle_run(c, MB_TYPE_IMMUTABLE_TD_STATE, &out)))
		return st;
	c->td.tdcs->op_state = OP_STATE_LIVE_EXPORT;
	return TDX_SUCCESS;
}

uint64_t tdh_export_state_td(struct call *c)
{
	return bundle_run(c, MB_TYPE_TD_STATE, &out);
}

uint64_t tdh_export_state_vp(struct call *c)
{
	uint64_t st = bundle_run(c, MB_TYPE_VP_STATE, &out);

	if (!st)
		c->vp.vps->export_count = c->td.tdcs->export_count;
	return st;
}
