/* SPDX-License-Identifier: MIT */
/* The rest of a fuzzer's input, and what it does to a machine brought up by stage.c. */
#ifndef FUZZ_SEAMCALL_OPERATIONS_H
#define FUZZ_SEAMCALL_OPERATIONS_H

#include <stddef.h>
#include <stdint.h>

#include "bring_up.h"

struct input {
	const uint8_t *at;
	size_t left;
};

/* A number of so many bytes; what is missing at the end is 0. */
uint64_t input_take(struct input *in, size_t bytes);
/* Mostly something that makes sense somewhere, sometimes any number. */
uint64_t input_operand(struct input *in);

/*
 * Each a leaf with structured operands, a TDCALL or another VM exit of a running guest, or
 * something the host does beside. Aborts when an answer is impossible.
 */
void operations_run(struct input *in, struct seamless_machine *m);

#endif
