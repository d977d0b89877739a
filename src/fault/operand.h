/* SPDX-License-Identifier: MIT */
/* The objects of a call that a rule's conditions name. */
#ifndef FAULT_OPERAND_H
#define FAULT_OPERAND_H

#include "fault/rule.h"
#include "gen/leaves.h"

/* What the name of a condition stands for; a name that is no word of its own is an operand's. */
void fault_object_named(struct fault_condition *condition, const char *name);

/* Whether calls of the leaf have that object at all. */
bool fault_has_object(const struct leaf_desc *leaf, const struct fault_condition *condition);

/* Whether the call's object is in the condition's range. */
bool fault_object_fits(const struct leaf_desc *leaf, const struct fault_call *call,
		       const struct fault_condition *condition);

#endif
