// SPDX-License-Identifier: MIT
/*
 * Shared/exclusive try-locks, plain and with host priority. A failed attempt leaves no trace but the host-priority bit.
 */
#include "module/lock.h"

#define READER_PLAIN 2u
#define READER_HP 4u

static bool take(uint16_t *lock, enum lock_mode mode, uint16_t reader, uint16_t ignore)
{
	uint16_t old = __atomic_load_n(lock, __ATOMIC_RELAXED);
	uint16_t now;

	do {
		uint16_t held = old & (uint16_t)~ignore;

		if (mode == LOCK_EXCLUSIVE ? held != 0 : (held & LOCK_BIT_EXCLUSIVE) != 0)
			return false;
		if (mode == LOCK_SHARED && (uint16_t)(old + reader) < old)
			return false;
		now = (uint16_t)(mode == LOCK_EXCLUSIVE ? held | LOCK_BIT_EXCLUSIVE : held + reader);
	} while (!__atomic_compare_exchange_n(lock, &old, now, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return true;
}

static void drop(uint16_t *lock, enum lock_mode mode, uint16_t reader)
{
	uint16_t amount = mode == LOCK_EXCLUSIVE ? LOCK_BIT_EXCLUSIVE : reader;

	__atomic_fetch_sub(lock, amount, __ATOMIC_RELEASE);
}

bool lock_try(uint16_t *lock, enum lock_mode mode)
{
	return mode == LOCK_NONE || take(lock, mode, READER_PLAIN, 0);
}

void lock_release(uint16_t *lock, enum lock_mode mode)
{
	if (mode != LOCK_NONE)
		drop(lock, mode, READER_PLAIN);
}

bool lock_try_hp(uint16_t *lock, enum lock_mode mode, bool guest)
{
	if (mode == LOCK_NONE)
		return true;
	if (guest) {
		if (__atomic_load_n(lock, __ATOMIC_RELAXED) & LOCK_BIT_HOST_PRIO)
			return false;
		return take(lock, mode, READER_HP, 0);
	}
	if (take(lock, mode, READER_HP, LOCK_BIT_HOST_PRIO))
		return true;
	__atomic_fetch_or(lock, LOCK_BIT_HOST_PRIO, __ATOMIC_RELAXED);
	return false;
}

void lock_release_hp(uint16_t *lock, enum lock_mode mode)
{
	if (mode != LOCK_NONE)
		drop(lock, mode, READER_HP);
}

bool lock_try_bit(uint64_t *word, uint64_t bit)
{
	return !(__atomic_fetch_or(word, bit, __ATOMIC_ACQUIRE) & bit);
}

void lock_release_bit(uint64_t *word, uint64_t bit)
{
	__atomic_fetch_and(word, ~bit, __ATOMIC_RELEASE);
}
