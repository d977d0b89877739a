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
#include "tdx/policy.h"

#define SELDOM	       2000
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

bool stress_not_now(uint64_t status)
{
	const struct status_desc *desc = status_by_code(TDX_STATUS_CODE(status));

	return desc && desc->cause != CAUSE_NONE;
}

static bool is_interrupted(uint64_t status)
{
	return tdx_status_interrupted(tdx_status(status));
}

void stress_count(struct tally *tally, uint64_t status)
{
	if (tdx_status_busy(tdx_status(status)))
		tally->busy++;
	else if (status >> 63 && !is_interrupted(status))
		tally->refused++;
	else if (!is_interrupted(status))
		tally->done++;
}

void stress_poke(struct worker *w, uint64_t pa, uint64_t value)
{
	mem_host_write(&w->s->b->p->mem, w->lp, pa, &value, sizeof(value));
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
		w->regs.gpr[GPR_RAX] = TDX_SUCCESS;
	status = w->regs.gpr[GPR_RAX];
	check_answer(w, leaf, status);
	stress_count(&w->host[leaf & (LEAVES - 1)], status);
	if (is_interrupted(status)) {
		w->interrupted++;
		platform_lp_ack(w->s->b->p, w->lp);
	}
	return status;
}

/* ---- shared objects ---- */

uint64_t stress_tdr(struct worker *w)
{
	return w->s->tdr[stress_rnd(w, TDS)];
}

uint64_t stress_page(struct worker *w)
{
	return w->s->page[stress_rnd(w, POOL)];
}

uint64_t stress_vcpu(struct worker *w)
{
	return w->s->vcpu[stress_rnd(w, w->s->vcpus)];
}

uint64_t stress_gpa(struct worker *w, unsigned level)
{
	unsigned region = stress_rnd(w, SHARED_REGIONS);

	if (level ? stress_rnd(w, 4) : !stress_rnd(w, 6))
		region = SHARED_REGIONS + stress_rnd(w, 2);
	return (uint64_t)region << 21 |
	       (level ? level : (uint64_t)stress_rnd(w, SHARED_GPAS) << 12);
}

void stress_spare(struct worker *w, uint64_t in[8])
{
	for (unsigned i = 0; i < SIDES; i++)
		if (in[1] == w->s->tdr[FIRST_SIDE + i] && in[0] < 1 << 21 && stress_rnd(w, SELDOM))
			in[0] += 1 << 21;
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
	uint64_t which = leaf[stress_rnd(w, sizeof(leaf))], page = stress_page(w);
	uint64_t in[8] = { 0,	       stress_tdr(w),
			   0,	       which == LEAF_TDH_MEM_PAGE_ADD ? ADDED(w) : UINT64_MAX,
			   UINT64_MAX, UINT64_MAX };

	if ((which == LEAF_TDH_MEM_SEPT_ADD || which == LEAF_TDH_MEM_SEPT_REMOVE ||
	     which == LEAF_TDH_MEM_PAGE_DEMOTE || which == LEAF_TDH_MEM_PAGE_PROMOTE))
		level = 1;
	if (which == LEAF_TDH_MEM_PAGE_AUG && level)
		page = w->s->large[stress_rnd(w, LARGE)];
	in[0] = stress_gpa(w, level);
	in[2] = page;
	stress_spare(w, in);
	stress_call(w, which, in);
}

static void on_metadata(struct worker *w)
{
	static const uint64_t field[] = { 0x9010000200000004, 0x9210000300000000,
					  0x8010000300000004, 0x1310000300000000 };
	uint64_t tdr = stress_tdr(w);

	switch (stress_rnd(w, 7)) {
	case 6: CALL(w, LEAF_TDH_SYS_INFO, OUT(w), 1024, OUT(w) + 0x800, 32); break;
	case 0: CALL(w, LEAF_TDH_MNG_RD, tdr, field[stress_rnd(w, 4)]); break;
	case 1:
		CALL(w, LEAF_TDH_MNG_WR, tdr, 0x1110000300000011, 20000 + stress_rnd(w, 1000),
		     UINT64_MAX);
		break;
	case 2: CALL(w, LEAF_TDH_VP_RD, stress_vcpu(w), 0xa02000000000000b); break;
	case 3: CALL(w, LEAF_TDH_VP_WR, stress_vcpu(w), 0xa02000000000000b, 1, 0xff); break;
	case 4: CALL(w, LEAF_TDH_SYS_RD, 0, 0x0a00000300000008); break;
	default: CALL(w, LEAF_TDH_PHYMEM_PAGE_RDMD, stress_rnd(w, 2) ? stress_page(w) : tdr); break;
	}
}

/* Of a large page that was split and then lost its TD. */
static uint64_t any_part(struct worker *w)
{
	return w->s->large[stress_rnd(w, LARGE)] + ((uint64_t)stress_rnd(w, 512) << 12);
}

/* TDs that come and go, in all stages at once. */
static void on_life(struct worker *w)
{
	unsigned n = stress_rnd(w, CHURN);
	uint64_t tdr = w->s->tdr[FIRST_CHURN + n], page = stress_page(w);

	switch (stress_rnd(w, 16)) {
	case 14:
		if (!stress_rnd(w, 10)) /* it ends */
			CALL(w, LEAF_TDH_MNG_VPFLUSHDONE, tdr);
		break;
	case 0: CALL(w, LEAF_TDH_MNG_CREATE, tdr, CHURN_HKID + stress_rnd(w, CHURN)); break;
	case 1: CALL(w, LEAF_TDH_MNG_KEY_CONFIG, tdr); break;
	case 2:
	case 3:
	case 4: CALL(w, LEAF_TDH_MNG_ADDCX, page, tdr); break;
	case 5: CALL(w, LEAF_TDH_MNG_INIT, tdr, PARAMS(w)); break;
	case 6: CALL(w, LEAF_TDH_VP_CREATE, page, tdr); break;
	case 7:
		CALL(w, LEAF_TDH_MEM_SEPT_ADD, 1 + stress_rnd(w, 3), tdr, page, UINT64_MAX,
		     UINT64_MAX, UINT64_MAX);
		break;
	case 8:
	case 9: CALL(w, LEAF_TDH_PHYMEM_CACHE_WB, stress_rnd(w, 2)); break;
	case 10: CALL(w, LEAF_TDH_MNG_KEY_FREEID, tdr); break;
	case 11: CALL(w, LEAF_TDH_PHYMEM_PAGE_RECLAIM, tdr); break;
	case 12: CALL(w, LEAF_TDH_PHYMEM_PAGE_RECLAIM, any_part(w)); break;
	default: CALL(w, LEAF_TDH_PHYMEM_PAGE_RECLAIM, page); break;
	}
}

static void on_vcpus(struct worker *w)
{
	switch (stress_rnd(w, 4)) {
	case 0:
		CALL(w, LEAF_TDH_VP_FLUSH, w->vcpu && stress_rnd(w, 2) ? w->vcpu : stress_vcpu(w));
		break;
	case 1: CALL(w, LEAF_TDH_MEM_TRACK, stress_tdr(w)); break;
	default: stress_enter(w, stress_vcpu(w)); break;
	}
}

static void kick(struct worker *w)
{
	struct worker *other = &w->s->w[stress_rnd(w, w->s->workers)];

	platform_lp_kick(w->s->b->p, other->lp);
	w->kicked++;
}

/* ---- its own addresses: nobody else changes them, so that only locks and tracking can stand in
 * the way ---- */

static const struct lane_step {
	uint16_t leaf;
	uint64_t not_yet;
} small_lane[] = {
	{ LEAF_TDH_MEM_PAGE_AUG, TDX_OPERAND_BUSY },
	{ LEAF_TDH_MEM_RANGE_BLOCK, TDX_OPERAND_BUSY },
	{ LEAF_TDH_MEM_TRACK, TDX_PREVIOUS_TLB_EPOCH_BUSY },
	{ LEAF_TDH_MEM_PAGE_REMOVE, TDX_TLB_TRACKING_NOT_DONE },
}, large_lane[] = {
	{ LEAF_TDH_MEM_PAGE_AUG, TDX_OPERAND_BUSY },
	{ LEAF_TDH_MEM_RANGE_BLOCK, TDX_OPERAND_BUSY },
	{ LEAF_TDH_MEM_TRACK, TDX_PREVIOUS_TLB_EPOCH_BUSY },
	{ LEAF_TDH_MEM_PAGE_DEMOTE, TDX_TLB_TRACKING_NOT_DONE },
	{ LEAF_TDH_MEM_RANGE_BLOCK, TDX_OPERAND_BUSY },
	{ LEAF_TDH_MEM_TRACK, TDX_PREVIOUS_TLB_EPOCH_BUSY },
	{ LEAF_TDH_MEM_PAGE_PROMOTE, TDX_TLB_TRACKING_NOT_DONE },
	{ LEAF_TDH_MEM_RANGE_BLOCK, TDX_OPERAND_BUSY },
	{ LEAF_TDH_MEM_TRACK, TDX_PREVIOUS_TLB_EPOCH_BUSY },
	{ LEAF_TDH_MEM_PAGE_REMOVE, TDX_TLB_TRACKING_NOT_DONE },
};

/* What a call gives back is what was given. */
static void check_given_back(struct worker *w, const struct lane *lane, uint64_t leaf)
{
	uint64_t page = leaf == LEAF_TDH_MEM_PAGE_PROMOTE ? lane->table : lane->page;

	if ((leaf == LEAF_TDH_MEM_PAGE_PROMOTE || leaf == LEAF_TDH_MEM_PAGE_REMOVE) &&
	    w->regs.gpr[GPR_RCX] != page)
		stress_wrong(w, "leaf %u gives page %llx back, not %llx", (unsigned)leaf,
			     (unsigned long long)w->regs.gpr[GPR_RCX], (unsigned long long)page);
}

static void step_lane(struct worker *w, struct lane *lane, const struct lane_step *steps,
		      unsigned n)
{
	const struct lane_step *now = &steps[lane->at];
	uint64_t tdr = w->s->tdr[RUNNER], st;

	st = CALL(w, now->leaf, now->leaf == LEAF_TDH_MEM_TRACK ? tdr : lane->gpa, tdr,
		  now->leaf == LEAF_TDH_MEM_PAGE_DEMOTE ? lane->table : lane->page, UINT64_MAX,
		  UINT64_MAX, UINT64_MAX);
	if (!st) {
		check_given_back(w, lane, now->leaf);
		lane->at = (lane->at + 1) % n;
	} else if (TDX_STATUS_CODE(st) != now->not_yet && TDX_STATUS_CODE(st) != TDX_OPERAND_BUSY &&
		   !is_interrupted(st)) {
		stress_wrong(w,
			     "leaf %u, step %u of an address that is this processor's alone, "
			     "answers %llx",
			     now->leaf, lane->at, (unsigned long long)st);
	}
}

static void own_addresses(struct worker *w)
{
	if (stress_rnd(w, 3))
		step_lane(w, &w->lane[0], small_lane, sizeof(small_lane) / sizeof(small_lane[0]));
	else
		step_lane(w, &w->lane[1], large_lane, sizeof(large_lane) / sizeof(large_lane[0]));
}

void stress_shut_down(struct worker *w)
{
	uint64_t st;

	do {
		st = w->number % 2
			     ? CALL(w, LEAF_TDH_SYS_RD, 0, 0x0a00000300000008)
			     : CALL(w, LEAF_TDH_SYS_SHUTDOWN, w->s->b->p->config.loader.module_hv);
		if (w->number % 2 == 0 && st && !stress_not_now(st) &&
		    TDX_STATUS_CODE(st) != TDX_SYS_SHUTDOWN)
			stress_wrong(w, "SHUTDOWN answers %llx", (unsigned long long)st);
	} while (TDX_STATUS_CODE(st) != TDX_SYS_SHUTDOWN);
}

void stress_step(struct worker *w)
{
	unsigned what = stress_rnd(w, 50);

	if (w->inside)
		stress_guest(w);
	else if (what < 14)
		on_memory(w);
	else if (what < 18)
		on_metadata(w);
	else if (what < 22)
		on_life(w);
	else if (what < 28)
		on_vcpus(w);
	else if (what < 31)
		stress_export(w);
	else if (what < 32)
		kick(w);
	else if (what < 36)
		stress_nested_host(w);
	else if (what < 42)
		stress_any_host(w);
	else if (what < 45)
		stress_carry(w);
	else
		own_addresses(w);
	atomic_fetch_add_explicit(&w->steps, 1, memory_order_relaxed);
}
