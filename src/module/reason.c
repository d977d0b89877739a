// SPDX-License-Identifier: MIT
/*
 * Why a call was refused: recorded in a few stores when it happens, made a sentence (explain/reason.c) when somebody asks.
 */
#include "module/state.h"

uint64_t call_fail(struct call *c, uint64_t status, const char *rule, uint64_t v0, uint64_t v1, uint64_t v2,
		   uint64_t v3)
{
	struct explain_reason *r = &c->lp->reason;

	*r = (struct explain_reason){
		.status = status, .rule = rule, .value = { v0, v1, v2, v3 }, .tdvpr = c->guest ? 0 : c->vp.pa,
		.injected = c->lp->fault.happened ? c->lp->fault.text : NULL,
	};
	for (unsigned i = 0; i < GPR_COUNT; i++) /* what the leaf takes may be gone from the registers, and only that */
		r->operand[i] = c->leaf && c->leaf->operands & 1u << i ? c->in[i] : c->regs->gpr[i];
	r->operand[c->flags_reg] |= c->flags;
	c->lp->refused = c->leaf;
	return status;
}

size_t module_reason_format(const struct module *m, unsigned lp, char *buf, size_t len)
{
	const struct leaf *leaf = m->lp[lp].refused;
	bool guest = leaf && leaf == leaf_guest(leaf->number);

	return explain_reason(buf, len, &m->lp[lp].reason, guest ? EXPLAIN_GUEST : EXPLAIN_HOST, leaf ? leaf->number : -1);
}
