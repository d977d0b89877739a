// SPDX-License-Identifier: MIT
/*
 * What exporting and importing a bundle of metadata have in common.
 */
#include "module/bundle.h"

#include "module/state.h"

#define LIST_RESERVED (PAGE_LIST_INFO_RESERVED_1_MASK | PAGE_LIST_INFO_RESERVED_2_MASK)

static const struct bundle_kind kinds[] = {
	{ MB_TYPE_IMMUTABLE_TD_STATE, 3, 1, MD_SYS, MD_EXPORT_IMMUTABLE, MD_IMPORT_IMMUTABLE },
	{ MB_TYPE_TD_STATE, 2, 1, MD_TD, MD_EXPORT_MUTABLE, MD_IMPORT_MUTABLE },
	{ MB_TYPE_VP_STATE, 5, 4, MD_VP, MD_EXPORT_MUTABLE, MD_IMPORT_MUTABLE },
};

uint64_t bundle_list(const struct bundle *b)
{
	return b->c->in[GPR_R9] & PAGE_LIST_INFO_HPA_MASK;
}

unsigned bundle_last(const struct bundle *b)
{
	return (unsigned)(b->c->in[GPR_R9] >> PAGE_LIST_INFO_LAST_ENTRY_SHIFT);
}

uint64_t bundle_check_list(struct bundle *b, unsigned pages)
{
	uint64_t info = b->c->in[GPR_R9];

	if (bundle_last(b) + 1 < pages)
		return fail(b->c, TDX_OPERAND_INVALID | GPR_R9, "the list has %u pages, needs at least %u",
			    bundle_last(b) + 1, pages);
	if (info & LIST_RESERVED)
		return fail(b->c, TDX_OPERAND_INVALID | GPR_R9, "PAGE_LIST_INFO %x: bits 11:0 and 54:52 must be 0",
			    info);
	return TDX_SUCCESS;
}

uint64_t bundle_page(struct bundle *b, unsigned operand, uint64_t *pa)
{
	*pa = mig_word(b->c, bundle_list(b) + b->page * 8);
	return check_shared(b->c, operand, *pa, PAGE_BYTES);
}

void bundle_next_context(struct bundle *b)
{
	b->ctx = MD_TD;
	b->field = MD_NONE;
}

static uint64_t tdvpr(const struct bundle *b)
{
	return b->kind->ctx == MD_VP ? b->c->vp.pa : 0;
}

/* That of a TD's state has been started by the immutable state. */
static uint64_t lock_stream(struct bundle *b)
{
	struct call *c = b->c;
	uint64_t st = mig_check_stream(c, b->kind->type == MB_TYPE_VP_STATE ? c->td.tdcs->num_migs - 1u : 1);

	if (!st)
		st = mig_lock_stream(c, LINK_FORWARD(c->in[GPR_R10] & 0xffff), &b->s);
	if (!st && b->kind->type == MB_TYPE_TD_STATE && !stream_started(&b->s))
		st = stream_unused(c, &b->s);
	return st;
}

uint64_t bundle_continue(struct bundle *b)
{
	const struct mig_interrupted *i = &b->s.sc->stopped;
	const struct mig_operand same[] = {
		{ "PAGE_LIST_INFO", b->c->in[GPR_R9], i->list_info },
		{ "TDVPR", tdvpr(b), i->tdvpr },
	};

	b->page = i->done;
	b->field = i->field;
	b->ctx = (enum md_ctx)i->ctx;
	return stream_check_resumption(b->c, &b->s, same, 2);
}

/* Keeps where the next call goes on. */
static uint64_t interrupt(struct bundle *b)
{
	struct mig_interrupted *i = &b->s.sc->stopped;

	i->valid = 1;
	i->func = b->c->in[GPR_RAX];
	i->list_info = b->c->in[GPR_R9];
	i->ctx = (uint8_t)b->ctx;
	i->field = b->field;
	i->tdvpr = tdvpr(b);
	i->done = b->page;
	return fail(b->c, TDX_INTERRUPTED_RESUMABLE, "an interrupt waits; the bundle goes on with page %u", b->page);
}

void bundle_start_gcm(struct bundle *b, uint64_t iv_counter)
{
	struct migsc *sc = b->s.sc;
	struct mbmd aad = mbmd_authenticated(&sc->mbmd);
	uint8_t iv[GCM_IV_SIZE];

	mig_clear_xmm(b->c);
	mig_iv(iv_counter, b->s.index, iv);
	gcm_saved_start(&sc->gcm, sc->key, iv, &aad, MBMD_BYTES - MAC_BYTES);
}

struct md_access bundle_access(const struct bundle *b, enum md_reader reader)
{
	struct call *c = b->c;

	return (struct md_access){
		.c = c, .ctx = b->ctx, .reader = reader, .td = b->ctx == MD_SYS ? NULL : &c->td,
		.vp = b->ctx == MD_VP ? &c->vp : NULL,
	};
}

uint64_t bundle_run(struct call *c, enum mb_type type, const struct bundle_direction *direction)
{
	struct bundle b = { .c = c, .kind = &kinds[type], .ctx = kinds[type].ctx, .field = MD_NONE };
	uint64_t st = lock_stream(&b);
	bool last = false;

	if (!st)
		st = mig_resumes(c) ? direction->resume(&b) : direction->begin(&b);
	if (!st)
		st = direction->check_list(&b);
	while (!st && !last) {
		st = direction->page(&b, &last);
		if (!st && !last && call_interrupted(c)) {
			direction->interrupt(&b);
			return interrupt(&b);
		}
	}
	return st ? st : direction->finish(&b);
}
