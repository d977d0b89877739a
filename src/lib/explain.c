// SPDX-License-Identifier: MIT
/*
 * Calls and statuses in words: the tables, in the library's terms.
 */
#include "seamless/explain.h"

#include "explain/explain.h"

static enum explain_side side(bool guest)
{
	return guest ? EXPLAIN_GUEST : EXPLAIN_HOST;
}

static uint16_t number(uint64_t rax)
{
	return (uint16_t)rax;
}

const char *seamless_leaf_name(bool guest, uint64_t rax)
{
	return explain_leaf_name(side(guest), number(rax));
}

size_t seamless_status_text(bool guest, uint64_t rax, uint64_t status, char *buf, size_t len)
{
	return explain_status_text(buf, len, status, side(guest), number(rax));
}

size_t seamless_call_text(bool guest, const struct seamless_regs *in,
			  const struct seamless_regs *out, char *buf, size_t len)
{
	return out ? explain_call(buf, len, side(guest), in->gpr, out->gpr)
		   : explain_call_in(buf, len, side(guest), in->gpr);
}
