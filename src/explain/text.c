// SPDX-License-Identifier: MIT
/*
 * The buffer writer: see text.h.
 */
#include "explain/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WRAP_COLUMN 100

struct text text_start(char *buf, size_t size)
{
	if (size)
		buf[0] = 0;
	return (struct text){ .buf = buf, .size = size };
}

void text_add(struct text *t, const char *format, ...)
{
	size_t left = t->len < t->size ? t->size - t->len : 0;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(left ? t->buf + t->len : NULL, left, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n;
}

void text_put(struct text *t, char c)
{
	if (t->len + 1 < t->size) {
		t->buf[t->len] = c;
		t->buf[t->len + 1] = 0;
	}
	t->len++;
}

void text_pad(struct text *t, size_t line_start, size_t column)
{
	do
		text_put(t, ' ');
	while (t->len - line_start < column);
}

void text_wrap(struct text *t, size_t line_start, size_t indent, const char *words)
{
	for (const char *word = words; *word;) {
		size_t len = strcspn(word, " ");

		if (word != words) {
			if (t->len - line_start + 1 + len > WRAP_COLUMN) {
				text_put(t, '\n');
				line_start = t->len;
				text_pad(t, line_start, indent);
			} else {
				text_put(t, ' ');
			}
		}
		text_add(t, "%.*s", (int)len, word);
		word += len;
		word += strspn(word, " ");
	}
}

void text_json(struct text *t, const char *s)
{
	text_put(t, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			text_add(t, "\\%c", c);
		else if (c < 0x20)
			text_add(t, "\\u%04x", c);
		else
			text_put(t, *s);
	}
	text_put(t, '"');
}

void text_number(struct text *t, uint64_t value)
{
	if (value < 10)
		text_add(t, "%" PRIu64, value);
	else
		text_add(t, "0x%" PRIx64, value);
}
