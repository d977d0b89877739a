// SPDX-License-Identifier: MIT
/*
 * The replay of transcripts: whatever a file says, its replay ends, with counts or with a message
 * that names a line. Files that would only take long or much memory, by a count or a length, are
 * left out.
 */
#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "replay/replay.h"
#include "replay/transcript.h"

#define MAX_REPEAT 300u
#define MAX_LEN	   (1u << 20)

/* A correct transcript of reasonable size. */
static bool is_reasonable(const uint8_t *data, size_t size)
{
	static struct transcript_event e;
	static struct transcript t;

	t = (struct transcript){ .file = "f", .text = (const char *)data, .len = size };
	while (transcript_next(&t, &e)) {
		bool call = e.kind >= TRANSCRIPT_SEAMCALL && e.kind <= TRANSCRIPT_EXIT;

		if ((call && e.call.repeat > MAX_REPEAT) || (!call && e.len > MAX_LEN))
			return false;
	}
	return t.ended;
}

static void told(void *opaque, const struct replay_difference *d)
{
	HOLDS(d->line && d->what && d->expected && d->got && d->reason);
	(*(uint64_t *)opaque)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t differences = 0;
	const struct replay_options options = { .platform = "transcripts",
						.difference = told,
						.opaque = &differences };
	struct replay_counts counts = { 0 };
	char err[300] = "";

	if (!is_reasonable(data, size))
		return -1;
	if (replay_text("f", (const char *)data, size, &options, &counts, err, sizeof(err)))
		HOLDS(counts.files == 1 && !counts.mismatches == !differences);
	else
		HOLDS(!strncmp(err, "f:", 2));
	return 0;
}
