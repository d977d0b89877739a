// SPDX-License-Identifier: MIT
/*
 * TDH.EXPORT.STATE.IMMUTABLE, TD and VP: metadata lists, encrypted page by page into the host's pages.
 */
#include <string.h>
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
	stream_start(b->c, &b->s, t->mig_enc_working_key);
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

	if (st)
		return st;
	if (b->kind->type == MB_TYPE_IMMUTABLE_TD_STATE)
		st = start_session(b);
	else if (!stream_started(&b->s))
		stream_start(b->c, &b->s, b->c->td.tdcs->mig_enc_working_key);
	if (st)
		return st;
	sc->stopped.valid = 0;
	sc->iv_counter++;
	sc->mbmd = mbmd_new(b->c, b->kind->type, sc->next_mb, specific_of(b));
	bundle_start_gcm(b, sc->iv_counter);
	sc->mbmd.stream = b->s.index;
	sc->mbmd.iv_counter = sc->iv_counter;
	return TDX_SUCCESS;
}

static uint64_t resume(struct bundle *b)
{
	uint64_t st;

	if (!stream_started(&b->s))
		return bundle_not_started(b);
	st = bundle_check_resumption(b);
	bundle_continue(b);
	return st;
}

static uint64_t open_bundle(struct bundle *b)
{
	struct call *c = b->c;
	bool first = b->kind->type == MB_TYPE_IMMUTABLE_TD_STATE;
	uint64_t st = bundle_lock_stream(b);

	if (!st)
		st = mig_resumes(c) ? resume(b) : begin(b);
	if (!st && !first)
		st = check_shared(c, GPR_R9, bundle_list(b), PAGE_BYTES);
	return st;
}

/* ---- pages ---- */

static uint64_t export_page(struct bundle *b, uint64_t *next, bool *more)
{
	struct call *c = b->c;
	struct md_access a = bundle_access(b, b->kind->exporter);
	uint64_t list[PAGE_BYTES / 8] = { 0 };
	uint64_t pa = mig_word(c, bundle_list(b) + b->page * 8), st;
	uint8_t *to;

	st = check_shared(c, TDX_OPERAND_ID_MIG_BUFF_LIST_ENTRY, pa, PAGE_BYTES);
	if (st)
		return st;
	mig_clear_xmm(c);
	*more = md_dump_list(&a, b->field, list, sizeof(list), next) != TDX_SUCCESS;
	to = shared_out(c, pa, PAGE_BYTES);
	gcm_saved_text(&b->s.sc->gcm, false, list, to ? (void *)to : list, PAGE_BYTES);
	b->page++;
	return TDX_SUCCESS;
}

/* Where the export goes on after a page. *done: that was the last one. */
static void step(struct bundle *b, uint64_t next, bool more, bool *done)
{
	*done = !more && b->ctx != MD_SYS;
	if (more) {
		b->field = next;
	} else if (b->ctx == MD_SYS) {
		b->ctx = MD_TD;
		b->field = MD_NONE;
	}
}

static uint64_t export_pages(struct bundle *b)
{
	bool more, done = false;
	uint64_t next, st;

	for (;;) {
		st = export_page(b, &next, &more);
		if (st)
			return st;
		step(b, next, more, &done);
		if (done)
			return TDX_SUCCESS;
		if (b->page > bundle_last(b))
			return fail(b->c, TDX_OPERAND_INVALID | GPR_R9,
				    "the list has %u pages, the state needs more", bundle_last(b) + 1);
		if (call_interrupted(b->c))
			return bundle_interrupt(b);
	}
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
	return TDX_SUCCESS;
}

static uint64_t export_state(struct bundle *b)
{
	uint64_t st = open_bundle(b);

	if (st)
		return st;
	st = export_pages(b);
	if (!st)
		st = finish(b);
	if (!st || st == TDX_INTERRUPTED_RESUMABLE)
		b->c->regs->gpr[GPR_RDX] = b->page;
	return st;
}

/* ---- leaves ---- */

uint64_t tdh_export_state_immutable(struct call *c)
{
	struct bundle b = bundle_of(c, MB_TYPE_IMMUTABLE_TD_STATE);
	uint64_t st;

	if ((st = mig_check_mbmd(c)) || (st = export_state(&b)))
		return st;
	c->td.tdcs->op_state = OP_STATE_LIVE_EXPORT;
	return TDX_SUCCESS;
}

uint64_t tdh_export_state_td(struct call *c)
{
	struct bundle b = bundle_of(c, MB_TYPE_TD_STATE);

	return export_state(&b);
}

uint64_t tdh_export_state_vp(struct call *c)
{
	struct bundle b = bundle_of(c, MB_TYPE_VP_STATE);
	uint64_t st = export_state(&b);

	if (!st)
		c->vp.vps->export_count = c->td.tdcs->export_count;
	return st;
}
