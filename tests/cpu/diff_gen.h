/* SPDX-License-Identifier: MIT */
/*
 * Random instruction sequences for the differential test.
 */
#ifndef TESTS_CPU_DIFF_GEN_H
#define TESTS_CPU_DIFF_GEN_H

#include "diff_forms.h"

#define DIFF_CODE_SIZE 4096u
#define DIFF_DATA_SIZE 8192u
#define DIFF_STACK     7168u /* offset of the initial RSP in the data */

struct diff_gen {
	uint64_t random; /* state of the generator, never 0 */
	uint8_t *code;	 /* where the code will run */
	uint8_t *data;	 /* what its memory operands may touch */
	unsigned len;	 /* bytes emitted */
};

uint64_t diff_random(struct diff_gen *g);
/* A value that is likely to be an edge case. */
uint64_t diff_value(struct diff_gen *g);
/* Appends one instruction of the form, with what it needs before and after. */
void diff_emit(struct diff_gen *g, const struct diff_form *form);

#endif
