// SPDX-License-Identifier: MIT
/*
 * TDH.IMPORT.STATE.IMMUTABLE, TD and VP: metadata lists, decrypted page by page and taken over. What is wrong with
 * them is told only after the MAC has proven that they come from the source; then the import has failed.
 */
#include "gen/checks.h"
#include "module/bundle.h"
#include "module/cpuid.h"
#include "module/md_list.h"
#include "module/msr.h"
#include "module/state.h"
#include "platform/platform.h"

static unsigned sys_pages(const struct bundle *b)
{
	return b->s.sc->mbmd.specific >> SPECIFIC_SYS_PAGES_SHIFT & SPECIFIC_SYS_PAGES;
}

/* ---- opening ---- */

static uint64_t check_specific(const struct bundle *b, const struct mbmd *m)
{
	switch (b->kind->type) {
	case MB_TYPE_IMMUTABLE_TD_STATE:
		if (!sys_pages(b))
			return fail(b->c, TDX_INVALID_MBMD, "the MBMD's word 5 is %x: no page (39:32) of module metadata",
				    m->specific);
		return mbmd_field(b->c, "reserved bits of word 5", m->specific & SPECIFIC_IMMUTABLE_RESERVED, 0);
	case MB_TYPE_VP_STATE: return mbmd_field(b->c, "bits 63:16 of word 5", m->specific >> 16, 0);
	default: return mbmd_field(b->c, "word 5", m->specific, 0);
	}
}

static uint64_t check_mbmd(struct bundle *b)
{
	const struct mbmd *m = &b->s.sc->mbmd;
	const struct tdcs *t = b->c->td.tdcs;
	uint64_t st = mbmd_check_header(b->c, m, b->kind->type, b->s.index);

	if (st || (st = mbmd_field(b->c, "MB_COUNTER", m->counter, b->s.sc->expected_mb)) ||
	    (st = mbmd_field(b->c, "MIG_EPOCH", m->epoch, t->mig_epoch)) || (st = check_specific(b, m)))
		return st;
	if (bundle_is_first(b) && (m->specific & SPECIFIC_STREAMS) > t->num_migs - 1u)
		return fail(b->c, TDX_NUM_MIGS_HIGHER_THAN_CREATED, "the source uses %u forward streams, the TD at %x "
			    "has %u", m->specific & SPECIFIC_STREAMS, b->c->td.pa, t->num_migs - 1u);
	return TDX_SUCCESS;
}

static uint64_t read_mbmd(struct bundle *b)
{
	uint64_t st = mig_check_mbmd(b->c);

	if (st)
		return st;
	mig_read_mbmd(b->c, &b->s.sc->mbmd);
	st = check_mbmd(b);
	if (!st)
		bundle_start_gcm(b, b->s.sc->mbmd.iv_counter);
	return st;
}

static void begin_vcpu(struct call *c)
{
	struct tdvps *vps = c->vp.vps;

	vcpu_associate(c);
	vps->last_exit_tsc = platform_rdtsc(c->m->plat);
	vps->xfam = c->td.tdcs->xfam;
	vcpu_init_fields(c->m, &c->td, vps);
	vmcs_init(c->m, &c->td, &c->vp, 0, true);
}

static uint64_t wrong_vcpu(struct call *c, const char *must)
{
	return fail(c, TDX_VCPU_STATE_INCORRECT, "the vCPU at %x is %v, must be %s", c->vp.pa, c->vp.vps->state,
		    (uintptr_t)must);
}

static uint64_t begin(struct bundle *b)
{
	struct call *c = b->c;
	struct migsc *sc = b->s.sc;
	bool vp = b->kind->type == MB_TYPE_VP_STATE;
	uint64_t st = TDX_SUCCESS;

	if (bundle_is_first(b)) {
		st = mig_begin_session(c);
		if (st)
			return st;
	}
	stream_use(c, &b->s, c->td.tdcs->mig_dec_working_key);
	if (vp && c->vp.vps->state != VCPU_STATE_UNINITIALIZED)
		st = wrong_vcpu(c, "UNINITIALIZED");
	if (!st)
		st = read_mbmd(b);
	if (st)
		return import_failed(c, st);
	if (vp)
		begin_vcpu(c);
	sc->expected_mb++;
	sc->stopped.status = TDX_SUCCESS;
	return TDX_SUCCESS;
}

static uint64_t resume_vcpu(struct call *c)
{
	uint8_t state = c->vp.vps->state;

	if (state != VCPU_STATE_IMPORT && state != VCPU_STATE_DISABLED)
		return wrong_vcpu(c, "IMPORT or DISABLED");
	return vcpu_associate(c);
}

static uint64_t resume(struct bundle *b)
{
	bool any = b->s.sc->stopped.valid;
	uint64_t st;

	if (bundle_is_first(b) && !stream_started(&b->s))
		return stream_unused(b->c, &b->s);
	st = bundle_continue(b);
	if (!st && b->kind->type == MB_TYPE_VP_STATE)
		st = resume_vcpu(b->c);
	return st && any ? import_failed(b->c, st) : st;
}

static uint64_t check_list(struct bundle *b)
{
	uint64_t st = bundle_check_list(b, b->kind->min_import + (bundle_is_first(b) ? sys_pages(b) : 0));

	if (!st)
		st = check_shared(b->c, GPR_R9, bundle_list(b), PAGE_BYTES);
	return st ? import_failed(b->c, st) : TDX_SUCCESS;
}

/* ---- pages ---- */

static void note_problem(struct bundle *b, uint64_t status, const uint64_t info[2])
{
	struct mig_interrupted *i = &b->s.sc->stopped;

	if (i->status || !status)
		return;
	b->problem = b->c->lp->reason;
	i->status = status;
	i->info[0] = info[0];
	i->info[1] = info[1];
}

/* The size that the list says; a larger one than its page is a problem of its own. */
static void check_size(struct bundle *b, uint64_t *header)
{
	static const uint64_t none[2];

	if ((*header & 0xffff) <= PAGE_BYTES)
		return;
	note_problem(b, fail(b->c, BAD(PAGE), "metadata list header %x: the list would be larger than its page", *header), none);
	*header = (*header & ~0xffffull) | PAGE_BYTES;
}

static uint64_t import_page(struct bundle *b, bool *last)
{
	struct call *c = b->c;
	struct md_access a = bundle_access(b, b->kind->importer);
	uint64_t list[PAGE_BYTES / 8], info[2], pa, st = bundle_page(b, TDX_OPERAND_ID_PAGE, &pa);
	bool of_context;

	if (st)
		return import_failed(c, st);
	mig_clear_xmm(c);
	mig_copy_in(c, pa, list, sizeof(list));
	gcm_saved_text(&b->s.sc->gcm, true, list, list, sizeof(list));
	check_size(b, &list[0]);
	*last = b->page >= bundle_last(b);
	of_context = b->ctx == MD_SYS ? b->page + 1 == sys_pages(b) : *last;
	note_problem(b, md_take_list(&a, b->field, list, of_context, &b->field, info), info);
	if (of_context && b->ctx == MD_SYS)
		bundle_next_context(b);
	b->page++;
	return TDX_SUCCESS;
}

static void stop(struct bundle *b)
{
	struct call *c = b->c;

	if (b->kind->type == MB_TYPE_VP_STATE && c->vp.vps->state != VCPU_STATE_DISABLED)
		c->vp.vps->state = VCPU_STATE_IMPORT;
	c->regs->gpr[GPR_RCX] = c->in[GPR_RCX];
	c->regs->gpr[GPR_RDX] = c->in[GPR_RDX];
}

static uint64_t check_origin(struct bundle *b)
{
	struct call *c = b->c;
	const struct mig_interrupted *i = &b->s.sc->stopped;
	uint8_t mac[MAC_BYTES];

	if (!gcm_saved_tag(&b->s.sc->gcm, mac) || !crypto_equal(mac, b->s.sc->mbmd.mac, sizeof(mac)))
		return import_failed(c, fail(c, TDX_INCORRECT_MBMD_MAC, "the MAC of the bundle is not that of its %u "
					     "pages under this session's key", b->page));
	if (!i->status)
		return TDX_SUCCESS;
	c->regs->gpr[GPR_RCX] = i->info[0];
	c->regs->gpr[GPR_RDX] = i->info[1];
	if (b->problem.rule)
		c->lp->reason = b->problem;
	else
		fail(c, i->status, "the call before the interruption found that field %x can't be imported here",
		     i->info[0]);
	return import_failed(c, i->status);
}

static const struct bundle_direction in = { begin, resume, check_list, import_page, stop, check_origin };

/* ---- leaves ---- */

/* What follows from the imported configuration. */
static uint64_t init_td(struct call *c)
{
	struct tdcs *t = c->td.tdcs;

	if ((t->attributes & TD_ATTR_MIGRATABLE && t->num_l2_vms) || !t->num_vcpus || t->num_vcpus > t->max_vcpus)
		return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "a TD with %u L2 VMs, %u vCPUs of %u can't be imported",
			    t->num_l2_vms, t->num_vcpus, t->max_vcpus);
	t->num_assoc_vcpus = 0;
	t->epoch = 1;
	t->epoch_refcount[0] = 0;
	t->epoch_refcount[1] = 0;
	t->xbuff_size = xsave_layout(c->m, t->xfam, t->xbuff_offsets);
	t->config_flags = (t->config_flags & ~TD_CONFIG_GPAW) | (t->gpaw ? TD_CONFIG_GPAW : 0);
	t->td_ctls = t->attributes & TD_ATTR_SEPT_VE_DISABLE ? TD_CTLS_PENDING_VE_DISABLE : 0;
	msr_bitmaps_init(c->m, &c->td);
	return TDX_SUCCESS;
}

uint64_t tdh_import_state_immutable(struct call *c)
{
	uint64_t st = bundle_run(c, MB_TYPE_IMMUTABLE_TD_STATE, &in);

	if (st)
		return st;
	st = init_td(c);
	if (st)
		return import_failed(c, st);
	c->td.tdcs->total_mb_count = 1;
	c->td.tdcs->op_state = OP_STATE_MEMORY_IMPORT;
	return TDX_SUCCESS;
}

uint64_t tdh_import_state_td(struct call *c)
{
	uint64_t st = bundle_run(c, MB_TYPE_TD_STATE, &in);

	if (st)
		return st;
	__atomic_fetch_add(&c->td.tdcs->total_mb_count, 1, __ATOMIC_RELAXED);
	c->td.tdcs->op_state = OP_STATE_STATE_IMPORT;
	return TDX_SUCCESS;
}

uint64_t tdh_import_state_vp(struct call *c)
{
	struct tdcs *t = c->td.tdcs;
	uint64_t st = bundle_run(c, MB_TYPE_VP_STATE, &in);

	if (st)
		return st;
	if (__atomic_fetch_add(&t->num_migrated_vcpus, 1, __ATOMIC_RELAXED) >= t->num_vcpus)
		return import_failed(c, fail(c, TDX_ALL_VCPUS_IMPORTED, "all %u vCPUs were imported before",
					     t->num_vcpus));
	if (c->vp.vps->state != VCPU_STATE_DISABLED)
		c->vp.vps->state = VCPU_STATE_READY;
	__atomic_fetch_add(&t->total_mb_count, 1, __ATOMIC_RELAXED);
	return TDX_SUCCESS;
}
