/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail on demand. A program that links allocations.c with the options that
 * meson.build lists (-Wl,--wrap=...) counts what the code in it asks for: memory, mappings, files,
 * and threads. What shared libraries ask for by themselves is not counted and does not fail. One of
 * them, or that and all later ones, fails as it does when there is no memory left.
 */
#ifndef TESTS_FAULT_ALLOCATIONS_H
#define TESTS_FAULT_ALLOCATIONS_H

#include <stdbool.h>
#include <stddef.h>

/* From now on they are counted from 1; the nth fails (0: none), and all later ones too. */
void allocations_fail(unsigned long nth, bool later_too);

/* Asked for since. */
unsigned long allocations_made(void);

/* Given and not given back. */
size_t allocations_live(void);

#endif
