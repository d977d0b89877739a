// SPDX-License-Identifier: MIT
/*
 * What a thread does next: a call on shared objects, a step on its own address, a kick, or its
 * guest.
 */
#include "stress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "explain/explain.h"

#define LANE_GPA(w)    ((uint64_t)(16 + (w)->number) << 21)
#define SHARED_GPAS    6 /* 4 KiB pages in each of the shared regions */
#define SHARED_REGIONS 3 /* with tables; the two behind them are for pages of 2 MiB */
#define CHURN_HKID     (BOX_HKID + 8)

void stress_wrong(const struct worker *w, const char *format, ...)
{
	char reason[400] = "";
	va_list args;

	module_reason_format(w->s->b->m, w->lp, reason, sizeof(reason));
	fprintf(stderr, "stress: logical processor %u, step %llu: ", w->lp,
		(unsigned long long)w->steps);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (%s)\n", reason);
	abort();
}

unsigned stress_rnd(struct worker *w, unsigned n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (unsigned)(w->random >> 11) % n;
}

/* Every answer has a name, and no call meets memory that is not as the module left it. */
static void check_answer(struct worker *w, uint64_t leaf, uint64_t status)
{
	struct explain_status known;

	if (status == TDX_SEAMCALL_VMFAILINVALID)
		stress_wrong(w, "leaf %u met a machine check", (unsigned)(leaf & 0xffff));
	if (!explain_status(status, &known))
		stress_wrong(w, "leaf %u answers %llx, which is no status",
			     (unsigned)(leaf & 0xffff), (unsigned long long)status);
}

static void count(struct worker *w, uint64_t leaf, uint64_t status)
{
	unsigned number = leaf & (LEAVES - 1);
	uint64_t code = TDX_STATUS_CODE(status);

	if (code == TDX_OPERAND_BUSY || code == TDX_SYS_BUSY)
		w->busy[number]++;
	else if (code == TDX_INTERRUPTED_RESUMABLE || code == TDX_INTERRUPTED_RESTARTABLE)
		w->interrupted++;
	else if (status >> 63)
		w->refused[number]++;
	else
		w->done[number]++;
}

uint64_t stress_call(struct worker *w, uint64_t leaf, const uint64_t in[8])
{
	uint64_t status;

	w->regs = (struct cpu_regs){
		.gpr = { [GPR_RAX] = leaf, [GPR_RCX] = in[0], [GPR_RDX] = in[1] }
	};
	memcpy(&w->regs.gpr[GPR_R8], in + 2, 6 * sizeof(uint64_t));
	atomic_store(&w->last_leaf, leaf);
	if (module_seamcall(w->s->b->m, w->lp, &w->regs) == MODULE_TO_GUEST)
		return TDX_SUCCESS;
	status = w->regs.gpr[GPR_RAX];
	check_answer(w, leaf, status);
	count(w, leaf, status);
	if (TDX_STATUS_CODE(status) == TDX_INTERRUPTED_RESUMABLE ||
	    TDX_STATUS_CODE(status) == TDX_INTERRUPTED_RESTARTABLE)
		platform_lp_ack(w->s->b->p, w->lp);
	return status;
}

#define CALL(w, leaf, ...) stress_call(w, leaf, (uint64_t[8]){ __VA_ARGS__ })

/* ---- shared objects ---- */

static uint64_t any_tdr(struct worker *w)
{
	return w->s->tdr[stress_rnd(w, STEADY + CHURN)];
}

static uint64_t any_page(struct worker *w)
{
	return w->s->page[stress_rnd(w, POOL)];
}

static uint64_t any_vcpu(struct worker *w)
{
	return w->s->vcpu[stress_rnd(w, w->s->vcpus)];
}

static uint64_t any_gpa(struct worker *w, unsigned level)
{
	unsigned region = stress_rnd(w, SHARED_REGIONS);

	if (level ? stress_rnd(w, 4) : !stress_rnd(w, 6))
		region = SHARED_REGIONS + stress_rnd(w, 2);
	return (uint64_t)region << 21 |
	       (level ? level : (uint64_t)stress_rnd(w, SHARED_GPAS) << 12);
}

static void on_memory(struct worker *w)
{
	static const uint8_t leaf[] = {
		LEAF_TDH_MEM_PAGE_AUG,	  LEAF_TDH_MEM_PAGE_AUG,     LEAF_TDH_MEM_PAGE_AUG,
		LEAF_TDH_MEM_RANGE_BLOCK, LEAF_TDH_MEM_RANGE_BLOCK,  LEAF_TDH_MEM_RANGE_UNBLOCK,
		LEAF_TDH_MEM_PAGE_REMOVE, LEAF_TDH_MEM_PAGE_REMOVE,  LEAF_TDH_MEM_PAGE_RELOCATE,
		LEAF_TDH_MEM_PAGE_DEMOTE, LEAF_TDH_MEM_PAGE_PROMOTE, LEAF_TDH_MEM_SEPT_ADD,
		LEAF_TDH_MEM_SEPT_REMOVE, LEAF_TDH_MEM_SEPT_RD,	     LEAF_TDH_MEM_PAGE_ADD,
		LEAF_TDH_MR_EXTEND,	  LEAF_TDH_MEM_RD,	     LEAF_TDH_EXPORT_UNBLOCKW,
	};
	unsigned level = stress_rnd(w, 3) ? 0 : 1;
	uint64_t which = leaf[stress_rnd(w, sizeof(leaf))], page = any_page(w);

	if ((which == LEAF_TDH_MEM_SEPT_ADD || which == LEAF_TDH_MEM_SEPT_REMOVE ||
	     which == LEAF_TDH_MEM_PAGE_DEMOTE || which == LEAF_TDH_MEM_PAGE_PROMOTE))
		level = 1;
	if (which == LEAF_TDH_MEM_PAGE_AUG && level)
		page = w->s->large[stress_rnd(w, LARGE)];
	CALL(w, which, any_gpa(w, level), any_tdr(w), page,
	     which == LEAF_TDH_MEM_PAGE_ADD ? w->buffers : UINT64_MAX, UINT64_MAX, UINT64_MAX);
}

static void on_metadata(struct worker *w)
{
	static const uint64_t field[] = { 0x9010000200000004, 0x9210000300000000,
					  0x8010000300000004, 0x1310000300000000 };
	uint64_t tdr = any_tdr(w);

	switch (stress_rnd(w, 6)) {
	case 0: CALL(w, LEAF_TDH_MNG_RD, tdr, field[stress_rnd(w, 4)]); break;
	case 1:
		CALL(w, LEAF_TDH_MNG_WR, tdr, 0x1110000300000011, 20000 + stress_rnd(w, 1000),
		     UINT64_MAX);
		break;
	case 2: CALL(w, LEAF_TDH_VP_RD, any_vcpu(w), 0xa02000000000000b); break;
	case 3: CALL(w, LEAF_TDH_VP_WR, any_vcpu(w), 0xa02000000000000b, 1, 0xff); break;
	case 4: CALL(w, LEAF_TDH_SYS_RD, 0, 0x0a00000300000008); break;
	default: CALL(w, LEAF_TDH_PHYMEM_PAGE_RDMD, stress_rnd(w, 2) ? any_page(w) : tdr); break;
	}
}

/* TDs that come and go, in all stages at once. */
static void on_life(struct worker *w)
{
	unsigned n = stress_rnd(w, CHURN);
	uint64_t tdr = w->s->tdr[STEADY + n], page = any_page(w);

	switch (stress_rnd(w, 15)) {
	case 14:
		if (!stress_rnd(w, 10)) /* it ends */
			CALL(w, LEAF_TDH_MNG_VPFLUSHDONE, tdr);
		break;
	case 0: CALL(w, LEAF_TDH_MNG_CREATE, tdr, CHURN_HKID + stress_rnd(w, CHURN)); break;
	case 1: CALL(w, LEAF_TDH_MNG_KEY_CONFIG, tdr); break;
	case 2:
	case 3:
	case 4: CALL(w, LEAF_TDH_MNG_ADDCX, page, tdr); break;
	case 5: CALL(w, LEAF_TDH_MNG_INIT, tdr, w->buffers + 0x1000); break;
	case 6: CALL(w, LEAF_TDH_VP_CREATE, page, tdr); break;
	case 7:
		CALL(w, LEAF_TDH_MEM_SEPT_ADD, 1 + stress_rnd(w, 3), tdr, page, UINT64_MAX,
		     UINT64_MAX, UINT64_MAX);
		break;
	case 8:
	case 9: CALL(w, LEAF_TDH_PHYMEM_CACHE_WB, stress_rnd(w, 2)); break;
	case 10: CALL(w, LEAF_TDH_MNG_KEY_FREEID, tdr); break;
	case 11: CALL(w, LEAF_TDH_PHYMEM_PAGE_RECLAIM, tdr); break;
	default: CALL(w, LEAF_TDH_PHYMEM_PAGE_RECLAIM, page); break;
	}
}

static void on_vcpus(struct worker *w)
{
	uint64_t vcpu = any_vcpu(w);

	switch (stress_rnd(w, 4)) {
	case 0: CALL(w, LEAF_TDH_VP_FLUSH, vcpu); break;
	case 1: CALL(w, LEAF_TDH_MEM_TRACK, any_tdr(w)); break;
	default:
		CALL(w, LEAF_TDH_VP_ENTER, vcpu);
		w->inside = module_in_guest(w->s->b->m, w->lp);
		w->vcpu = vcpu;
		w->entered += w->inside;
		break;
	}
}

static void kick(struct worker *w)
{
	struct worker *other = &w->s->w[stress_rnd(w, w->s->workers)];

	platform_lp_kick(w->s->b->p, other->lp);
	w->kicked++;
}

/* ---- its own address: nobody else changes it, so that only locks and tracking can stand in the
 * way ---- */

static bool is(uint64_t status, uint64_t code)
{
	return TDX_STATUS_CODE(status) == code;
}

/* Whether it was done; what else than done, or not yet, is wrong. */
static bool done(struct worker *w, const char *what, uint64_t status, uint64_t not_yet)
{
	if (status == TDX_SUCCESS)
		return true;
	if (!is(status, TDX_OPERAND_BUSY) && !is(status, not_yet))
		stress_wrong(w, "%s of an address that is this processor's alone answers %llx",
			     what, (unsigned long long)status);
	return false;
}

static void own_address(struct worker *w)
{
	uint64_t tdr = w->s->tdr[RUNNER], gpa = LANE_GPA(w), st;

	switch (w->lane) {
	case LANE_FREE:
		if (done(w, "AUG", CALL(w, LEAF_TDH_MEM_PAGE_AUG, gpa, tdr, w->lane_page),
			 TDX_OPERAND_BUSY))
			w->lane = LANE_PENDING;
		break;
	case LANE_PENDING:
		if (done(w, "BLOCK", CALL(w, LEAF_TDH_MEM_RANGE_BLOCK, gpa, tdr), TDX_OPERAND_BUSY))
			w->lane = LANE_BLOCKED;
		break;
	case LANE_BLOCKED:
		if (done(w, "TRACK", CALL(w, LEAF_TDH_MEM_TRACK, tdr), TDX_PREVIOUS_TLB_EPOCH_BUSY))
			w->lane = LANE_TRACKED;
		break;
	case LANE_TRACKED:
		st = CALL(w, LEAF_TDH_MEM_PAGE_REMOVE, gpa, tdr);
		if (done(w, "REMOVE", st, TDX_TLB_TRACKING_NOT_DONE)) {
			w->lane = LANE_FREE;
			if (w->regs.gpr[GPR_RCX] != w->lane_page)
				stress_wrong(w, "REMOVE gives page %llx back, not %llx",
					     (unsigned long long)w->regs.gpr[GPR_RCX],
					     (unsigned long long)w->lane_page);
		}
		break;
	}
}

void stress_step(struct worker *w)
{
	unsigned what = stress_rnd(w, 40);

	if (w->inside)
		stress_guest(w);
	else if (what < 16)
		on_memory(w);
	else if (what < 20)
		on_metadata(w);
	else if (what < 25)
		on_life(w);
	else if (what < 31)
		on_vcpus(w);
	else if (what < 34)
		stress_export(w);
	else if (what < 35)
		kick(w);
	else
		own_address(w);
	atomic_fetch_add_explicit(&w->steps, 1, memory_order_relaxed);
}
