// SPDX-License-Identifier: MIT
/*
 * When a rule strikes.
 */
#include <stdio.h>
#include <string.h>

#include "fault/operand.h"
#include "fault/rule.h"
#include "fault/status.h"

/* The next of a sequence of 53-bit numbers (SplitMix64). */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (z ^ z >> 31) >> 11;
}

static bool fits(const struct fault_rule *rule, const struct fault_call *call)
{
	const struct leaf_desc *leaf = fault_leaf(call->guest, call->gpr[0]);

	if (!leaf || !fault_rule_applies(rule, (size_t)(leaf - leaf_table)))
		return false;
	if (rule->lp >= 0 && (unsigned)rule->lp != call->lp)
		return false;
	for (unsigned i = 0; i < rule->conditions; i++) {
		if (!fault_object_fits(leaf, call, &rule->condition[i]))
			return false;
	}
	return true;
}

bool fault_rule_strikes(struct fault_rule *rule, const struct fault_call *call)
{
	if (!fits(rule, call))
		return false;
	rule->seen++;
	if ((rule->nth && rule->seen != rule->nth) || (rule->from && rule->seen < rule->from) ||
	    (rule->every && rule->seen % rule->every) ||
	    (rule->times && rule->happened >= rule->times))
		return false;
	return !rule->chance || next_random(&rule->random) < rule->chance;
}

uint64_t fault_rule_status(const struct fault_rule *rule, const struct fault_call *call)
{
	return rule->any_detail
		       ? fault_status_first(fault_leaf(call->guest, call->gpr[0]), rule->status)
		       : rule->status;
}

size_t fault_rule_strike_text(const struct fault_rule *rule, const struct fault_call *call,
			      char *buf, size_t size)
{
	const struct leaf_desc *leaf = fault_leaf(call->guest, call->gpr[0]);
	char status[80], look[24] = "";

	fault_status_text(rule->status, !rule->any_detail, status, sizeof(status));
	if (rule->looks)
		snprintf(look, sizeof(look), " look=%u", rule->looks + 1);
	return (size_t)snprintf(buf, size, "%s %s%s", leaf->name, status, look);
}

size_t fault_chance(bool guest, uint64_t rax, unsigned n, char *buf, size_t size)
{
	const struct leaf_desc *leaf = fault_leaf(guest, rax);

	if (size)
		buf[0] = 0;
	if (!leaf)
		return 0;
	for (unsigned i = 0; i < leaf->num_statuses; i++) {
		const struct leaf_status *s = &leaf->statuses[i];
		const struct status_desc *desc = status_by_code(s->code);

		if (!desc || desc->cause == CAUSE_NONE || !fault_status_fits(leaf, s->code, true))
			continue;
		if (!n--)
			return fault_status_text(s->code | s->id, s->detail == DETAIL_OPERAND, buf,
						 size);
	}
	if (guest && leaf->resume && !n)
		return (size_t)snprintf(buf, size, "INTERRUPTED_RESUMABLE");
	return 0;
}
