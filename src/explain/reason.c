// SPDX-License-Identifier: MIT
/*
 * Why a call was refused, as a sentence: from the rule that the module recorded and the values that
 * it saw.
 */
#include "explain/explain.h"
#include "explain/text.h"
#include "gen/leaves.h"
#include "tdx/status.h"

#include <stdio.h>

#define NUM_REGS     16u
#define REG_BIT(reg) (1u << (reg))

#define FATAL (1ull << TDX_STATUS_FATAL_BIT) /* which some leaves add */

static const char *value_text(char kind, uint64_t v, char *num, size_t len)
{
	switch (kind) {
	case 'x': snprintf(num, len, "0x%llx", (unsigned long long)v); return num;
	case 'u': snprintf(num, len, "%llu", (unsigned long long)v); return num;
	case 's': return (const char *)(uintptr_t)v;
	case 't': return page_type_name((unsigned)v);
	case 'e': return sept_state_name((unsigned)v);
	case 'o': return op_state_name((unsigned)v);
	case 'l': return td_lifecycle_name((unsigned)v);
	case 'v': return vcpu_state_name((unsigned)v);
	default: return "?";
	}
}

static void put_rule(struct text *t, const struct explain_reason *r)
{
	const uint64_t *v = r->value;
	char num[32];

	for (const char *p = r->rule; *p; p++) {
		if (*p == '%' && p[1] && v < r->value + 4)
			text_add(t, "%s", value_text(*++p, *v++, num, sizeof(num)));
		else
			text_put(t, *p);
	}
}

/* 0, RAX, is an operand only where the leaf itself is wrong. */
static bool names_register(uint64_t status)
{
	const struct status_desc *desc = status_by_code(TDX_STATUS_CODE(status & ~FATAL));
	uint64_t detail = TDX_STATUS_DETAIL(status);

	return desc && desc->detail == DETAIL_OPERAND && detail < NUM_REGS &&
	       (detail || desc->code == TDX_OPERAND_INVALID);
}

/* The registers that a status is about, a bit each. */
static unsigned registers_of(uint64_t status)
{
	switch (TDX_STATUS_CODE(status & ~FATAL)) {
	case TDX_METADATA_FIELD_ID_INCORRECT:
	case TDX_METADATA_FIELD_NOT_READABLE:
	case TDX_METADATA_FIELD_NOT_WRITABLE: return REG_BIT(REG_RDX);
	case TDX_METADATA_FIELD_VALUE_NOT_VALID: return REG_BIT(REG_RDX) | REG_BIT(REG_R9);
	case TDX_TARGET_UUID_MISMATCH: return REG_BIT(REG_RCX);
	case TDX_INVALID_RESUMPTION:
	case TDX_MIGRATION_STREAM_STATE_INCORRECT: return REG_BIT(REG_R10);
	default: return names_register(status) ? 1u << TDX_STATUS_DETAIL(status) : 0;
	}
}

static bool tells(const struct explain_reason *r, uint64_t value)
{
	return value && (r->value[0] == value || r->value[1] == value || r->value[2] == value ||
			 r->value[3] == value);
}

static void put_named(struct text *t, const struct explain_reason *r, const char *name,
		      uint64_t value)
{
	if (!tells(r, value))
		text_add(t, " (%s 0x%llx)", name, (unsigned long long)value);
}

/* What was passed, where the rule does not tell it as it was. */
static void put_operands(struct text *t, const struct explain_reason *r)
{
	unsigned regs = registers_of(r->status);

	if (!TDX_STATUS_ERROR(r->status))
		return;
	for (unsigned i = 0; i < NUM_REGS; i++) {
		if (regs & 1u << i)
			put_named(t, r, explain_reg_name(i), r->operand[i]);
	}
	if (!regs && r->tdvpr)
		put_named(t, r, "TDVPR", r->tdvpr);
}

size_t explain_reason(char *buf, size_t size, const struct explain_reason *r,
		      enum explain_side side, int leaf)
{
	struct text t = text_start(buf, size);
	char status[80];

	if (!r->rule)
		return 0;
	explain_status_text(status, sizeof(status), r->status, side, leaf);
	text_add(&t, "%s: %s: ", leaf < 0 ? "call" : explain_leaf_name(side, (uint32_t)leaf),
		 status);
	if (r->injected)
		text_add(&t, "injected by \"%s\": ", r->injected);
	put_rule(&t, r);
	if (leaf >= 0)
		put_operands(&t, r);
	return t.len;
}
