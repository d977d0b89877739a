/* SPDX-License-Identifier: MIT */
/*
 * Locks as the TDX module has them: 16 bits, never waited for. Shared takers count, one exclusive taker excludes all.
 *
 * A plain lock uses bit 0 for exclusive and the rest as reader count. A lock with host priority has bit 1 as well:
 * set when a host call failed on a lock that a guest held, it makes guest attempts fail until a host call succeeds.
 * A failed attempt leaves no trace but that bit.
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

#define LOCK_READER_PLAIN 2u
#define LOCK_READER_HP 4u

static inline bool lock_take_exclusive(uint16_t *lock, uint16_t ignore)
{
	uint16_t old = __atomic_load_n(lock, __ATOMIC_RELAXED);

	do {
		if (old & (uint16_t)~ignore)
			return false;
	} while (!__atomic_compare_exchange_n(lock, &old, LOCK_BIT_EXCLUSIVE, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return true;
}

static inline bool lock_take_shared(uint16_t *lock, uint16_t reader, uint16_t ignore)
{
	uint16_t old = __atomic_load_n(lock, __ATOMIC_RELAXED);
	uint16_t now;

	do {
		now = (uint16_t)((old & ~ignore) + reader);
		if (old & LOCK_BIT_EXCLUSIVE || now < reader)
			return false;
	} while (!__atomic_compare_exchange_n(lock, &old, now, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return true;
}

static inline bool lock_take(uint16_t *lock, enum lock_mode mode, uint16_t reader, uint16_t ignore)
{
	return mode == LOCK_EXCLUSIVE ? lock_take_exclusive(lock, ignore) : lock_take_shared(lock, reader, ignore);
}

static inline void lock_drop(uint16_t *lock, enum lock_mode mode, uint16_t reader)
{
	uint16_t amount = mode == LOCK_EXCLUSIVE ? LOCK_BIT_EXCLUSIVE : reader;

	__atomic_fetch_sub(lock, amount, __ATOMIC_RELEASE);
}

/* Takes the lock if that is possible at once. */
static inline bool lock_try(uint16_t *lock, enum lock_mode mode)
{
	return lock_take(lock, mode, LOCK_READER_PLAIN, 0);
}

static inline void lock_release(uint16_t *lock, enum lock_mode mode)
{
	lock_drop(lock, mode, LOCK_READER_PLAIN);
}

/* Whether any of these bits is set: of holders, or of a host call that failed on it since the last that did not. */
static inline bool lock_held(const uint16_t *lock, int bits)
{
	return __atomic_load_n(lock, __ATOMIC_SEQ_CST) & bits;
}

/* The same with host priority. A host failure sets the bit, a host success clears it; a guest fails while it is set. */
static inline bool lock_try_hp(uint16_t *lock, enum lock_mode mode, bool guest)
{
	if (guest)
		return !lock_held(lock, LOCK_BIT_HOST_PRIO) && lock_take(lock, mode, LOCK_READER_HP, 0);
	if (lock_take(lock, mode, LOCK_READER_HP, LOCK_BIT_HOST_PRIO))
		return true;
	__atomic_fetch_or(lock, LOCK_BIT_HOST_PRIO, __ATOMIC_RELAXED);
	return false;
}

static inline void lock_release_hp(uint16_t *lock, enum lock_mode mode)
{
	lock_drop(lock, mode, LOCK_READER_HP);
}

/* A lock that is one bit of a word which says more. */
static inline bool lock_try_bit(uint64_t *word, uint64_t bit)
{
	return !(__atomic_fetch_or(word, bit, __ATOMIC_ACQUIRE) & bit);
}

static inline void lock_release_bit(uint64_t *word, uint64_t bit)
{
	__atomic_fetch_and(word, ~bit, __ATOMIC_RELEASE);
}

#endif
