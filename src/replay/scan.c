// SPDX-License-Identifier: MIT
/*
 * Words and values of a transcript line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "formats/encoding.h"
#include "replay/scan.h"

/* What is quoted from a file that is no text must not drive the reader's terminal. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			*text = '?';
	}
}

bool scan_wrong(struct transcript *t, const char *format, ...)
{
	int n = snprintf(t->err, sizeof(t->err), "%s:%u: ", t->file, t->line);
	va_list args;

	va_start(args, format);
	if (n >= 0 && (size_t)n < sizeof(t->err)) {
		vsnprintf(t->err + n, sizeof(t->err) - (size_t)n, format, args);
		make_printable(t->err + n);
	}
	va_end(args);
	return false;
}

bool scan_word(struct scan *s, struct word *w)
{
	while (s->at < s->end && *s->at == ' ')
		s->at++;
	w->at = s->at;
	while (s->at < s->end && *s->at != ' ')
		s->at++;
	w->len = (size_t)(s->at - w->at);
	return w->len > 0;
}

bool scan_need(struct scan *s, struct word *w, const char *what)
{
	return scan_word(s, w) || scan_wrong(s->t, "the line ends where %s is expected", what);
}

bool scan_done(struct scan *s)
{
	struct word w;

	return !scan_word(s, &w) || scan_wrong(s->t, "'%.*s' is too much", SHOWN(w));
}

bool word_is(struct word w, const char *text)
{
	return strlen(text) == w.len && memcmp(w.at, text, w.len) == 0;
}

bool word_split(struct transcript *t, struct word w, struct word *name, struct word *value)
{
	const char *equals = memchr(w.at, '=', w.len);

	if (!equals)
		return scan_wrong(t, "'%.*s' where NAME=VALUE is expected", SHOWN(w));
	*name = (struct word){ w.at, (size_t)(equals - w.at) };
	*value = (struct word){ equals + 1, w.len - name->len - 1 };
	return true;
}

/* Up to 32 digits into a 128-bit value. */
static bool parse_hex(struct word w, unsigned digits, uint64_t *lo, uint64_t *hi)
{
	*lo = *hi = 0;
	if (!w.len || w.len > digits)
		return false;
	for (size_t i = 0; i < w.len; i++) {
		int digit = hex_digit(w.at[i]);

		if (digit < 0)
			return false;
		*hi = *hi << 4 | *lo >> 60;
		*lo = *lo << 4 | (uint64_t)digit;
	}
	return true;
}

bool word_hex(struct transcript *t, struct word w, uint64_t max, uint64_t *value)
{
	uint64_t hi;

	if (!parse_hex(w, 16, value, &hi) || *value > max)
		return scan_wrong(t, "'%.*s' is not a hexadecimal number up to %llx", SHOWN(w),
				  (unsigned long long)max);
	return true;
}

bool word_decimal(struct transcript *t, struct word w, uint64_t max, uint64_t *value)
{
	bool good = w.len > 0 && w.len < 10;

	*value = 0;
	for (size_t i = 0; good && i < w.len; i++) {
		good = w.at[i] >= '0' && w.at[i] <= '9';
		*value = *value * 10 + (uint64_t)(w.at[i] - '0');
	}
	if (!good || *value > max)
		return scan_wrong(t, "'%.*s' is not a decimal number up to %llu", SHOWN(w),
				  (unsigned long long)max);
	return true;
}

/* The index of a name, which is added when it is new and may be. */
static bool find_name(struct transcript *t, struct word w, bool add, unsigned *index)
{
	if (!w.len || w.len >= TRANSCRIPT_NAME_LEN)
		return scan_wrong(t, "'%.*s': a name has 1 to %u characters", SHOWN(w),
				  TRANSCRIPT_NAME_LEN - 1);
	for (*index = 0; *index < t->names; ++*index) {
		if (word_is(w, t->name[*index]))
			return true;
	}
	if (!add)
		return scan_wrong(t, "nothing was captured as '%.*s'", SHOWN(w));
	if (t->names == TRANSCRIPT_NAMES)
		return scan_wrong(t, "more than %u names", TRANSCRIPT_NAMES);
	memcpy(t->name[t->names++], w.at, w.len);
	return true;
}

static struct word after_first(struct word w)
{
	return (struct word){ w.at + 1, w.len - 1 };
}

bool word_input(struct transcript *t, struct word w, unsigned digits,
		struct transcript_value *value)
{
	*value = (struct transcript_value){ .how = HOW_VALUE };
	if (w.len && w.at[0] == '$') {
		value->how = HOW_NAMED;
		return find_name(t, after_first(w), false, &value->name);
	}
	return parse_hex(w, digits, &value->lo, &value->hi) ||
	       scan_wrong(t, "'%.*s' is not a value of up to %u hexadecimal digits", SHOWN(w),
			  digits);
}

bool word_output(struct transcript *t, struct word w, unsigned digits,
		 struct transcript_value *value)
{
	if (!w.len || w.at[0] != '*')
		return word_input(t, w, digits, value);
	*value = (struct transcript_value){ .how = w.len == 1 ? HOW_ANY : HOW_CAPTURE };
	return w.len == 1 || find_name(t, after_first(w), true, &value->name);
}

bool scan_hex(struct scan *s, const char *what, uint64_t max, uint64_t *value)
{
	struct word w;

	return scan_need(s, &w, what) && word_hex(s->t, w, max, value);
}
