// SPDX-License-Identifier: MIT
/*
 * A fault rule, then calls that it is asked about. What is taken must be a rule again as a strike
 * tells it; what is not must be told in a sentence.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fault/rule.h"

#define CALLS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(int condition)
{
	if (!condition)
		abort();
}

static void struck(const struct fault_rule *rule, const struct fault_call *call)
{
	struct fault_rule again;
	char text[FAULT_TEXT_MAX + 1], err[1000];
	size_t len = fault_rule_strike_text(rule, call, text, sizeof(text));

	hold(len == strlen(text));
	hold(fault_rule_parse(&again, text, len, err, sizeof(err)));
	hold(again.status == rule->status && again.looks == rule->looks);
	hold(fault_rule_strikes(&again, call));
	hold(fault_rule_status(&again, call) == fault_rule_status(rule, call));
}

static void ask(struct fault_rule *rule, unsigned n)
{
	uint64_t gpr[16];
	const struct fault_call call = {
		.guest = n % 4 == 3, .gpr = gpr, .lp = n % 2, .td = n << 12, .vcpu = n << 13
	};

	for (unsigned i = 0; i < 16; i++)
		gpr[i] = (uint64_t)n << i;
	gpr[0] = n;
	if (!fault_rule_strikes(rule, &call))
		return;
	rule->happened++;
	struck(rule, &call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault_rule rule;
	char err[1000];

	err[0] = 1;
	if (!fault_rule_parse(&rule, (const char *)data, size, err, sizeof(err))) {
		hold(err[0] && strlen(err) > 3);
		return 0;
	}
	hold(!err[0]);
	for (unsigned n = 0; n < CALLS; n++)
		ask(&rule, n);
	return 0;
}
