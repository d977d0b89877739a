// SPDX-License-Identifier: MIT
/*
 * TDs, vCPUs, pages and other operands of a call.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "explain/explain.h"
#include "fault/operand.h"

#define ADDRESS 0x000ffffffffff000ull

static bool is_page(unsigned type)
{
	switch (type) {
	case OPERAND_TYPE_TDR_PA:
	case OPERAND_TYPE_TDR_FLAG:
	case OPERAND_TYPE_TDVPR_PA:
	case OPERAND_TYPE_VP_ENTER_RCX:
	case OPERAND_TYPE_PRIVATE_PA:
	case OPERAND_TYPE_PAGE_OR_NULL:
	case OPERAND_TYPE_KEYED_PA: return true;
	default: return false;
	}
}

static bool is_gpa(unsigned type)
{
	switch (type) {
	case OPERAND_TYPE_GPA_LEVEL:
	case OPERAND_TYPE_GPA_4K:
	case OPERAND_TYPE_GPA:
	case OPERAND_TYPE_GPA_RAW:
	case OPERAND_TYPE_GPA_REPORT_DATA:
	case OPERAND_TYPE_GPA_RESPONSE:
	case OPERAND_TYPE_GPA_LEVEL_PENDING: return true;
	default: return false;
	}
}

void fault_object_named(struct fault_condition *condition, const char *name)
{
	static const struct {
		const char *name;
		enum fault_object object;
	} words[] = { { "td", FAULT_TD },
		      { "vcpu", FAULT_VCPU },
		      { "page", FAULT_PAGE },
		      { "gpa", FAULT_GPA } };
	int reg = explain_reg_index(name);

	snprintf(condition->name, sizeof(condition->name), "%s", name);
	condition->object = reg < 0 ? FAULT_OPERAND : FAULT_REGISTER;
	condition->reg = (unsigned)reg;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcasecmp(words[i].name, name))
			condition->object = words[i].object;
	}
}

/* An operand that the condition is about. */
static bool is_meant(const struct leaf_operand *o, const struct fault_condition *condition)
{
	switch (condition->object) {
	case FAULT_PAGE: return is_page(o->type);
	case FAULT_GPA: return is_gpa(o->type);
	case FAULT_OPERAND: return !strcasecmp(o->name, condition->name);
	case FAULT_VCPU:
		return o->type == OPERAND_TYPE_TDVPR_PA || o->type == OPERAND_TYPE_VP_ENTER_RCX;
	case FAULT_TD:
		return o->type == OPERAND_TYPE_TDR_PA || o->type == OPERAND_TYPE_TDR_FLAG ||
		       o->type == OPERAND_TYPE_TDVPR_PA || o->type == OPERAND_TYPE_VP_ENTER_RCX;
	case FAULT_REGISTER: return o->reg == condition->reg;
	}
	return false;
}

bool fault_has_object(const struct leaf_desc *leaf, const struct fault_condition *condition)
{
	if (leaf->cls == LEAF_GUEST &&
	    (condition->object == FAULT_TD || condition->object == FAULT_VCPU))
		return true;
	for (unsigned i = 0; i < leaf->num_ins; i++) {
		if (is_meant(&leaf->ins[i], condition))
			return true;
	}
	return false;
}

static bool within(uint64_t value, const struct fault_condition *condition)
{
	return value >= condition->from && value <= condition->to;
}

bool fault_object_fits(const struct leaf_desc *leaf, const struct fault_call *call,
		       const struct fault_condition *condition)
{
	bool address = condition->object == FAULT_PAGE || condition->object == FAULT_GPA;

	if (condition->object == FAULT_TD)
		return call->td && within(call->td, condition);
	if (condition->object == FAULT_VCPU)
		return call->vcpu && within(call->vcpu, condition);
	for (unsigned i = 0; i < leaf->num_ins; i++) {
		uint64_t value = call->gpr[leaf->ins[i].reg];

		if (is_meant(&leaf->ins[i], condition) &&
		    within(address ? value & ADDRESS : value, condition))
			return true;
	}
	return false;
}
