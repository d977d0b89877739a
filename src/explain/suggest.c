// SPDX-License-Identifier: MIT
/*
 * Near-miss names: see suggest.h.
 */
#include "explain/suggest.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "explain/text.h"

#define MAX_NAME 64
#define MIN_PART 3

static char plain(char c)
{
	if (c == '_' || c == '-')
		return '.';
	return (char)tolower((unsigned char)c);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* The name as it is compared; it has at most MAX_NAME letters. */
static void fold(char folded[MAX_NAME], const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		folded[i] = plain(name[i]);
}

unsigned edit_distance(const char *one, const char *other)
{
	unsigned rows[3][MAX_NAME + 1];
	size_t la = strlen(one), lb = strlen(other);
	char a[MAX_NAME], b[MAX_NAME];

	if (la > MAX_NAME || lb > MAX_NAME)
		return UINT_MAX;
	fold(a, one, la);
	fold(b, other, lb);
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *now = rows[i % 3], *before = rows[(i + 2) % 3],
			 *earlier = rows[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned cost = a[i - 1] != b[j - 1];

			now[j] = min3(before[j] + 1, now[j - 1] + 1, before[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    earlier[j - 2] + 1 < now[j])
				now[j] = earlier[j - 2] + 1;
		}
	}
	return rows[la % 3][lb];
}

struct suggest suggest_start(const char *wanted)
{
	size_t len = strlen(wanted);

	return (struct suggest){ .wanted = wanted,
				 .limit = len > 12 ? 4 : (unsigned)(len + 2) / 3 };
}

/* A part of a name is near it: who types "page.add" means the leaf that has it in its name. */
static bool is_part(const char *part, const char *whole)
{
	size_t length = strlen(part);

	if (length < MIN_PART)
		return false;
	for (; *whole; whole++) {
		size_t i = 0;

		while (i < length && whole[i] && plain(whole[i]) == plain(part[i]))
			i++;
		if (i == length)
			return true;
	}
	return false;
}

/* Beyond the limit: not near. */
static unsigned distance_of(const struct suggest *s, const char *candidate)
{
	size_t length = strlen(s->wanted), other = strlen(candidate);
	size_t more = length > other ? length - other : other - length;
	/* Each letter more is an edit. */
	unsigned edits = more > s->limit ? UINT_MAX : edit_distance(s->wanted, candidate);

	return edits > s->limit && is_part(s->wanted, candidate) ? s->limit : edits;
}

void suggest_offer(struct suggest *s, const char *candidate)
{
	unsigned distance = distance_of(s, candidate), place;

	if (distance > s->limit)
		return;
	for (place = s->count; place > 0 && s->best[place - 1].distance > distance; place--) {
		if (place < SUGGEST_MAX)
			s->best[place] = s->best[place - 1];
	}
	if (place >= SUGGEST_MAX)
		return;
	s->best[place].name = candidate;
	s->best[place].distance = distance;
	if (s->count < SUGGEST_MAX)
		s->count++;
}

size_t suggest_text(const struct suggest *s, char *buf, size_t size)
{
	struct text t = text_start(buf, size);

	for (unsigned i = 0; i < s->count; i++) {
		/* Farther ones only add noise to a clear favourite. */
		if (s->best[i].distance > s->best[0].distance + 1)
			break;
		text_add(&t, "%s%s", i ? ", " : "", s->best[i].name);
	}
	return t.len;
}
