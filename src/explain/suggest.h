/* SPDX-License-Identifier: MIT */
/*
 * Near-miss names: offers candidates, keeps the nearest by edit distance, and those of which the
 * name is a part.
 */
#ifndef EXPLAIN_SUGGEST_H
#define EXPLAIN_SUGGEST_H

#include <stddef.h>

#define SUGGEST_MAX 3

struct suggest {
	const char *wanted;
	unsigned limit; /* distances beyond it are not near */
	unsigned count;
	struct {
		const char *name;
		unsigned distance;
	} best[SUGGEST_MAX];
};

struct suggest suggest_start(const char *wanted);
void suggest_offer(struct suggest *s, const char *candidate);
/* "A, B": as snprintf. */
size_t suggest_text(const struct suggest *s, char *buf, size_t size);

/* Edits (insert, delete, replace, swap neighbours) from a to b without regard to case, '.', '_' and
 * '-' taken as the same. */
unsigned edit_distance(const char *a, const char *b);

#endif
