// SPDX-License-Identifier: MIT
/*
 * The recording transport: see recorder.h.
 */
#include "recorder.h"

#include <string.h>

#define VOLATILE_REGS 0x0F06

struct recorder recorder;

void recorder_reset(uint16_t mask)
{
	memset(&recorder, 0, sizeof(recorder));
	recorder.answer_mask = (uint16_t)(mask | VOLATILE_REGS);
	for (unsigned reg = 1; reg < 16; reg++)
		recorder.answer.gpr[reg] = RECORDER_ANSWER(reg);
}

static void answer(struct seamless_regs *regs)
{
	unsigned call = recorder.seamcalls + recorder.tdcalls - 1;

	recorder.seen = *regs;
	if (call < RECORDER_SCRIPT)
		recorder.history[call] = *regs;
	regs->gpr[GPR_RAX] =
		call < recorder.num_scripted ? recorder.script[call] : recorder.answer.gpr[GPR_RAX];
	for (unsigned reg = 1; reg < 16; reg++) {
		if (recorder.answer_mask & (1u << reg))
			regs->gpr[reg] = recorder.answer.gpr[reg];
	}
}

void seamless_transport_seamcall(struct seamless_regs *regs)
{
	recorder.seamcalls++;
	answer(regs);
}

void seamless_transport_tdcall(struct seamless_regs *regs)
{
	recorder.tdcalls++;
	answer(regs);
}
