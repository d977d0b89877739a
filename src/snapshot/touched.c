// SPDX-License-Identifier: MIT
/*
 * Which pages of a sparse mapping were ever touched, as the kernel knows it, so that the others
 * need not be read.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "snapshot/internal.h"

#define WORD_BITS 64u
#define CHUNK	  4096u			    /* entries of the page map read at once */
#define PRESENT	  (1ull << 63 | 1ull << 62) /* in memory, or swapped out */

static void mark(uint64_t *map, uint64_t page)
{
	map[page / WORD_BITS] |= 1ull << page % WORD_BITS;
}

static void mark_all(uint64_t *map, uint64_t first, uint64_t end)
{
	for (uint64_t page = first; page < end; page++)
		mark(map, page);
}

/* Pages of the file that were ever written. */
static void from_file(uint64_t *map, int fd)
{
	off_t end = 0;

	for (off_t at = lseek(fd, 0, SEEK_DATA); at >= 0; at = lseek(fd, end, SEEK_DATA)) {
		end = lseek(fd, at, SEEK_HOLE);
		mark_all(map, (uint64_t)at / MEM_PAGE, ((uint64_t)end + MEM_PAGE - 1) / MEM_PAGE);
	}
}

/* What the kernel does not tell of is taken for touched. */
static void from_page_map(uint64_t *map, const void *base, uint64_t pages, int fd)
{
	uint64_t entry[CHUNK];

	for (uint64_t at = 0; at < pages; at += CHUNK) {
		size_t n = pages - at < CHUNK ? pages - at : CHUNK;
		off_t offset = (off_t)(((uintptr_t)base / MEM_PAGE + at) * sizeof(*entry));
		ssize_t want = (ssize_t)(n * sizeof(*entry));

		if (fd < 0 || pread(fd, entry, (size_t)want, offset) != want) {
			mark_all(map, at, pages);
			return;
		}
		for (size_t i = 0; i < n; i++) {
			if (entry[i] & PRESENT)
				mark(map, at + i);
		}
	}
}

uint64_t *touched_pages(const void *base, uint64_t pages, int file)
{
	uint64_t *map = calloc((pages + WORD_BITS - 1) / WORD_BITS, sizeof(*map));
	int fd;

	if (!map)
		return NULL;
	if (file >= 0) {
		from_file(map, file);
		return map;
	}
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	from_page_map(map, base, pages, fd);
	if (fd >= 0)
		close(fd);
	return map;
}

uint64_t touched_next(const uint64_t *map, uint64_t page, uint64_t pages)
{
	while (page < pages) {
		uint64_t rest = map[page / WORD_BITS] >> page % WORD_BITS;

		if (rest)
			return page + (unsigned)__builtin_ctzll(rest);
		page = (page / WORD_BITS + 1) * WORD_BITS;
	}
	return pages;
}

void touched_clear(uint64_t *map, uint64_t page)
{
	map[page / WORD_BITS] &= ~(1ull << page % WORD_BITS);
}
