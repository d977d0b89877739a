/* SPDX-License-Identifier: MIT */
/*
 * Sparse memory: mappings that take no space until they are written, which of their pages were, and
 * sets of pages.
 */
#ifndef PLATFORM_SPARSE_H
#define PLATFORM_SPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

/* Zeros, or NULL without address space. */
static inline void *sparse_map(uint64_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/*
 * The next part of a file that was ever written, in bytes, after the one that ends at *end (0: the
 * first). False: there is none.
 */
bool sparse_next_written(int fd, uint64_t *from, uint64_t *end);

/*
 * Pages of a mapping, behind `file` or none (-1), that may hold more than zeros, as the kernel
 * knows it: a set to be freed; NULL without memory.
 */
uint64_t *sparse_touched(const void *base, uint64_t pages, int file);

/* ---- sets of pages, by number: a bit each ---- */

#define PAGE_SET_BITS 64u

/* Of a set, in bytes. */
static inline uint64_t page_set_size(uint64_t pages)
{
	return (pages + PAGE_SET_BITS - 1) / PAGE_SET_BITS * sizeof(uint64_t);
}

static inline void page_set_add(uint64_t *set, uint64_t page)
{
	set[page / PAGE_SET_BITS] |= 1ull << page % PAGE_SET_BITS;
}

static inline void page_set_remove(uint64_t *set, uint64_t page)
{
	set[page / PAGE_SET_BITS] &= ~(1ull << page % PAGE_SET_BITS);
}

/* The first of them at or after `page`; `pages` if there is none. */
static inline uint64_t page_set_next(const uint64_t *set, uint64_t page, uint64_t pages)
{
	while (page < pages) {
		uint64_t rest = set[page / PAGE_SET_BITS] >> page % PAGE_SET_BITS;

		if (rest)
			return page + (unsigned)__builtin_ctzll(rest);
		page = (page / PAGE_SET_BITS + 1) * PAGE_SET_BITS;
	}
	return pages;
}

#endif
