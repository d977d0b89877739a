/* SPDX-License-Identifier: MIT */
/* Which statuses a fault may give a leaf. */
#ifndef FAULT_STATUS_H
#define FAULT_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gen/leaves.h"

/* The leaf of a call, NULL: none that module 1.5.01 has. */
const struct leaf_desc *fault_leaf(bool guest, uint64_t rax);

/* Whether a fault may give it: the leaf's table has it, and it refuses the call instead of ending a
 * guest's run. */
bool fault_status_fits(const struct leaf_desc *leaf, uint64_t status, bool any_detail);

/* The status with the detail that the leaf's table lists first. */
uint64_t fault_status_first(const struct leaf_desc *leaf, uint64_t code);

/* "OPERAND_BUSY(RCX, TDR), RND_NO_ENTROPY ...": all that fit. As snprintf. */
size_t fault_status_list(const struct leaf_desc *leaf, char *buf, size_t size);

/* "OPERAND_BUSY(RCX)", or without the detail. As snprintf. */
size_t fault_status_text(uint64_t status, bool with_detail, char *buf, size_t size);

/* NAME or NAME(DETAIL), the detail an operand's name or a number. False, with a sentence in err. */
bool fault_status_parse(const char *text, uint64_t *status, bool *any_detail, char *err,
			size_t size);

#endif
