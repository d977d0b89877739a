/* SPDX-License-Identifier: MIT */
/*
 * One instruction, given by its bytes, and what came of it: nothing, or an exception with its #VE
 * information. For guests that test which instructions do what.
 */
#ifndef GUEST_ATTEMPT_H
#define GUEST_ATTEMPT_H

#include "guest/guest.h"
#include "tdx/tdx.h"

#define ATTEMPT_MAX 15 /* bytes of an instruction */

/* Vectors, and what an attempt gives that raises no exception. */
enum { NMI = 2, UD = 6, DF = 8, GP = 13, PF = 14, VE = 20, NOTHING = 256 };

struct attempt {
	uint64_t rax, rbx, rcx, rdx, rdi; /* before and after; RSI is RDI */
	unsigned vector;
	uint64_t error;
	struct tdg_vp_veinfo_get_out ve; /* of a #VE */
};

/* Takes the exceptions over. */
void attempt_begin(void);

/* Executes the instruction. An exception of any other is fatal. Returns a->vector. */
unsigned attempt(struct attempt *a, const uint8_t *code, size_t size);

/* Is it a #VE of this reason and qualification, of an instruction so long, without addresses? */
bool attempt_is_ve(const struct attempt *a, uint64_t reason, uint64_t qualification, size_t size);

#endif
