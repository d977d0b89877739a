// SPDX-License-Identifier: MIT
/*
 * The reader of transcripts: one small function per kind of line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/encoding.h"
#include "replay/scan.h"
#include "replay/transcript.h"

#define MAX_PACKAGES 8u

static bool read_plat(struct scan *s, struct transcript_event *e)
{
	struct word lps, packages, name, value;
	uint64_t n;

	if (!scan_need(s, &lps, "lps=N") || !scan_need(s, &packages, "pkgs=N"))
		return false;
	if (!word_split(s->t, lps, &name, &value) ||
	    !word_decimal(s->t, value, TRANSCRIPT_MAX_LPS, &n))
		return false;
	e->lps = (unsigned)n;
	if (!word_is(name, "lps"))
		return scan_wrong(s->t, "PLAT lps=N pkgs=P is expected");
	if (!word_split(s->t, packages, &name, &value) ||
	    !word_decimal(s->t, value, MAX_PACKAGES, &n))
		return false;
	e->packages = (unsigned)n;
	if (!word_is(name, "pkgs") || !e->lps || !e->packages || e->packages > e->lps)
		return scan_wrong(s->t, "PLAT lps=N pkgs=P with 1 <= P <= N is expected");
	s->t->lps = e->lps;
	return true;
}

static bool read_address(struct scan *s, struct transcript_event *e)
{
	return scan_hex(s, "an address", UINT64_MAX, &e->pa);
}

static bool read_length(struct scan *s, struct transcript_event *e)
{
	return scan_hex(s, "a length", UINT64_MAX, &e->len);
}

/* Digits of memory; `**` too where the memory is compared. */
static bool read_bytes(struct scan *s, struct transcript_event *e, bool wildcards)
{
	struct word w;

	if (!scan_need(s, &w, "bytes"))
		return false;
	for (size_t i = 0; i < w.len; i++) {
		bool any = wildcards && w.at[i] == '*' && (i ^ 1) < w.len && w.at[i ^ 1] == '*';

		if (!any && hex_digit(w.at[i]) < 0)
			return scan_wrong(s->t, "byte %zu is not two hexadecimal digits", i / 2);
	}
	if (w.len % 2)
		return scan_wrong(s->t, "an odd number of digits");
	e->hex = w.at;
	if (wildcards && e->len != w.len / 2)
		return scan_wrong(s->t, "length %llx, but %zx bytes follow",
				  (unsigned long long)e->len, w.len / 2);
	e->len = w.len / 2;
	return true;
}

static bool read_write(struct scan *s, struct transcript_event *e)
{
	return read_address(s, e) && read_bytes(s, e, false);
}

static bool read_read(struct scan *s, struct transcript_event *e)
{
	return read_address(s, e) && read_length(s, e) && read_bytes(s, e, true);
}

static bool read_fill(struct scan *s, struct transcript_event *e)
{
	return read_address(s, e) && read_length(s, e) && scan_hex(s, "a byte", 0xff, &e->value.lo);
}

static bool read_hash(struct scan *s, struct transcript_event *e)
{
	struct word w;

	return read_address(s, e) && read_length(s, e) && scan_need(s, &w, "a hash") &&
	       word_output(s->t, w, 16, &e->value);
}

/* A processor's number or `*`. */
static bool read_lp_or_all(struct scan *s, struct transcript_event *e)
{
	struct word w;
	uint64_t lp;

	if (!scan_need(s, &w, "a processor"))
		return false;
	e->lp = SEAMLESS_ALL_LPS;
	if (word_is(w, "*"))
		return true;
	if (!word_decimal(s->t, w, s->t->lps - 1, &lp))
		return false;
	e->lp = (int)lp;
	return true;
}

static bool read_hex32(struct scan *s, const char *what, uint32_t *out)
{
	uint64_t value;

	if (!scan_hex(s, what, UINT32_MAX, &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

static bool read_msr(struct scan *s, struct transcript_event *e)
{
	return read_lp_or_all(s, e) && read_hex32(s, "an MSR", &e->addr) &&
	       scan_hex(s, "a value", UINT64_MAX, &e->value.lo);
}

static bool read_cpuid(struct scan *s, struct transcript_event *e)
{
	struct scan peek = *s;
	struct word w;

	if (!scan_word(&peek, &w)) {
		e->kind = TRANSCRIPT_CPUID_CLEAR;
		return true;
	}
	return read_lp_or_all(s, e) && read_hex32(s, "a leaf", &e->addr) &&
	       read_hex32(s, "a sub-leaf", &e->subleaf) && read_hex32(s, "EAX", &e->cpuid.eax) &&
	       read_hex32(s, "EBX", &e->cpuid.ebx) && read_hex32(s, "ECX", &e->cpuid.ecx) &&
	       read_hex32(s, "EDX", &e->cpuid.edx);
}

static bool read_flag(struct scan *s, struct transcript_event *e)
{
	return scan_hex(s, "0 or 1", 1, &e->value.lo);
}

static bool read_code(struct scan *s, struct transcript_event *e)
{
	return scan_hex(s, "a code", UINT32_MAX, &e->value.lo);
}

/* The rest of the line, which must be a right rule. */
static bool read_fault(struct scan *s, struct transcript_event *e)
{
	char rule[256], why[160];
	struct word w;
	uint64_t lp;

	if (!scan_need(s, &w, "a processor") || !word_decimal(s->t, w, s->t->lps - 1, &lp))
		return false;
	e->lp = (int)lp;
	e->rule = s->at;
	e->len = (uint64_t)(s->end - s->at);
	s->at = s->end;
	if (e->len > TRANSCRIPT_MAX_RULE)
		return scan_wrong(s->t, "a fault rule of more than %u bytes", TRANSCRIPT_MAX_RULE);
	snprintf(rule, sizeof(rule), "%.*s", (int)e->len, e->rule);
	return seamless_fault_check(rule, why, sizeof(why)) || scan_wrong(s->t, "%s", why);
}

static bool read_nothing(struct scan *s, struct transcript_event *e)
{
	(void)s;
	(void)e;
	return true;
}

static const struct line_kind {
	const char *name;
	enum transcript_kind kind;
	bool private;
	bool (*read)(struct scan *, struct transcript_event *);
} line_kinds[] = {
	{ "S", TRANSCRIPT_SEAMCALL, false, scan_call },
	{ "C", TRANSCRIPT_TDCALL, false, scan_call },
	{ "X", TRANSCRIPT_EXIT, false, scan_call },
	{ "RPT", TRANSCRIPT_SEAMCALL, false, scan_repeated_call },
	{ "W", TRANSCRIPT_WRITE, false, read_write },
	{ "GW", TRANSCRIPT_WRITE, true, read_write },
	{ "R", TRANSCRIPT_READ, false, read_read },
	{ "GR", TRANSCRIPT_READ, true, read_read },
	{ "H", TRANSCRIPT_HASH, false, read_hash },
	{ "GH", TRANSCRIPT_HASH, true, read_hash },
	{ "F", TRANSCRIPT_FILL, false, read_fill },
	{ "MSR", TRANSCRIPT_MSR, false, read_msr },
	{ "CPUIDSET", TRANSCRIPT_CPUID, false, read_cpuid },
	{ "INTR", TRANSCRIPT_INTR, false, read_flag },
	{ "RNG", TRANSCRIPT_RNG, false, read_flag },
	{ "PCONFIG", TRANSCRIPT_PCONFIG, false, read_code },
	{ "RELOAD", TRANSCRIPT_RELOAD, false, read_nothing },
	{ "FAULT", TRANSCRIPT_FAULT, false, read_fault },
	{ "PLAT", TRANSCRIPT_PLAT, false, read_plat },
	{ "END", TRANSCRIPT_END, false, read_nothing },
};

/* A comment behind two blanks is none of the event's. */
static void drop_comment(struct scan *s)
{
	const char *at = memmem(s->at, (size_t)(s->end - s->at), "  #", 3);

	if (at)
		s->end = at;
}

static bool check_order(struct transcript *t, enum transcript_kind kind)
{
	if (!t->lps && kind != TRANSCRIPT_PLAT)
		return scan_wrong(t, "the first line must be PLAT");
	if (t->lps && kind == TRANSCRIPT_PLAT)
		return scan_wrong(t, "a second PLAT line");
	return true;
}

static bool read_line(struct scan *s, struct transcript_event *e)
{
	struct transcript *t = s->t;
	struct word w;

	memset(e, 0, sizeof(*e));
	e->line = t->line;
	drop_comment(s);
	scan_word(s, &w);
	for (size_t i = 0; i < sizeof(line_kinds) / sizeof(line_kinds[0]); i++) {
		const struct line_kind *k = &line_kinds[i];

		if (!word_is(w, k->name))
			continue;
		e->kind = k->kind;
		e->private = k->private;
		return check_order(t, e->kind) && k->read(s, e) && scan_done(s);
	}
	return scan_wrong(t, "unknown event '%.*s'", SHOWN(w));
}

/* The next line that is neither empty nor a comment. False (without message) at the end of the
 * text. */
static bool next_line(struct transcript *t, struct scan *s)
{
	while (t->at < t->len) {
		const char *at = t->text + t->at;
		const char *newline = memchr(at, '\n', t->len - t->at);
		size_t n = newline ? (size_t)(newline - at) : t->len - t->at;

		t->at += n + (newline != NULL);
		t->line++;
		if (n && at[n - 1] == '\r')
			n--;
		*s = (struct scan){ t, at, at + n };
		if (n && at[0] != '#')
			return true;
	}
	return false;
}

bool transcript_next(struct transcript *t, struct transcript_event *event)
{
	struct scan s;

	if (t->ended)
		return false;
	if (!next_line(t, &s))
		return scan_wrong(t, "the file ends without END");
	if (s.end - s.at > TRANSCRIPT_MAX_LINE)
		return scan_wrong(t, "a line of more than %u bytes", TRANSCRIPT_MAX_LINE);
	if (!read_line(&s, event))
		return false;
	t->ended = event->kind == TRANSCRIPT_END;
	return !t->ended;
}

char *transcript_platform(const struct transcript *t, size_t *len)
{
	const size_t mark = sizeof(TRANSCRIPT_PLATFORM) - 1;
	char *text = malloc(t->len + 1);
	size_t at = 0, n;

	*len = 0;
	for (; text && at < t->len && (t->text[at] == '#' || t->text[at] == '\n'); at += n) {
		const char *newline = memchr(t->text + at, '\n', t->len - at);

		n = newline ? (size_t)(newline - t->text) - at + 1 : t->len - at;
		if (n < mark || memcmp(t->text + at, TRANSCRIPT_PLATFORM, mark) != 0)
			continue;
		memcpy(text + *len, t->text + at + mark, n - mark);
		*len += n - mark;
	}
	return text;
}

void transcript_rewind(struct transcript *t)
{
	t->at = 0;
	t->line = 0;
	t->lps = 0;
	t->ended = false;
}
