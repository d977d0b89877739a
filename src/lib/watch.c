// SPDX-License-Identifier: MIT
/*
 * Host writes that no call of the library makes: by a process that maps the memory, or through a
 * seamless_shared() pointer. They are found by comparing shared pages with a copy of what they
 * held.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/machine_impl.h"
#include "platform/sparse.h"

#define PAGE 4096u
#define WORD 8u

struct lib_watch {
	pthread_mutex_t lock;
	uint8_t *copy;	 /* of all memory; takes no space until written */
	uint64_t *given; /* pages that were given out by pointer, a bit each */
	uint64_t pages;
};

void lib_unwatch(struct seamless_machine *m)
{
	struct lib_watch *w = m->watch;

	if (!w)
		return;
	if (w->copy)
		munmap(w->copy, w->pages * PAGE);
	if (w->given)
		munmap(w->given, page_set_size(w->pages));
	pthread_mutex_destroy(&w->lock);
	free(w);
	m->watch = NULL;
}

bool seamless_watch_memory(struct seamless_machine *m)
{
	struct lib_watch *w;

	if (m->watch)
		return true;
	w = calloc(1, sizeof(*w));
	if (!w)
		return false;
	pthread_mutex_init(&w->lock, NULL);
	w->pages = seamless_memory_size(m) / PAGE;
	m->watch = w;
	w->copy = sparse_map(w->pages * PAGE);
	w->given = sparse_map(page_set_size(w->pages));
	if (w->copy && w->given)
		return true;
	lib_unwatch(m);
	return false;
}

void lib_watch_given(struct seamless_machine *m, uint64_t pa, uint64_t len)
{
	struct lib_watch *w = m->watch;

	if (!w || !len)
		return;
	pthread_mutex_lock(&w->lock);
	for (uint64_t page = pa / PAGE; page <= (pa + len - 1) / PAGE; page++)
		page_set_add(w->given, page);
	pthread_mutex_unlock(&w->lock);
}

void lib_watch_written(struct seamless_machine *m, uint64_t pa, uint64_t len)
{
	struct lib_watch *w = m->watch;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	memcpy(w->copy + pa, m->platform->mem.base + pa, len);
	pthread_mutex_unlock(&w->lock);
}

void lib_watch_zero(struct seamless_machine *m)
{
	struct lib_watch *w = m->watch;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	madvise(w->copy, w->pages * PAGE, MADV_DONTNEED);
	pthread_mutex_unlock(&w->lock);
}

/* From the first word that differs to the last one. Copied first: what is told stays what was seen.
 */
static void tell_difference(struct seamless_machine *m, uint64_t page, const uint8_t *now)
{
	uint8_t *copy = m->watch->copy + page;
	uint64_t from = 0, to = PAGE;

	while (!memcmp(copy + from, now + from, WORD))
		from += WORD;
	while (!memcmp(copy + to - WORD, now + to - WORD, WORD))
		to -= WORD;
	memcpy(copy + from, now + from, to - from);
	lib_tell(m, &(struct seamless_event){ .kind = SEAMLESS_EVENT_WRITE,
					      .pa = page + from,
					      .len = to - from,
					      .data = copy + from });
}

/* The page may change meanwhile: it is looked at once. */
static void look_at(struct seamless_machine *m, uint64_t page)
{
	uint8_t now[PAGE];

	if (module_owns_page(m->module, page))
		return;
	memcpy(now, m->platform->mem.base + page, PAGE);
	if (memcmp(m->watch->copy + page, now, PAGE) != 0)
		tell_difference(m, page, now);
}

/* Pages of the file that were ever written. */
static void look_at_file(struct seamless_machine *m, int fd)
{
	uint64_t at, end = 0;

	while (sparse_next_written(fd, &at, &end)) {
		for (; at < end; at += PAGE)
			look_at(m, at);
	}
}

static void look_at_given(struct seamless_machine *m)
{
	const struct lib_watch *w = m->watch;

	for (uint64_t at = 0; (at = page_set_next(w->given, at, w->pages)) < w->pages; at++)
		look_at(m, at * PAGE);
}

void lib_watch_look(struct seamless_machine *m)
{
	int fd = m->platform->mem.fd;

	pthread_mutex_lock(&m->watch->lock);
	if (fd >= 0)
		look_at_file(m, fd);
	else
		look_at_given(m);
	pthread_mutex_unlock(&m->watch->lock);
}
