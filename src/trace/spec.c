// SPDX-License-Identifier: MIT
/*
 * The words of --trace: see spec.h.
 */
#include "trace/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "explain/suggest.h"

#define EXPECTED "expected leaf:NAME, vcpu:N, exit:REASON, or a file"
#define MAX_WORD 200

typedef bool (*adder)(struct trace_filter *filter, const char *text, char *err, size_t size);

static const struct {
	const char *name;
	adder add;
} keys[] = { { "leaf", trace_filter_add_leaf },
	     { "vcpu", trace_filter_add_vcpu },
	     { "exit", trace_filter_add_exit },
	     { "file", NULL } };

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static int fail(char *err, size_t size, const char *format, const char *word, const char *more)
{
	snprintf(err, size, format, word, more);
	return -1;
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length > tail && !strcasecmp(text + length - tail, end);
}

static int take_file(struct trace_spec *spec, const char *path, char *err, size_t size)
{
	if (spec->path)
		return fail(err, size, "'%.100s' and '%.100s': a trace goes to one file",
			    spec->path, path);
	if (!*path)
		return fail(err, size, "file: without a name; %s%s", EXPECTED, "");
	spec->path = strdup(path);
	if (!spec->path)
		return fail(err, size, "%s%s", "out of memory", "");
	spec->timeline = ends_in(path, ".json");
	return 0;
}

/* How many letters of the word are a key before a colon; 0: it is no KEY:VALUE. */
static size_t key_length(const char *word)
{
	size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");

	return word[length] == ':' ? length : 0;
}

static int unknown_key(const char *word, size_t length, char *err, size_t size)
{
	char key[40], near[80];
	struct suggest s;

	snprintf(key, sizeof(key), "%.*s", (int)length, word);
	s = suggest_start(key);
	for (size_t i = 0; i < KEYS; i++)
		suggest_offer(&s, keys[i].name);
	if (suggest_text(&s, near, sizeof(near)))
		return fail(err, size, "no key '%s:'; did you mean %s:?", key, near);
	return fail(err, size, "no key '%s:'; %s", key,
		    EXPECTED " (file:PATH if its name has a colon)");
}

static int key_of(const char *word, size_t length)
{
	for (size_t i = 0; i < KEYS; i++) {
		if (strlen(keys[i].name) == length && !strncasecmp(keys[i].name, word, length))
			return (int)i;
	}
	return -1;
}

static int take_pair(struct trace_spec *spec, const char *word, size_t length, char *err,
		     size_t size)
{
	const char *value = word + length + 1;
	char why[300];
	int key = key_of(word, length);

	if (key < 0)
		return unknown_key(word, length, err, size);
	if (!keys[key].add)
		return take_file(spec, value, err, size);
	return keys[key].add(&spec->filter, value, why, sizeof(why))
		       ? 0
		       : fail(err, size, "%s: %s", keys[key].name, why);
}

/* A word that was hardly meant as a file: "TDH.VP.ENTER", "leaf=TDH.*", "vcpu". */
static const char *meant_key(const char *word)
{
	struct explain_leaf_id leaf;
	struct trace_filter filter = { 0 };
	char ignored[300];
	size_t length = strcspn(word, "=");
	int key = key_of(word, length);

	if (key >= 0)
		return keys[key].name;
	if (strpbrk(word, "*?") || !strncasecmp(word, "TDH.", 4) || !strncasecmp(word, "TDG.", 4) ||
	    explain_leaf_find(word, &leaf))
		return "leaf";
	return trace_filter_add_exit(&filter, word, ignored, sizeof(ignored)) ? "exit" : NULL;
}

static int take_plain(struct trace_spec *spec, const char *word, char *err, size_t size)
{
	const char *key = meant_key(word);

	if (!*word)
		return fail(err, size, "an empty word%s; %s", "", EXPECTED);
	if (!key)
		return take_file(spec, word, err, size);
	snprintf(err, size,
		 "'%s' is no KEY:VALUE; did you mean %s:%s? A file of that name is file:%s", word,
		 key, word[strcspn(word, "=")] ? word + strcspn(word, "=") + 1 : word, word);
	return -1;
}

static int take_word(struct trace_spec *spec, const char *word, char *err, size_t size)
{
	size_t length = key_length(word);

	return length ? take_pair(spec, word, length, err, size)
		      : take_plain(spec, word, err, size);
}

static bool is_rest(const char *text)
{
	return !strncasecmp(text, "file:", 5);
}

int trace_spec_parse(struct trace_spec *spec, const char *text, char *err, size_t size)
{
	char word[MAX_WORD + 1];

	*spec = (struct trace_spec){ 0 };
	for (;; text++) {
		size_t length = strcspn(text, ",");

		if (is_rest(text))
			return take_file(spec, text + 5, err, size);
		if (length > MAX_WORD)
			return fail(err, size, "'%.40s...' is too long for a word; %s", text,
				    "a long file name is file:PATH");
		memcpy(word, text, length);
		word[length] = 0;
		if (take_word(spec, word, err, size))
			return -1;
		text += length;
		if (!*text)
			return 0;
	}
}

void trace_spec_free(struct trace_spec *spec)
{
	free(spec->path);
	spec->path = NULL;
}
