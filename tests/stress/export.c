// SPDX-License-Identifier: MIT
/*
 * Live export of the migratable TD by all threads at once, from interrupt to interrupt.
 */
#include "stress.h"

#include "module/gpa_list.h"

#define ENTRIES SHARED_GPAS
#define RESUMES 40

void stress_lists(struct worker *w, unsigned op)
{
	for (unsigned i = 0; i < 16; i++)
		stress_poke(w, LIST(w) + 8 * i, DATA(w) + i * 4096ull);
	for (uint64_t i = 0; i < ENTRIES; i++)
		stress_poke(w, GPAS(w) + 8 * i, i << 12 | (uint64_t)op << 52);
}

uint64_t stress_finish(struct worker *w, uint64_t leaf, uint64_t in[8], bool list)
{
	uint64_t st = stress_call(w, leaf, in);

	for (unsigned i = 0; i < RESUMES && TDX_STATUS_CODE(st) == TDX_INTERRUPTED_RESUMABLE; i++) {
		in[4] |= RESUME;
		if (list)
			in[0] = w->regs.gpr[GPR_RCX];
		if (!stress_rnd(w, 3))
			platform_lp_kick(w->s->b->p, w->lp);
		st = stress_call(w, leaf, in);
	}
	return st;
}

static void on_list(struct worker *w, uint64_t leaf, uint64_t tdr, unsigned op)
{
	uint64_t in[8] = { GPAS(w) | (uint64_t)(ENTRIES - 1) << 55,
			   tdr,
			   MBMD_OPERAND(w),
			   LIST(w),
			   stress_rnd(w, 2),
			   MACS(w),
			   UINT64_MAX };

	stress_lists(w, op);
	if (leaf != LEAF_TDH_EXPORT_MEM)
		memset(in + 2, 0, 6 * sizeof(in[0]));
	stress_finish(w, leaf, in, true);
}

static void state(struct worker *w, uint64_t leaf, uint64_t object)
{
	uint64_t in[8] = { object, 0, MBMD_OPERAND(w), LIST(w) | 15ull << 55 };

	stress_lists(w, 0);
	stress_finish(w, leaf, in, false);
}

void stress_export(struct worker *w)
{
	uint64_t tdr = w->s->tdr[SRC], mbmd = MBMD_OPERAND(w);

	if (!stress_rnd(w, 3))
		platform_lp_kick(w->s->b->p, w->lp);
	switch (stress_rnd(w, 24)) {
	case 0: state(w, LEAF_TDH_EXPORT_STATE_IMMUTABLE, tdr); break;
	case 1: state(w, LEAF_TDH_EXPORT_STATE_TD, tdr); break;
	case 2: state(w, LEAF_TDH_EXPORT_STATE_VP, w->s->vcpu[stress_rnd(w, VCPUS_EACH)]); break;
	case 3: stress_call(w, LEAF_TDH_EXPORT_TRACK, (uint64_t[8]){ tdr, 0, mbmd }); break;
	case 4:
		if (!stress_rnd(w, 200))
			stress_call(w, LEAF_TDH_EXPORT_PAUSE, (uint64_t[8]){ tdr });
		break;
	case 5:
		if (!stress_rnd(w, 300))
			stress_call(w, LEAF_TDH_EXPORT_ABORT, (uint64_t[8]){ tdr });
		break;
	case 6:
	case 7:
	case 8: on_list(w, LEAF_TDH_EXPORT_RESTORE, tdr, 1); break;
	case 9:
	case 10:
	case 11:
	case 12:
	case 13:
	case 14:
	case 15: on_list(w, LEAF_TDH_EXPORT_BLOCKW, tdr, 1); break;
	default:
		on_list(w, LEAF_TDH_EXPORT_MEM, tdr,
			stress_rnd(w, 5) ? GPA_LIST_OP_MIGRATE : GPA_LIST_OP_CANCEL);
		break;
	}
}
