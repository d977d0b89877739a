// SPDX-License-Identifier: MIT
/*
 * Which pages of a sparse mapping were ever touched, so that the others need not be read.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "platform/memory.h"
#include "platform/sparse.h"

#define CHUNK	4096u			  /* entries of the page map read at once */
#define PRESENT (1ull << 63 | 1ull << 62) /* in memory, or swapped out */

static void mark_all(uint64_t *map, uint64_t first, uint64_t end)
{
	for (uint64_t page = first; page < end; page++)
		page_set_add(map, page);
}

bool sparse_next_written(int fd, uint64_t *from, uint64_t *end)
{
	off_t at = lseek(fd, (off_t)*end, SEEK_DATA);

	if (at < 0)
		return false;
	*from = (uint64_t)at;
	*end = (uint64_t)lseek(fd, at, SEEK_HOLE);
	return true;
}

static void from_file(uint64_t *map, int fd)
{
	uint64_t from, end = 0;

	while (sparse_next_written(fd, &from, &end))
		mark_all(map, from / MEM_PAGE, (end + MEM_PAGE - 1) / MEM_PAGE);
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
				page_set_add(map, at + i);
		}
	}
}

uint64_t *sparse_touched(const void *base, uint64_t pages, int file)
{
	uint64_t *map = calloc(1, page_set_size(pages));
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
