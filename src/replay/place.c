// SPDX-License-Identifier: MIT
/*
 * The note of a replay's snapshot, written and read:
 *
 *   seamless replay
 *   line N FNV               what stands before line N of the transcript has this 64-bit FNV-1a
 *   ticks N                  that pass before a call
 *   value NAME HI LO         captured
 *   fault LP RULE            meets that processor's next call of the rule's leaf
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/place.h"

#define FIRST_LINE "seamless replay\n"
#define FNV_BASIS  0xcbf29ce484222325ull
#define FNV_PRIME  0x100000001b3ull

static bool wrong(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(struct run *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->err, r->err_len, format, args);
	va_end(args);
	return false;
}

/* Of all that stands before a line. */
static uint64_t hash_before(const struct transcript *t, uint64_t line)
{
	uint64_t hash = FNV_BASIS, at_line = 1;

	for (size_t i = 0; i < t->len && at_line < line; i++) {
		hash = (hash ^ (uint8_t)t->text[i]) * FNV_PRIME;
		at_line += t->text[i] == '\n';
	}
	return hash;
}

/* ---- writing ---- */

static void write_note(const struct run *r, unsigned line, FILE *out)
{
	fprintf(out, FIRST_LINE "line %u %" PRIx64 "\nticks %" PRIx64 "\n", line,
		hash_before(r->t, line), r->event_ticks);
	for (unsigned i = 0; i < r->t->names; i++) {
		const struct captured *c = &r->captured[i];

		if (c->set)
			fprintf(out, "value %s %" PRIx64 " %" PRIx64 "\n", r->t->name[i], c->hi,
				c->lo);
	}
	for (unsigned i = 0; i < TRANSCRIPT_MAX_LPS; i++) {
		if (r->fault[i] && !seamless_fault_seen(r->m, r->fault[i]))
			fprintf(out, "fault %u %s\n", i, seamless_fault_text(r->fault[i]));
	}
}

static bool add_note(const struct run *r, unsigned line, struct seamless_snapshot *s)
{
	char *note = NULL;
	size_t len;
	FILE *out = open_memstream(&note, &len);
	bool good = false;

	if (out) {
		write_note(r, line, out);
		good = !fclose(out) && seamless_snapshot_set_note(s, note, len);
	}
	free(note);
	return good;
}

bool place_save(struct run *r, unsigned line)
{
	struct seamless_snapshot *s = seamless_snapshot_take(r->m, r->err, r->err_len);
	bool good = s;

	if (good && !add_note(r, line, s))
		good = wrong(r, "out of memory");
	good = good && seamless_snapshot_save(s, r->options->snapshot_file, r->err, r->err_len);
	seamless_snapshot_free(s);
	r->saved = good;
	return good;
}

/* ---- reading ---- */

static bool line_says(struct run *r, char *text)
{
	const struct replay_options *o = r->options;
	uint64_t hash;

	if (sscanf(text, "%u %" SCNx64, &r->begin, &hash) != 2)
		return wrong(r, "%s: its note has no place in a transcript", o->begin_name);
	if (hash != hash_before(r->t, r->begin))
		return wrong(r, "%s: not of %s: what stands before line %u is another text",
			     o->begin_name, r->t->file, r->begin);
	if (o->snapshot_file && o->snapshot_line < r->begin)
		return wrong(r, "line %u is before line %u, where %s begins", o->snapshot_line,
			     r->begin, o->begin_name);
	return true;
}

static bool ticks_say(struct run *r, char *text)
{
	r->event_ticks = strtoull(text, NULL, 16);
	return true;
}

static bool value_says(struct run *r, char *text)
{
	char name[TRANSCRIPT_NAME_LEN];
	struct captured c = { .set = true };

	_Static_assert(TRANSCRIPT_NAME_LEN == 24, "the width of a name");
	if (sscanf(text, "%23s %" SCNx64 " %" SCNx64, name, &c.hi, &c.lo) == 3) {
		for (unsigned i = 0; i < r->t->names; i++) {
			if (strcmp(r->t->name[i], name))
				continue;
			r->captured[i] = c;
			return true;
		}
	}
	return wrong(r, "%s: its note has a value that %s has not: %.60s", r->options->begin_name,
		     r->t->file, text);
}

static bool fault_says(struct run *r, char *text)
{
	unsigned long lp = strtoul(text, &text, 10);
	char why[160];

	if (lp >= TRANSCRIPT_MAX_LPS || r->fault[lp])
		return wrong(r, "%s: its note has a fault of processor %lu", r->options->begin_name,
			     lp);
	r->fault[lp] = seamless_fault_add(r->m, text, why, sizeof(why));
	return r->fault[lp] || wrong(r, "%s: its note: %s", r->options->begin_name, why);
}

static bool read_line(struct run *r, char *line)
{
	static const struct {
		const char *word;
		bool (*says)(struct run *, char *);
	} lines[] = { { "line ", line_says },
		      { "ticks ", ticks_say },
		      { "value ", value_says },
		      { "fault ", fault_says } };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		size_t n = strlen(lines[i].word);

		if (!strncmp(line, lines[i].word, n))
			return lines[i].says(r, line + n);
	}
	return wrong(r, "%s: its note is not of a replay: %.60s", r->options->begin_name, line);
}

/* `note` is a copy, of which the lines are cut. */
static bool read_note(struct run *r, char *note)
{
	char *line, *rest = note + strlen(FIRST_LINE);

	while ((line = strtok_r(rest, "\n", &rest))) {
		if (!read_line(r, line))
			return false;
	}
	return r->begin || wrong(r, "%s: its note has no line", r->options->begin_name);
}

bool place_restore(struct run *r)
{
	const struct replay_options *o = r->options;
	size_t len;
	const char *found = seamless_snapshot_note(o->begin, &len);
	char *note;
	bool good;

	if (len < strlen(FIRST_LINE) || memcmp(found, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return wrong(r, "%s: not taken by a replay", o->begin_name);
	r->m = seamless_snapshot_open(o->begin, SEAMLESS_GUEST_SCRIPTED, false, r->err, r->err_len);
	note = r->m ? strndup(found, len) : NULL;
	if (!note)
		return r->m && wrong(r, "out of memory");
	good = read_note(r, note);
	free(note);
	return good;
}
