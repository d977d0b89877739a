/* SPDX-License-Identifier: MIT */
/* Words and values of a transcript line. Functions that return bool leave a message in t->err when
 * false. */
#ifndef REPLAY_SCAN_H
#define REPLAY_SCAN_H

#include "replay/transcript.h"

/* The rest of a line. */
struct scan {
	struct transcript *t;
	const char *at, *end;
};

/* A stretch of text. */
struct word {
	const char *at;
	size_t len;
};

bool scan_wrong(struct transcript *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* As much of a word as a message shows, for "%.*s". */
#define SHOWN(w) (int)((w).len < 40 ? (w).len : 40), (w).at

/* The next word; false (without message) at the end of the line. */
bool scan_word(struct scan *s, struct word *w);
/* The next word must be there. `what` says what was expected. */
bool scan_need(struct scan *s, struct word *w, const char *what);
/* No word may be left. */
bool scan_done(struct scan *s);

bool word_is(struct word w, const char *text);
/* Splits "name=value". */
bool word_split(struct transcript *t, struct word w, struct word *name, struct word *value);
/* Hexadecimal up to `max`. */
bool word_hex(struct transcript *t, struct word w, uint64_t max, uint64_t *value);
bool word_decimal(struct transcript *t, struct word w, uint64_t max, uint64_t *value);
/* A value of an input: a number of up to `digits` digits, or $name. */
bool word_input(struct transcript *t, struct word w, unsigned digits,
		struct transcript_value *value);
/* A value of an output: also *, *name. */
bool word_output(struct transcript *t, struct word w, unsigned digits,
		 struct transcript_value *value);

/* The next word, as a hexadecimal number up to max. */
bool scan_hex(struct scan *s, const char *what, uint64_t max, uint64_t *value);

/* The rest of an S, C or X line, and of an RPT line (call.c). */
bool scan_call(struct scan *s, struct transcript_event *e);
bool scan_repeated_call(struct scan *s, struct transcript_event *e);

#endif
