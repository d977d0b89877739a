// SPDX-License-Identifier: MIT
/*
 * The course of a migration session: pausing, epochs, the start of the out-of-order phase, abort, commit, end.
 */
#include "gen/checks.h"
#include "module/mig.h"
#include "module/state.h"

/* The session's first forward stream carries its tokens. */
static uint64_t lock_first_stream(struct call *c, struct stream *s)
{
	uint64_t st = mig_lock_stream(c, LINK_FORWARD(0), s);

	if (st)
		return st;
	if (!stream_started(s))
		return fail(c, TDX_MIGRATION_STREAM_STATE_INCORRECT,
			    "stream 0 of the TD at %x carries no session", c->td.pa);
	return TDX_SUCCESS;
}

static uint64_t forged_token(struct call *c)
{
	return fail(c, TDX_INCORRECT_MBMD_MAC, "the MAC of the token at %x is not that of this session's key",
		    c->in[GPR_R8] & ((1ull << 52) - 1));
}

/* ---- source ---- */

static uint64_t next_epoch(struct call *c)
{
	struct tdcs *t = c->td.tdcs;

	if (t->mig_epoch == MIG_EPOCH_OUT_OF_ORDER - 1)
		return fail(c, TDX_MIGRATION_EPOCH_OVERFLOW, "migration epoch %x was the last", t->mig_epoch);
	t->mig_epoch++;
	return TDX_SUCCESS;
}

static uint64_t leave_order(struct call *c)
{
	struct tdcs *t = c->td.tdcs;

	if (t->op_state != OP_STATE_PAUSED_EXPORT)
		return fail(c, TDX_OP_STATE_INCORRECT, "the TD at %x is %o; the start token (R10 %x) needs PAUSED_EXPORT",
			    c->td.pa, t->op_state, c->in[GPR_R10]);
	if (t->dirty_count)
		return fail(c, TDX_EXPORTED_DIRTY_PAGES_REMAIN,
			    "%u pages changed since they were exported and were not exported again", t->dirty_count);
	t->mig_epoch = MIG_EPOCH_OUT_OF_ORDER;
	t->op_state = OP_STATE_POST_EXPORT;
	return TDX_SUCCESS;
}

uint64_t tdh_export_track(struct call *c)
{
	struct tdcs *t = c->td.tdcs;
	struct stream s;
	struct mbmd token;
	uint64_t st;

	if ((st = mig_check_stream(c, 1)) || (st = mig_check_mbmd(c)) || (st = lock_first_stream(c, &s)))
		return st;
	st = mig_resumes(c) ? leave_order(c) : next_epoch(c);
	if (st)
		return st;
	s.sc->stopped.valid = 0;
	t->total_mb_count++;
	token = mbmd_new(c, MB_TYPE_EPOCH_TOKEN, 0, t->total_mb_count);
	token.version = t->mig_version;
	mbmd_seal(c, &s, &token);
	mig_write_mbmd(c, &token);
	s.sc->next_mb = 1;
	return TDX_SUCCESS;
}

/* After the start token only the destination can say that the TD does not live there: by its abort token. */
static uint64_t check_abort_token(struct call *c)
{
	struct stream s;
	struct mbmd m;
	uint64_t st = mig_check_mbmd(c);

	if (st)
		return st;
	mig_read_mbmd(c, &m);
	if ((st = mbmd_check_header(c, &m, MB_TYPE_ABORT_TOKEN, 0)) ||
	    (st = mbmd_field(c, "word 5 of an abort token", m.specific, 0)) ||
	    (st = mig_lock_stream(c, LINK_BACKWARD, &s)))
		return st;
	stream_use(c, &s, c->td.tdcs->mig_dec_working_key);
	return mbmd_authentic(c, &s, &m) ? TDX_SUCCESS : forged_token(c);
}

uint64_t tdh_export_abort(struct call *c)
{
	uint64_t st = TDX_SUCCESS;

	if (c->td.tdcs->op_state == OP_STATE_POST_EXPORT)
		st = check_abort_token(c);
	else if (c->in[GPR_R8])
		st = fail(c, TDX_OPERAND_INVALID | GPR_R8, "R8 is %x, must be 0: before the start token none is needed",
			  c->in[GPR_R8]);
	if (st)
		return st;
	mig_stop_streams(c);
	c->td.tdcs->op_state = OP_STATE_RUNNABLE;
	return TDX_SUCCESS;
}

/* ---- destination ---- */

static uint64_t check_epoch_token(struct call *c, const struct mbmd *m)
{
	const struct tdcs *t = c->td.tdcs;
	uint64_t st = mbmd_check_header(c, m, MB_TYPE_EPOCH_TOKEN, 0);

	if (st || (st = mbmd_field(c, "MB_COUNTER of a token", m->counter, 0)) ||
	    (st = mbmd_field(c, "the number of bundles", m->specific, t->total_mb_count + 1)))
		return st;
	if (m->epoch <= t->mig_epoch)
		return fail(c, TDX_INVALID_MBMD, "the token is for migration epoch %x, must be after %x", m->epoch,
			    t->mig_epoch);
	return TDX_SUCCESS;
}

uint64_t tdh_import_track(struct call *c)
{
	struct tdcs *t = c->td.tdcs;
	struct stream s;
	struct mbmd m;
	uint64_t st;

	if ((st = mig_check_mbmd(c)) || (st = lock_first_stream(c, &s)))
		return st;
	s.sc->stopped.valid = 0;
	mig_read_mbmd(c, &m);
	st = check_epoch_token(c, &m);
	if (st)
		return import_failed(c, st);
	if (!mbmd_authentic(c, &s, &m))
		return import_failed(c, forged_token(c));
	if (m.epoch == MIG_EPOCH_OUT_OF_ORDER) {
		if (t->num_migrated_vcpus != t->num_vcpus)
			return import_failed(c, fail(c, TDX_SOME_VCPUS_NOT_MIGRATED, "%u of %u vCPUs were imported",
						     t->num_migrated_vcpus, t->num_vcpus));
		t->op_state = OP_STATE_POST_IMPORT;
	}
	s.sc->expected_mb = 1;
	t->total_mb_count++;
	t->mig_epoch = m.epoch;
	return TDX_SUCCESS;
}

uint64_t tdh_import_abort(struct call *c)
{
	struct stream s;
	struct mbmd token;
	uint64_t st;

	if ((st = mig_check_mbmd(c)) || (st = mig_lock_stream(c, LINK_BACKWARD, &s)))
		return st;
	c->td.tdcs->op_state = OP_STATE_FAILED_IMPORT;
	stream_use(c, &s, c->td.tdcs->mig_enc_working_key);
	token = mbmd_new(c, MB_TYPE_ABORT_TOKEN, s.sc->next_mb, 0);
	token.epoch = 0;
	mbmd_seal(c, &s, &token);
	mig_write_mbmd(c, &token);
	s.sc->next_mb++;
	return TDX_SUCCESS | STATUS_FATAL;
}
