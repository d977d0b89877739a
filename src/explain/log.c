// SPDX-License-Identifier: MIT
/*
 * Kernel log lines about failed calls. A line is untrusted text: every scan ends at its ending 0.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "explain/explain.h"
#include "explain/tables.h"
#include "explain/text.h"
#include "tdx/status.h"

#define MAX_WORD 48

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* The next word at or after p, NULL at the end; its text in word if it fits, else an empty one. */
static const char *next_word(const char *p, char word[MAX_WORD])
{
	size_t len = 0;

	while (*p && !is_word(*p))
		p++;
	if (!*p)
		return NULL;
	while (is_word(p[len]))
		len++;
	snprintf(word, MAX_WORD, "%.*s", len < MAX_WORD ? (int)len : 0, p);
	return p + len;
}

/* A number as kernels print it: 0x and digits, or sixteen digits. */
static bool number_of(const char *word, uint64_t *value)
{
	bool prefixed = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	const char *digits = prefixed ? word + 2 : word;
	size_t len = strspn(digits, "0123456789abcdefABCDEF");

	if (!len || len > 16 || digits[len] || (!prefixed && len != 16))
		return false;
	*value = strtoull(digits, NULL, 16);
	return true;
}

/* "rcx", "R08". */
static int register_of(const char *word)
{
	char name[4] = { 0 };

	if ((word[0] == 'r' || word[0] == 'R') && word[1] == '0' && word[2] && !word[3]) {
		name[0] = 'r';
		name[1] = word[2];
		return explain_reg_index(name);
	}
	return explain_reg_index(word);
}

/* "33": a leaf's number in decimal. */
static bool small_number(const char *word, uint64_t *value)
{
	size_t len = strspn(word, "0123456789");

	*value = strtoull(word, NULL, 10);
	return len && len <= 3 && !word[len];
}

/* A leaf by name, or by number after SEAMCALL or TDCALL. */
static bool leaf_of(const char *word, const char *before, struct explain_leaf_id *leaf)
{
	char text[MAX_WORD + 8];
	uint64_t number;

	if (!strncasecmp(word, "TDH", 3) || !strncasecmp(word, "TDG", 3))
		return explain_leaf_find(word, leaf);
	if (strcasecmp(before, "SEAMCALL") != 0 && strcasecmp(before, "TDCALL") != 0)
		return false;
	if (!number_of(word, &number) && !small_number(word, &number)) {
		snprintf(text, sizeof(text), "TDH_%s", word);
		return explain_leaf_find(text, leaf);
	}
	/* The version stands above the number. */
	snprintf(text, sizeof(text), "%s:%u", strcasecmp(before, "TDCALL") ? "tdh" : "tdg",
		 (unsigned)(number & 0xFFFF));
	return explain_leaf_find(text, leaf);
}

/* A leaf is meant, though the tables may not have it: "TDH_...", or a number after SEAMCALL. */
static bool means_leaf(const char *word, const char *before)
{
	uint64_t number;

	if (!strncasecmp(word, "TDH_", 4) || !strncasecmp(word, "TDG_", 4))
		return true;
	return (!strcasecmp(before, "SEAMCALL") || !strcasecmp(before, "TDCALL")) &&
	       (number_of(word, &number) || small_number(word, &number));
}

/* Is the number a status that says something: a known code that is no plain success? */
static bool is_status(uint64_t value)
{
	struct explain_status status;

	return value >> 32 && explain_status(value, &status);
}

/* "failed: 0x...": what follows is a status, whether the tables have it or not. */
static bool says_failed(const char *word)
{
	static const char *const words[] = {
		"failed", "error", "err", "status", "ret", "returned"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcasecmp(words[i], word))
			return true;
	}
	return false;
}

static bool is_unknown_error(const char *before, uint64_t value)
{
	return value >> 63 && says_failed(before);
}

static void say_status(struct text *t, const struct explain_log *log)
{
	struct explain_status status;
	char text[160];

	explain_status(log->status, &status);
	explain_status_text(text, sizeof(text), log->status, log->leaf.side,
			    log->have_leaf ? (int)log->leaf.number : -1);
	if (log->have_leaf)
		text_add(t, "%s: ", log->leaf.name);
	text_add(t, "%s", text);
	text_add(t, ": %s", status.meaning ? status.meaning : "this status is in no table");
}

static void say_register(struct text *t, const struct explain_log *log, unsigned reg,
			 uint64_t value)
{
	char text[256];

	if (!log->have_leaf || !log->status)
		return;
	if (explain_register(text, sizeof(text), &log->leaf, reg, true, log->status, value))
		text_add(t, "%s%s: %s", t->len ? "; " : "", abi_reg_names[reg], text);
}

size_t explain_log_line(char *buf, size_t size, struct explain_log *log, const char *line)
{
	char word[MAX_WORD], before[MAX_WORD] = "";
	struct text t = text_start(buf, size);
	struct explain_leaf_id leaf;
	bool named = false; /* this line names a leaf */
	uint64_t value;

	for (const char *p = line; (p = next_word(p, word)); memcpy(before, word, sizeof(before))) {
		if (leaf_of(word, before, &leaf)) {
			log->leaf = leaf;
			log->have_leaf = named = true;
			log->status = 0;
			continue;
		}
		if (means_leaf(word, before)) {
			log->have_leaf = false;
			log->status = 0;
			named = true;
			continue;
		}
		if (!number_of(word, &value))
			continue;
		if (register_of(before) > 0) {
			say_register(&t, log, (unsigned)register_of(before), value);
		} else if (is_status(value) || (named && is_unknown_error(before, value))) {
			log->status = value;
			if (t.len)
				text_add(&t, "; ");
			say_status(&t, log);
		}
	}
	return t.len;
}
