/* SPDX-License-Identifier: MIT */
/*
 * Cases of the call layer that are compiled several times from the same source: over the software
 * transport, as a program with the real instructions, and in a kernel. A file that brings the
 * surroundings runs them and reports by name.
 */
#ifndef TESTS_TDX_COMMON_CASES_H
#define TESTS_TDX_COMMON_CASES_H

#include "tdx/tdx.h"

/* A call that never reaches a module: SEAMCALL faults or sets the carry flag. */
struct refused_case {
	const char *name;
	/* Is all as it must be, when `expected` is the status of the software class? */
	int (*right)(tdx_u64 expected);
};

extern const struct refused_case refused_cases[];
extern const unsigned int num_refused_cases;

#endif
