// SPDX-License-Identifier: MIT
/*
 * TDH.MR.*: measuring the initial content of a TD.
 */
#include "gen/checks.h"
#include "module/measure.h"
#include "module/servtd.h"
#include "module/state.h"

#define EXTEND_BYTES 256u

uint64_t extend_page(struct call *c)
{
	uint64_t st;

	c->gpa = c->in[GPR_RCX];
	st = check_gpa_private(c, GPR_RCX);
	if (st)
		return st;
	c->level = 0;
	sept_walk_call(c);
	if (c->sept.state != SEPT_STATE_MAPPED)
		return sept_fail(c, TDX_EPT_ENTRY_NOT_PRESENT | GPR_RCX,
				 "GPA %x: the walk ends at level %u in state %e, must be a MAPPED page");
	return TDX_SUCCESS;
}

void tdh_mr_extend(struct call *c)
{
	static const char name[MRTD_RECORD] = "MR.EXTEND";
	uint64_t offset = c->gpa & (PAGE_SIZE_OF(c->sept.level) - 1);

	mrtd_extend(c->m, &c->td, name, c->gpa, pa_ptr(c->m, sept_pa(&c->sept) + offset), EXTEND_BYTES);
}

void tdh_mr_finalize(struct call *c)
{
	mrtd_final(c->m, &c->td);
	servtd_hash(c->td.tdcs);
	c->td.tdcs->op_state = OP_STATE_RUNNABLE;
}
