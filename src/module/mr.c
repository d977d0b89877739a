// SPDX-License-Identifier: MIT
/*
 * TDH.MR.*: measuring the initial content of a TD.
 */
#include "gen/checks.h"
#include "module/measure.h"
#include "module/servtd.h"
#include "module/state.h"

void tdh_mr_extend(struct call *c)
{
	static const char name[MRTD_NAME] = "MR.EXTEND";
	const uint8_t *chunk = sept_data(c);

	/* A builder's next page is most often the next in memory: it comes to the cache while this one is hashed. */
	for (unsigned i = 0; i < MRTD_CHUNK; i += MEM_LINE)
		__builtin_prefetch(chunk + PAGE_BYTES + i, 1);
	mrtd_extend(c->m, &c->td, name, c->gpa, chunk);
}

void tdh_mr_finalize(struct call *c)
{
	mrtd_final(c->m, &c->td);
	servtd_hash(c->td.tdcs);
	c->td.tdcs->op_state = OP_STATE_RUNNABLE;
}
