// SPDX-License-Identifier: MIT
/*
 * Words of 1, 2, 4 or 8 bytes.
 */
#include "platform/word.h"

#include <string.h>

uint64_t word_load(const void *ptr, unsigned size)
{
	uint64_t value = 0;

	switch ((uintptr_t)ptr % size ? 0 : size) {
	case 1: return __atomic_load_n((const uint8_t *)ptr, __ATOMIC_RELAXED);
	case 2: return __atomic_load_n((const uint16_t *)ptr, __ATOMIC_RELAXED);
	case 4: return __atomic_load_n((const uint32_t *)ptr, __ATOMIC_RELAXED);
	case 8: return __atomic_load_n((const uint64_t *)ptr, __ATOMIC_RELAXED);
	default: memcpy(&value, ptr, size);
	}
	return value;
}

void word_store(void *ptr, unsigned size, uint64_t value)
{
	switch ((uintptr_t)ptr % size ? 0 : size) {
	case 1: __atomic_store_n((uint8_t *)ptr, (uint8_t)value, __ATOMIC_RELAXED); break;
	case 2: __atomic_store_n((uint16_t *)ptr, (uint16_t)value, __ATOMIC_RELAXED); break;
	case 4: __atomic_store_n((uint32_t *)ptr, (uint32_t)value, __ATOMIC_RELAXED); break;
	case 8: __atomic_store_n((uint64_t *)ptr, value, __ATOMIC_RELAXED); break;
	default: memcpy(ptr, &value, size);
	}
}

bool word_exchange(void *ptr, unsigned size, uint64_t expected, uint64_t value)
{
	switch (size) {
	case 1:
		return __sync_bool_compare_and_swap((uint8_t *)ptr, (uint8_t)expected,
						    (uint8_t)value);
	case 2:
		return __sync_bool_compare_and_swap((uint16_t *)ptr, (uint16_t)expected,
						    (uint16_t)value);
	case 4:
		return __sync_bool_compare_and_swap((uint32_t *)ptr, (uint32_t)expected,
						    (uint32_t)value);
	default: return __sync_bool_compare_and_swap((uint64_t *)ptr, expected, value);
	}
}
