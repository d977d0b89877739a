// SPDX-License-Identifier: MIT
/*
 * What TDH.EXPORT.MEM and TDH.IMPORT.MEM have in common.
 */
#include "module/mig_mem.h"

#include "gen/checks.h"
#include "module/state.h"

#define MACS_PER_PAGE 256u

/* ---- checks of the rows ---- */

uint64_t mem_stream(struct call *c)
{
	struct stream s;
	uint64_t st = mig_check_stream(c, c->td.tdcs->num_migs - 1u);

	return st ? st : mig_lock_stream(c, LINK_FORWARD(c->in[GPR_R10] & 0xffff), &s);
}

/* ---- operands ---- */

static uint64_t check_lists(struct mem_bundle *b)
{
	struct call *c = b->c;
	uint64_t st = check_shared(c, GPR_R9, c->in[GPR_R9], PAGE_BYTES);

	if (!st && b->l.entry < MACS_PER_PAGE)
		st = check_shared(c, GPR_R11, c->in[GPR_R11], PAGE_BYTES);
	if (!st && b->l.last >= MACS_PER_PAGE)
		st = check_shared(c, GPR_R12, c->in[GPR_R12], PAGE_BYTES);
	if (!st && b->new_pages != MEM_NO_LIST)
		st = check_shared(c, GPR_R13, b->new_pages, PAGE_BYTES);
	return st;
}

uint64_t mem_open(struct mem_bundle *b)
{
	uint64_t st;

	mig_stream(b->c, LINK_FORWARD(b->c->in[GPR_R10] & 0xffff), &b->s);
	st = gpa_list_open(b->c, &b->l);
	if (!st)
		st = check_lists(b);
	return st ? st : mig_check_mbmd(b->c);
}

uint64_t mem_check_first(struct mem_bundle *b)
{
	if (b->l.entry)
		return fail(b->c, TDX_OPERAND_INVALID | GPR_RCX, "a new bundle starts with entry 0 of the list, not %u",
			    b->l.entry);
	return TDX_SUCCESS;
}

/* ---- interruption ---- */

uint64_t mem_resume(struct mem_bundle *b)
{
	const struct mig_interrupted *i = &b->s.sc->stopped;
	const uint64_t *in = b->c->in;
	const struct mig_operand same[] = {
		{ "GPA_LIST_INFO", in[GPR_RCX], i->list_info },
		{ "the list of buffers", in[GPR_R9], i->buffers },
		{ "the first list of MACs", in[GPR_R11], i->macs[0] },
		{ "the second list of MACs", in[GPR_R12], i->macs[1] },
		{ "the list of new pages", b->new_pages, i->new_pages },
		{ "the migration epoch", b->c->td.tdcs->mig_epoch, b->s.sc->mbmd.epoch },
	};

	if (!stream_started(&b->s))
		return fail(b->c, TDX_MIGRATION_STREAM_STATE_INCORRECT,
			    "stream %u of the TD at %x was not used in this session", b->s.index, b->c->td.pa);
	return stream_check_resumption(b->c, &b->s, same, sizeof(same) / sizeof(same[0]));
}

static uint64_t interrupt(struct mem_bundle *b)
{
	struct mig_interrupted *i = &b->s.sc->stopped;
	const uint64_t *in = b->c->in;

	i->valid = 1;
	i->func = in[GPR_RAX];
	i->list_info = gpa_list_info(&b->l);
	i->buffers = in[GPR_R9];
	i->macs[0] = in[GPR_R11];
	i->macs[1] = in[GPR_R12];
	i->new_pages = b->new_pages;
	b->s.sc->mbmd.epoch = b->c->td.tdcs->mig_epoch;
	return fail(b->c, TDX_INTERRUPTED_RESUMABLE, "an interrupt waits; the list goes on at entry %u", b->l.entry);
}

uint64_t mem_next(struct mem_bundle *b, bool *over)
{
	*over = ++b->l.entry > b->l.last;
	if (*over) {
		__atomic_fetch_add(&b->c->td.tdcs->total_mb_count, 1, __ATOMIC_RELAXED);
		return TDX_SUCCESS | b->l.problems;
	}
	*over = call_interrupted(b->c);
	return *over ? interrupt(b) : TDX_SUCCESS;
}

/* ---- entries ---- */

uint64_t mem_buffer(struct mem_bundle *b)
{
	return mig_word(b->c, b->c->in[GPR_R9] + b->l.entry * 8);
}

void mem_put_buffer(struct mem_bundle *b, uint64_t word)
{
	mig_put_word(b->c, b->c->in[GPR_R9] + b->l.entry * 8, word);
}

bool mem_start_entry(struct mem_bundle *b, bool decrypt)
{
	uint8_t iv[GCM_IV_SIZE];

	mig_clear_xmm(b->c);
	mig_iv(++b->s.sc->iv_counter, b->s.index, iv);
	return gcm_start(&b->gcm, decrypt, b->s.sc->key, iv) && gcm_aad(&b->gcm, &b->l.word, sizeof(b->l.word));
}

uint64_t mem_mac_pa(const struct mem_bundle *b)
{
	unsigned list = b->l.entry / MACS_PER_PAGE;

	return b->c->in[list ? GPR_R12 : GPR_R11] + b->l.entry % MACS_PER_PAGE * MAC_BYTES;
}
