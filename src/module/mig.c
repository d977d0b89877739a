// SPDX-License-Identifier: MIT
/*
 * Migration streams, and reading, writing, sealing and checking MBMDs.
 */
#include "module/mig.h"

#include <string.h>
#include "gen/checks.h"
#include "module/state.h"

#define LINK_INITIALIZED 2ull
#define LINK_PA 0x000ffffffffff000ull
#define MBMD_ALIGN 128u
#define MBMD_SIZE_SHIFT 52
#define AAD_BYTES (MBMD_BYTES - MAC_BYTES)
#define R10_STREAM 0xffffull

/* ---- TDH.MIG.STREAM.CREATE ---- */

static uint64_t *links(const struct call *c)
{
	return td_page(c->m, &c->td, TDCS_PAGE_MIGSC_LINKS);
}

void tdh_mig_stream_create(struct call *c)
{
	struct tdcs *t = c->td.tdcs;
	struct migsc *sc;

	page_take(c, &c->page, PT_TDCX, c->td.pa, c->td.tdr->hkid, NULL);
	sc = pa_ptr(c->m, c->page.pa);
	sc->index = t->num_migs;
	links(c)[t->num_migs++] = c->page.pa;
	td_add_children(&c->td, 1);
}

/* ---- operands ---- */

bool mig_resumes(const struct call *c)
{
	return c->in[GPR_R10] & R10_RESUME;
}

uint64_t mig_check_stream(struct call *c, unsigned streams)
{
	uint64_t v = c->in[GPR_R10];

	if (v & ~(R10_STREAM | R10_RESUME))
		return fail(c, TDX_OPERAND_INVALID | GPR_R10, "R10 is %x: bits 62:16 must be 0", v);
	if ((v & R10_STREAM) >= streams)
		return fail(c, TDX_OPERAND_INVALID | GPR_R10, "stream %u: here it must be below %u", v & R10_STREAM,
			    streams);
	return TDX_SUCCESS;
}

uint64_t mig_check_mbmd(struct call *c)
{
	uint64_t size = c->in[GPR_R8] >> MBMD_SIZE_SHIFT;

	if (size < MBMD_BYTES)
		return fail(c, TDX_OPERAND_INVALID | GPR_R8, "the buffer for the MBMD has %u bytes, needs %u", size,
			    MBMD_BYTES);
	return check_shared(c, GPR_R8, c->in[GPR_R8] & MBMD_PA, MBMD_ALIGN);
}

void mig_copy_in(struct call *c, uint64_t pa, void *to, size_t len)
{
	const void *from = shared_in(c, pa, len, to);

	if (!from)
		memset(to, 0xff, len);
	else if (from != to)
		memcpy(to, from, len);
}

void mig_copy_out(struct call *c, uint64_t pa, const void *from, size_t len)
{
	void *to = shared_out(c, pa, len);

	if (to)
		memcpy(to, from, len);
}

void mig_read_mbmd(struct call *c, struct mbmd *m)
{
	mig_copy_in(c, c->in[GPR_R8] & MBMD_PA, m, sizeof(*m));
}

uint64_t mbmd_field(struct call *c, const char *field, uint64_t is, uint64_t must_be)
{
	if (is == must_be)
		return TDX_SUCCESS;
	return fail(c, TDX_INVALID_MBMD, "%s of the MBMD at %x is %x, must be %x", (uintptr_t)field,
		    c->in[GPR_R8] & MBMD_PA, is, must_be);
}

uint64_t mbmd_check_header(struct call *c, const struct mbmd *m, enum mb_type type, uint16_t stream)
{
	uint64_t st;

	if ((st = mbmd_field(c, "SIZE", m->size, MBMD_BYTES)) ||
	    (st = mbmd_field(c, "MIG_VERSION", m->version, c->td.tdcs->mig_working_version)) ||
	    (st = mbmd_field(c, "MIGS_INDEX", m->stream, stream)) || (st = mbmd_field(c, "MB_TYPE", m->type, type)))
		return st;
	return mbmd_field(c, "the reserved byte 7", m->reserved, 0);
}

void mig_write_mbmd(struct call *c, const struct mbmd *m)
{
	mig_copy_out(c, c->in[GPR_R8] & MBMD_PA, m, sizeof(*m));
}

uint64_t mig_word(struct call *c, uint64_t pa)
{
	uint64_t value;

	mig_copy_in(c, pa, &value, sizeof(value));
	return value;
}

void mig_put_word(struct call *c, uint64_t pa, uint64_t value)
{
	mig_copy_out(c, pa, &value, sizeof(value));
}

/* ---- streams ---- */

void mig_stream(struct call *c, unsigned link, struct stream *s)
{
	s->link = &links(c)[link];
	s->sc = pa_ptr(c->m, __atomic_load_n(s->link, __ATOMIC_RELAXED) & LINK_PA);
	s->index = link ? (uint16_t)(link - 1) : 0;
}

uint64_t mig_lock_stream(struct call *c, unsigned link, struct stream *s)
{
	mig_stream(c, link, s);
	return call_lock_or_busy(c, s->link, HELD_LINK, LOCK_EXCLUSIVE, TDX_OPERAND_ID_MIGSC, "the migration stream");
}

bool stream_started(const struct stream *s)
{
	return __atomic_load_n(s->link, __ATOMIC_RELAXED) & LINK_INITIALIZED;
}

static void start(struct call *c, struct stream *s, const uint64_t key[4])
{
	struct migsc *sc = s->sc;

	mig_clear_xmm(c);
	sc->iv_counter = 0;
	sc->next_mb = 0;
	sc->expected_mb = 0;
	memcpy(sc->key, key, sizeof(sc->key));
	__atomic_fetch_or(s->link, LINK_INITIALIZED, __ATOMIC_RELAXED);
}

void stream_use(struct call *c, struct stream *s, const uint64_t key[4])
{
	if (!stream_started(s))
		start(c, s, key);
	s->sc->stopped.valid = 0;
}

uint64_t stream_unused(struct call *c, const struct stream *s)
{
	return fail(c, TDX_MIGRATION_STREAM_STATE_INCORRECT, "stream %u of the TD at %x was not used in this session",
		    s->index, c->td.pa);
}

void mig_stop_streams(struct call *c)
{
	for (unsigned i = 0; i < c->td.tdcs->num_migs; i++)
		__atomic_fetch_and(&links(c)[i], ~LINK_INITIALIZED, __ATOMIC_RELAXED);
}

uint64_t stream_check_resumption(struct call *c, struct stream *s, const struct mig_operand *o, unsigned n)
{
	struct mig_interrupted *i = &s->sc->stopped;

	if (!i->valid)
		return fail(c, TDX_INVALID_RESUMPTION, "no leaf was interrupted in stream %u", s->index);
	i->valid = 0;
	if (i->func != c->in[GPR_RAX])
		return fail(c, TDX_INVALID_RESUMPTION, "RAX is %x, that of the leaf interrupted in stream %u was %x",
			    c->in[GPR_RAX], s->index, i->func);
	for (; n; n--, o++) {
		if (o->is != o->was)
			return fail(c, TDX_INVALID_RESUMPTION, "%s is %x, when the leaf was interrupted in stream %u it "
				    "was %x", (uintptr_t)o->name, o->is, s->index, o->was);
	}
	return TDX_SUCCESS;
}

/* ---- cryptography ---- */

void mig_clear_xmm(struct call *c)
{
	memset(c->regs->xmm, 0, sizeof(c->regs->xmm));
}

void mig_iv(uint64_t counter, uint16_t stream, uint8_t iv[GCM_IV_SIZE])
{
	memcpy(iv, &counter, 8);
	memcpy(iv + 8, &stream, 2);
	memset(iv + 10, 0, 2);
}

struct mbmd mbmd_new(const struct call *c, enum mb_type type, uint32_t counter, uint64_t specific)
{
	const struct tdcs *t = c->td.tdcs;

	return (struct mbmd){
		.size = MBMD_BYTES, .version = t->mig_working_version, .type = (uint8_t)type, .counter = counter,
		.epoch = t->mig_epoch, .specific = specific,
	};
}

struct mbmd mbmd_authenticated(const struct mbmd *m)
{
	struct mbmd a = *m;

	a.stream = 0;
	a.iv_counter = 0;
	return a;
}

/* MAC of an MBMD that no text follows. */
static bool mbmd_mac(const struct stream *s, const struct mbmd *m, uint64_t iv_counter, uint8_t mac[MAC_BYTES])
{
	struct mbmd aad = mbmd_authenticated(m);
	uint8_t iv[GCM_IV_SIZE];
	struct gcm g = { 0 };
	bool ok;

	mig_iv(iv_counter, s->index, iv);
	ok = gcm_start(&g, false, s->sc->key, iv) && gcm_aad(&g, &aad, AAD_BYTES) && gcm_tag(&g, mac);
	gcm_end(&g);
	return ok;
}

void mbmd_seal(struct call *c, struct stream *s, struct mbmd *m)
{
	mig_clear_xmm(c);
	s->sc->iv_counter++;
	if (!mbmd_mac(s, m, s->sc->iv_counter, m->mac))
		memset(m->mac, 0, sizeof(m->mac));
	m->stream = s->index;
	m->iv_counter = s->sc->iv_counter;
}

bool mbmd_authentic(struct call *c, const struct stream *s, const struct mbmd *m)
{
	uint8_t mac[MAC_BYTES];

	mig_clear_xmm(c);
	return mbmd_mac(s, m, m->iv_counter, mac) && crypto_equal(mac, m->mac, sizeof(mac));
}

/* ---- the session ---- */

uint64_t mig_begin_session(struct call *c)
{
	struct tdcs *t = c->td.tdcs;
	uint64_t next_key[4];

	if (!t->mig_dec_key_set)
		return fail(c, TDX_MIGRATION_DECRYPTION_KEY_NOT_SET,
			    "the migration TD has not written MIG_DEC_KEY of the TD at %x for this session", c->td.pa);
	memcpy(t->mig_enc_working_key, t->mig_enc_key, sizeof(t->mig_enc_key));
	if (!random_words(c, next_key, 4))
		return fail(c, TDX_RND_NO_ENTROPY, "no random number for the key of the next session");
	memcpy(t->mig_enc_key, next_key, sizeof(next_key));
	memcpy(t->mig_dec_working_key, t->mig_dec_key, sizeof(t->mig_dec_key));
	t->mig_dec_key_set = 0;
	t->mig_working_version = t->mig_version;
	t->mig_epoch = 0;
	t->total_mb_count = 0;
	mig_stop_streams(c);
	return TDX_SUCCESS;
}

uint64_t import_failed(struct call *c, uint64_t status)
{
	c->td.tdcs->op_state = OP_STATE_FAILED_IMPORT;
	c->lp->reason.status |= STATUS_FATAL;
	return status | STATUS_FATAL;
}
