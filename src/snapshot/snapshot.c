// SPDX-License-Identifier: MIT
/*
 * Taking, restoring and opening snapshots.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot/internal.h"

static bool refuse(char *err, size_t err_len, const char *why)
{
	snprintf(err, err_len, "%s", why);
	return false;
}

/* Between calls? A guest that is interpreted runs within one. */
static bool at_rest(const struct seamless_machine *m, char *err, size_t err_len)
{
	for (unsigned i = 0; i < seamless_lps(m); i++) {
		const struct lp *lp = &m->module->lp[i];
		bool in_guest = lp->guest.running && m->guest == SEAMLESS_GUEST_INTERPRETED;

		if (!in_guest && (!lp->in_module || lp->guest.running))
			continue;
		snprintf(err, err_len, "logical processor %u is inside a %s", i,
			 in_guest ? "guest" : "call");
		return false;
	}
	return true;
}

/* ---- taking ---- */

static uint64_t part_length(const struct seamless_machine *m, enum snapshot_part part,
			    const struct pages_size *pages)
{
	switch (part) {
	case PART_TEXT: return m->text_len;
	case PART_KEYS: return pages->keys;
	case PART_RUNS: return pages->runs;
	case PART_PAGES: return pages->pages;
	default: return saved_size(part, &m->platform->config);
	}
}

static void lay_out(struct snapshot_header *h, const struct seamless_machine *m,
		    const struct pages_size *pages)
{
	memset(h, 0, sizeof(*h));
	memcpy(h->magic, SNAPSHOT_MAGIC, sizeof(h->magic));
	h->version = SNAPSHOT_VERSION;
	h->parts = PARTS;
	h->layout = saved_layout();
	h->length = sizeof(*h);
	for (enum snapshot_part i = 0; i < PARTS; i++) {
		h->part[i].offset = h->length;
		h->part[i].length = part_length(m, i, pages);
		h->length += h->part[i].length;
	}
}

static struct seamless_snapshot *allocate(size_t len)
{
	struct seamless_snapshot *s = calloc(1, sizeof(*s));

	if (s)
		s->bytes = malloc(len ? len : 1);
	if (s && s->bytes) {
		s->len = len;
		return s;
	}
	free(s);
	return NULL;
}

static struct seamless_snapshot *take(const struct seamless_machine *m, const struct pages_map *map)
{
	const struct memory *mem = &m->platform->mem;
	struct pages_size pages = pages_measure(mem, map);
	struct seamless_snapshot *s;
	struct snapshot_header h;

	lay_out(&h, m, &pages);
	s = allocate(h.length);
	if (!s)
		return NULL;
	memcpy(s->bytes, &h, sizeof(h));
	memcpy(snapshot_part(s, PART_TEXT), m->text, m->text_len);
	saved_save(m, s);
	saved_pages_save(mem, map, s);
	return s;
}

struct seamless_snapshot *seamless_snapshot_take(struct seamless_machine *m, char *err,
						 size_t err_len)
{
	struct seamless_snapshot *s = NULL;
	struct pages_map map;

	if (!at_rest(m, err, err_len))
		return NULL;
	map.used = pages_used(&m->platform->mem);
	map.tagged = pages_tagged(&m->platform->mem);
	if (map.used && map.tagged)
		s = take(m, &map);
	free(map.used);
	free(map.tagged);
	if (!s)
		refuse(err, err_len, "out of memory");
	return s;
}

void seamless_snapshot_free(struct seamless_snapshot *s)
{
	if (s)
		free(s->bytes);
	free(s);
}

const char *seamless_snapshot_text(const struct seamless_snapshot *s, size_t *len)
{
	*len = snapshot_part_len(s, PART_TEXT);
	return (const char *)snapshot_part(s, PART_TEXT);
}

/* The last part, so that no other moves. */
bool seamless_snapshot_set_note(struct seamless_snapshot *s, const void *note, size_t len)
{
	uint64_t at = snapshot_header(s)->part[PART_NOTE].offset;
	uint8_t *bytes = realloc(s->bytes, at + len);

	if (!bytes)
		return false;
	s->bytes = bytes;
	s->len = at + len;
	s->sealed = false;
	snapshot_header(s)->part[PART_NOTE].length = len;
	snapshot_header(s)->length = s->len;
	memcpy(bytes + at, note, len);
	return true;
}

const void *seamless_snapshot_note(const struct seamless_snapshot *s, size_t *len)
{
	*len = snapshot_part_len(s, PART_NOTE);
	return snapshot_part(s, PART_NOTE);
}

const void *seamless_snapshot_bytes(struct seamless_snapshot *s, size_t *len)
{
	*len = s->len;
	return snapshot_seal(s) ? s->bytes : NULL;
}

/* ---- restoring ---- */

struct line {
	const char *at;
	int len;
};

static struct line next_line(const char **text, size_t *left)
{
	const char *newline = memchr(*text, '\n', *left);
	size_t len = newline ? (size_t)(newline - *text) : *left;
	struct line l = { *text, len < 100 ? (int)len : 100 };

	*text += len + (newline != NULL);
	*left -= len + (newline != NULL);
	return l;
}

/* The first line in which the two platform files differ. */
static bool same_platform(const struct seamless_snapshot *s, const struct seamless_machine *m,
			  char *err, size_t err_len)
{
	size_t left = snapshot_part_len(s, PART_TEXT), mine = m->text_len;
	const char *text = (const char *)snapshot_part(s, PART_TEXT), *own = m->text;

	if (left == mine && !memcmp(text, own, mine))
		return true;
	for (unsigned number = 1;; number++) {
		struct line a = next_line(&text, &left), b = next_line(&own, &mine);

		if (a.len == b.len && !memcmp(a.at, b.at, (size_t)a.len) && (left || mine))
			continue;
		snprintf(err, err_len,
			 "the snapshot is of another platform: line %u of its platform file is "
			 "'%.*s', of this machine's '%.*s'",
			 number, a.len, a.at, b.len, b.at);
		return false;
	}
}

static bool may_restore(const struct seamless_snapshot *s, const struct seamless_machine *m,
			char *err, size_t err_len)
{
	if (!same_platform(s, m, err, err_len) || !at_rest(m, err, err_len))
		return false;
	if (m->watch && m->traces)
		return refuse(err, err_len,
			      "the machine is recorded: a transcript can't tell of a restore");
	if (m->guest == SEAMLESS_GUEST_INTERPRETED && saved_in_guest(s))
		return refuse(
			err, err_len,
			"a scripted guest runs in the snapshot, the machine interprets its guests");
	return true;
}

bool seamless_snapshot_restore(const struct seamless_snapshot *s, struct seamless_machine *m,
			       char *err, size_t err_len)
{
	if (!may_restore(s, m, err, err_len))
		return false;
	saved_pages_apply(m, s);
	saved_apply(m, s);
	return true;
}

struct seamless_machine *seamless_snapshot_open(const struct seamless_snapshot *s,
						enum seamless_guest guest, bool shareable,
						char *err, size_t err_len)
{
	struct seamless_config config = { .name = "platform file of the snapshot",
					  .guest = guest,
					  .shareable = shareable };
	struct seamless_machine *m;

	config.text = seamless_snapshot_text(s, &config.len);
	m = seamless_create(&config, err, err_len);
	if (m && !seamless_snapshot_restore(s, m, err, err_len)) {
		seamless_destroy(m);
		return NULL;
	}
	return m;
}

/* ---- from bytes ---- */

static bool check(const struct seamless_snapshot *s, const struct snapshot_error *e)
{
	struct platform_config *config;
	char why[300];
	bool good;

	if (!check_frame(s, e))
		return false;
	config = malloc(sizeof(*config));
	if (!config)
		return snapshot_wrong(e, 0, "out of memory");
	good = platform_config_parse(config, "its platform file",
				     (const char *)snapshot_part(s, PART_TEXT),
				     snapshot_part_len(s, PART_TEXT), why, sizeof(why));
	if (good)
		good = platform_config_check(config, why, sizeof(why));
	if (!good)
		snapshot_wrong(e, snapshot_header(s)->part[PART_TEXT].offset, "%s", why);
	good = good && check_content(s, config, e);
	free(config);
	return good;
}

struct seamless_snapshot *seamless_snapshot_from(const char *name, const void *bytes, size_t len,
						 char *err, size_t err_len)
{
	const struct snapshot_error e = { name, err, err_len };
	/* A header's worth at least, so that its fields can be looked at. */
	struct seamless_snapshot *s = allocate(
		len > sizeof(struct snapshot_header) ? len : sizeof(struct snapshot_header));

	if (!s) {
		refuse(err, err_len, "out of memory");
		return NULL;
	}
	memset(s->bytes, 0, sizeof(struct snapshot_header));
	memcpy(s->bytes, bytes, len);
	s->len = len;
	s->sealed = true;
	if (check(s, &e))
		return s;
	seamless_snapshot_free(s);
	return NULL;
}
