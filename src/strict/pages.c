// SPDX-License-Identifier: MIT
/*
 * The records of pages, found by address, and their histories.
 */
#include <stdlib.h>
#include <string.h>

#include "strict/internal.h"

#define FIRST_ROOM 1024u

static size_t slot_of(const struct page *table, size_t room, uint64_t pa)
{
	size_t i = (size_t)((pa >> 12) * 0x9e3779b97f4a7c15ull >> 20) & (room - 1);

	while (table[i].pa && table[i].pa != pa + 1)
		i = (i + 1) & (room - 1);
	return i;
}

static bool grow(struct strict *s)
{
	size_t room = s->room ? 2 * s->room : FIRST_ROOM;
	struct page *table = calloc(room, sizeof(*table));

	if (!table)
		return false;
	for (size_t i = 0; i < s->room; i++) {
		if (s->table[i].pa)
			table[slot_of(table, room, s->table[i].pa - 1)] = s->table[i];
	}
	free(s->table);
	s->table = table;
	s->room = room;
	return true;
}

struct page *page_of(struct strict *s, uint64_t pa, bool make)
{
	struct page *p;

	pa &= ~(uint64_t)(PAGE_BYTES - 1);
	if (make && 2 * s->used >= s->room && !grow(s)) {
		s->blind = true;
		return NULL;
	}
	if (!s->room)
		return NULL;
	p = &s->table[slot_of(s->table, s->room, pa)];
	if (p->pa || !make)
		return p->pa ? p : NULL;
	p->pa = pa + 1;
	p->now = (struct look){ .pa = pa, .gpa = NOT_WALKED, .state = NO_STATE, .type = PT_NDA };
	s->used++;
	return p;
}

/* Without memory the history is shorter, nothing else. */
void page_event(struct page *p, const struct event *e)
{
	if (p->events == p->room && p->room < HISTORY_MAX) {
		uint32_t room = p->room ? 2 * p->room : 2;
		struct event *more = realloc(p->event, room * sizeof(*more));

		if (more) {
			p->event = more;
			p->room = room;
		}
	}
	if (!p->room)
		return;
	if (p->events == p->room) {
		memmove(p->event, p->event + 1, (p->room - 1) * sizeof(*p->event));
		p->events--;
	}
	p->event[p->events++] = *e;
}

bool page_dirty(const struct strict *s, const struct page *p)
{
	return p->dirty && s->generation[p->dirty] == p->generation;
}

void pages_free(struct strict *s)
{
	for (size_t i = 0; i < s->room; i++)
		free(s->table[i].event);
	free(s->table);
}
