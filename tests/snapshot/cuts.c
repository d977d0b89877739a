// SPDX-License-Identifier: MIT
/*
 * A machine that was cut off and restored answers as it would have: transcripts are replayed, and
 * at each EVERYth line the machine is replaced by a new one that is opened from the bytes of its
 * snapshot, or goes through a restore itself after it was changed. No answer may differ from the
 * recorded one.
 *
 * usage: cuts DIRECTORY [FILES [LINES]]   each FILESth transcript, cut at each LINESth line
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test_file.h"
#include "replay/replay.h"
#include "replay/transcript.h"
#include "seamless/seamless.h"

struct cutter {
	const char *file;
	unsigned every, lines;
	unsigned long opened, restored;
	unsigned long in_guest; /* of both, with a guest that runs */
};

static void give_up(const struct cutter *c, const struct transcript_event *e, const char *why)
{
	fprintf(stderr, "%s:%u: %s\n", c->file, e->line, why);
	exit(1);
}

static bool guest_runs(struct seamless_machine *m)
{
	bool runs = false;

	for (unsigned i = 0; i < seamless_lps(m); i++) {
		seamless_lp_enter(m, i);
		runs = runs || seamless_in_guest(NULL);
		seamless_lp_leave();
	}
	return runs;
}

/* Another machine goes on, from nothing but the bytes. */
static struct seamless_machine *reopen(struct cutter *c, struct seamless_machine *m,
				       struct seamless_snapshot *s,
				       const struct transcript_event *e)
{
	struct seamless_snapshot *copy;
	char err[400];
	size_t len;
	const void *bytes = seamless_snapshot_bytes(s, &len);

	copy = bytes ? seamless_snapshot_from("bytes", bytes, len, err, sizeof(err)) : NULL;
	if (!copy)
		give_up(c, e, err);
	seamless_destroy(m);
	m = seamless_snapshot_open(copy, SEAMLESS_GUEST_SCRIPTED, false, err, sizeof(err));
	seamless_snapshot_free(copy);
	if (!m)
		give_up(c, e, err);
	c->opened++;
	return m;
}

/* The same machine, after the loader and the host did to it what they can. */
static void restore(struct cutter *c, struct seamless_machine *m, const struct seamless_snapshot *s,
		    const struct transcript_event *e)
{
	char err[400];

	seamless_reload_module(m);
	seamless_fill(m, 0, 1u << 20, 0xa5);
	seamless_set_msr(m, SEAMLESS_ALL_LPS, 0x3a, 12345);
	seamless_set_entropy(m, false);
	seamless_advance_tsc(m, 1ull << 40);
	if (!seamless_snapshot_restore(s, m, err, sizeof(err)))
		give_up(c, e, err);
	c->restored++;
}

static struct seamless_machine *before_event(void *opaque, struct seamless_machine *m,
					     const struct transcript_event *e)
{
	struct cutter *c = opaque;
	struct seamless_snapshot *s;
	char err[400];

	if (++c->lines % c->every)
		return m;
	s = seamless_snapshot_take(m, err, sizeof(err));
	if (!s)
		give_up(c, e, err);
	c->in_guest += guest_runs(m);
	if (c->lines / c->every % 2)
		m = reopen(c, m, s, e);
	else
		restore(c, m, s, e);
	seamless_snapshot_free(s);
	return m;
}

static void print_difference(void *opaque, const struct replay_difference *d)
{
	(void)opaque;
	printf("%s:%u: %s: %s: expected %s, got %s\n    %s\n", d->file, d->line, d->label, d->what,
	       d->expected, d->got, d->reason);
}

static bool replay_cut(struct cutter *c, const char *path, struct replay_counts *counts)
{
	const struct replay_options options = { .difference = print_difference,
						.before_event = before_event,
						.opaque = c };
	char err[300] = "";
	size_t len;
	char *text = (char *)read_whole(path, &len);
	bool done;

	c->file = path;
	done = text && replay_text(path, text, len, &options, counts, err, sizeof(err));
	if (!done)
		printf("%s: %s\n", path, err);
	free(text);
	return done;
}

int main(int argc, char **argv)
{
	struct cutter c = { .every = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1 };
	size_t every = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	struct replay_counts counts = { 0 };
	struct replay_list files = { 0 };
	char err[300];
	bool good = true;

	if (argc < 2 || !every || !c.every || !replay_list_add(&files, argv[1], err, sizeof(err))) {
		fprintf(stderr, "usage: cuts DIRECTORY [FILES [LINES]]\n");
		return 2;
	}
	for (size_t i = 0; i < files.count; i += every)
		good = replay_cut(&c, files.path[i], &counts) && good;
	printf("%" PRIu64 " files, %" PRIu64 " calls, %" PRIu64
	       " mismatches; %lu machines opened from a snapshot, %lu restored, %lu of them in a "
	       "guest\n",
	       counts.files, counts.calls, counts.mismatches, c.opened, c.restored, c.in_guest);
	replay_list_free(&files);
	return !(good && !counts.mismatches && c.opened && c.restored);
}
