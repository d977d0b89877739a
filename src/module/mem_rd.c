// SPDX-License-Identifier: MIT
/*
 * TDH.MEM.RD and WR: a debugger's access to 8 bytes of a debug TD's private memory.
 */
#include "gen/checks.h"
#include "module/metadata.h"
#include "module/state.h"

uint64_t mem_rd_walk(struct call *c)
{
	uint64_t status;

	c->gpa = c->in[GPR_RCX];
	status = check_gpa_private(c, GPR_RCX);
	if (status)
		return status;
	sept_walk(c->m, &c->td, c->gpa, 0, &c->sept);
	if (!(SEPT_GUEST_READ & SEPT_SET(c->sept.state)))
		return sept_fail(c, TDX_EPT_ENTRY_NOT_PRESENT | GPR_RCX,
				 "GPA %x: the walk ends at level %u in state %e, there is no readable page");
	return 0;
}

static void *data_at(const struct call *c)
{
	uint64_t offset = c->in[GPR_RCX] & (PAGE_SIZE_OF(c->sept.level) - 1);

	return pa_ptr(c->m, (c->sept.value & SEPT_PA) + offset);
}

void tdh_mem_rd(struct call *c)
{
	c->regs->gpr[GPR_R8] = word_load(data_at(c), 8);
}

void tdh_mem_wr(struct call *c)
{
	c->regs->gpr[GPR_R8] = __atomic_exchange_n((uint64_t *)data_at(c), c->in[GPR_R8], __ATOMIC_SEQ_CST);
}
