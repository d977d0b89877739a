/* SPDX-License-Identifier: MIT */
/* What a sentence of the module says about a value. */
#ifndef CONFORMANCE_NAMING_H
#define CONFORMANCE_NAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sentence without "LEAF: STATUS(DETAIL): ". */
const char *naming_rule(const char *sentence);

/*
 * Whether a number in the sentence is the value `now`, or a field of it (its bits A to B, in place
 * or shifted down) that read otherwise in `before`.
 */
bool naming_names(const char *sentence, uint64_t now, uint64_t before);

/* The sentence with every number as '#'. */
void naming_blank(const char *sentence, char *blanked, size_t len);

/* Which statuses a blanked sentence came with. False: it comes with one of another code than
 * before. */
bool naming_own(const char *blanked, uint64_t status, uint64_t *other);

#endif
