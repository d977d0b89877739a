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

static uint64_t open_bundle(struct mem_bundle *b)
{
	uint64_t st;

	mig_stream(b->c, LINK_FORWARD(b->c->in[GPR_R10] & 0xffff), &b->s);
	st = gpa_list_open(b->c, &b->l);
	if (!st)
		st = check_lists(b);
	return st ? st : mig_check_mbmd(b->c);
}

/* ---- interruption ---- */

static uint64_t resume(struct mem_bundle *b)
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
		return stream_unused(b->c, &b->s);
	return stream_check_resumption(b->c, &b->s, same, sizeof(same) / sizeof(same[0]));
}

static void remember(struct mem_bundle *b)
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
}

/* ---- the leaf ---- */

static uint64_t begin(struct mem_bundle *b, const struct mem_direction *direction)
{
	const struct tdcs *t = b->c->td.tdcs;

	if (b->l.entry)
		return fail(b->c, TDX_OPERAND_INVALID | GPR_RCX, "a new bundle starts with entry 0 of the list, not %u",
			    b->l.entry);
	stream_use(b->c, &b->s, direction->import ? t->mig_dec_working_key : t->mig_enc_working_key);
	return direction->begin(b);
}

static void end(struct mem_bundle *b, const struct mem_direction *direction)
{
	__atomic_fetch_add(&b->c->td.tdcs->total_mb_count, 1, __ATOMIC_RELAXED);
	if (direction->import)
		return;
	b->s.sc->next_mb++;
	b->c->regs->gpr[GPR_RDX] = b->s.sc->stopped.done;
}

uint64_t mem_run(struct call *c, const struct mem_direction *direction, uint64_t new_pages)
{
	struct mem_bundle b = { .c = c, .new_pages = new_pages };
	uint64_t st = open_bundle(&b);

	if (!st)
		st = mig_resumes(c) ? resume(&b) : begin(&b, direction);
	if (st)
		return st;
	st = gpa_list_run(c, &b.l, direction->entry);
	gcm_end(&b.gcm);
	if (st == TDX_INTERRUPTED_RESUMABLE)
		remember(&b);
	else if (b.l.entry > b.l.last)
		end(&b, direction);
	return st;
}

/* ---- entries ---- */

uint64_t mem_word(struct mem_bundle *b, uint64_t list)
{
	return mig_word(b->c, list + b->l.entry * 8);
}

void mem_put_word(struct mem_bundle *b, uint64_t list, uint64_t word)
{
	mig_put_word(b->c, list + b->l.entry * 8, word);
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
