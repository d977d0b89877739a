/* SPDX-License-Identifier: MIT */
/*
 * Words of 1, 2, 4 or 8 bytes in memory that others may read and write at the same time without a
 * lock: at once where they are aligned.
 */
#ifndef SEAMLESS_PLATFORM_WORD_H
#define SEAMLESS_PLATFORM_WORD_H

#include <stdbool.h>
#include <stdint.h>

uint64_t word_load(const void *ptr, unsigned size);
void word_store(void *ptr, unsigned size, uint64_t value);
/* Atomically replaces @expected by @value. False: it was something else. */
bool word_exchange(void *ptr, unsigned size, uint64_t expected, uint64_t value);

#endif
