/* SPDX-License-Identifier: MIT */
/*
 * A writer into a buffer of fixed size that counts what did not fit: what all text functions of
 * explain.h are made of.
 */
#ifndef EXPLAIN_TEXT_H
#define EXPLAIN_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *buf;
	size_t size; /* of buf */
	size_t len;  /* of the whole text, written or not */
};

struct text text_start(char *buf, size_t size);
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_put(struct text *t, char c);
/* Spaces up to a column counted from line_start (a value of t->len); at least one. */
void text_pad(struct text *t, size_t line_start, size_t column);
/* Words wrapped at column 100, every line but the first indented. */
void text_wrap(struct text *t, size_t line_start, size_t indent, const char *words);
/* A JSON string with quotes and escapes. */
void text_json(struct text *t, const char *s);
/* Hexadecimal, small numbers in decimal. */
void text_number(struct text *t, uint64_t value);

#endif
