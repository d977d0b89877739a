/* SPDX-License-Identifier: MIT */
/* What count.c runs: one row per function, and what the module answers in RAX. The last row has no
 * name. */
#ifndef BUDGET_COUNT_H
#define BUDGET_COUNT_H

#include <stdint.h>

struct count_row {
	const char *name;
	const char *function;
	uint64_t rax;
};

extern const struct count_row count_rows[];

#endif
