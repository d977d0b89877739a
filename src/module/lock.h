/* SPDX-License-Identifier: MIT */
/*
 * Locks as the TDX module has them: 16 bits, never waited for. Shared takers count, one exclusive taker excludes all.
 *
 * A plain lock uses bit 0 for exclusive and the rest as reader count. A lock with host priority has bit 1 as well:
 * set when a host call failed on a lock that a guest held, it makes guest attempts fail until a host call succeeds.
 */
#ifndef SEAMLESS_MODULE_LOCK_H
#define SEAMLESS_MODULE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

enum lock_mode {
	LOCK_NONE,
	LOCK_SHARED,
	LOCK_EXCLUSIVE,
};

#define LOCK_BIT_EXCLUSIVE 0x1
#define LOCK_BIT_HOST_PRIO 0x2

/* Takes the lock if that is possible at once. */
bool lock_try(uint16_t *lock, enum lock_mode mode);
void lock_release(uint16_t *lock, enum lock_mode mode);

/* A lock that is one bit of a word which says more. */
bool lock_try_bit(uint64_t *word, uint64_t bit);
void lock_release_bit(uint64_t *word, uint64_t bit);

/* The same with host priority. A host failure sets the bit, a host success clears it; a guest fails while it is set. */
bool lock_try_hp(uint16_t *lock, enum lock_mode mode, bool guest);
void lock_release_hp(uint16_t *lock, enum lock_mode mode);

#endif
