/* SPDX-License-Identifier: MIT */
/*
 * Look-ups in the generated tables.
 */
#ifndef EXPLAIN_TABLES_H
#define EXPLAIN_TABLES_H

#include "explain/explain.h"
#include "gen/leaves.h"

/* The name of a number, or NULL. */
const char *number_name(const struct named_number *table, size_t len, uint32_t number);

/* The descriptor of a leaf, or NULL. */
const struct leaf_desc *leaf_desc_of(enum explain_side side, uint32_t number);

#endif
