/* SPDX-License-Identifier: MIT */
/*
 * The parts of the #VE guest.
 */
#ifndef GUEST_VE_H
#define GUEST_VE_H

#include <stdbool.h>
#include <stdint.h>

/* Ends the guest, as a failure, when it is not right; `which` is printed then. */
void ve_expect(bool right, const char *what, uint64_t which);

/* RDMSR and WRMSR: which registers the guest has, which are #GP and which #VE. */
void ve_msrs(void);

#endif
