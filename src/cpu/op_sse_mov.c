// SPDX-License-Identifier: MIT
/*
 * SSE data movement.
 */
#include "cpu/decode.h"

bool emit_sse_dword(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)d;
	(void)op;
	(void)insn;
	return false;
}
