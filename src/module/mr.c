// SPDX-License-Identifier: MIT
/*
 * TDH.MR.*: measuring the initial content of a TD.
 */
#include "gen/checks.h"
#include "module/measure.h"
#include "module/servtd.h"
#include "module/state.h"

#define EXTEND_BYTES 256u

void tdh_mr_extend(struct call *c)
{
	static const char name[MRTD_RECORD] = "MR.EXTEND";

	mrtd_extend(c->m, &c->td, name, c->gpa, sept_data(c), EXTEND_BYTES);
}

void tdh_mr_finalize(struct call *c)
{
	mrtd_final(c->m, &c->td);
	servtd_hash(c->td.tdcs);
	c->td.tdcs->op_state = OP_STATE_RUNNABLE;
}
