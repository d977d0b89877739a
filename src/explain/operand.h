/* SPDX-License-Identifier: MIT */
/*
 * Prints operands by type.
 */
#ifndef EXPLAIN_OPERAND_H
#define EXPLAIN_OPERAND_H

#include <stdint.h>

#include "explain/text.h"
#include "gen/leaves.h"

/* "gpa=0x1000, level=0": name and value; separator stands between the parts of one register. */
void operand_add(struct text *t, const struct leaf_operand *op, uint64_t value,
		 const char *separator);

#endif
