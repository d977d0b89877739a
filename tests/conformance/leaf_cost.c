// SPDX-License-Identifier: MIT
/*
 * For callgrind: replays transcripts up to a line each, and makes the call of that line in a function of its own,
 * cost_of_call(), which the tool counts. Prints one line per call: file, line, RAX after it.
 *
 * usage: leaf_cost FILE:LINE...
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test_file.h"
#include "replay/replay.h"
#include "replay/transcript.h"

struct wanted {
	unsigned line;
	bool made;
};

void cost_of_call(const struct transcript_event *e, struct seamless_regs *regs);

__attribute__((noinline)) void cost_of_call(const struct transcript_event *e,
					    struct seamless_regs *regs)
{
	if (e->kind == TRANSCRIPT_SEAMCALL)
		seamless_seamcall(regs);
	else
		seamless_vm_exit(&e->call.exit, regs);
}

static bool before_call(void *opaque, struct seamless_machine *m, const struct transcript_event *e,
			const struct seamless_regs *in)
{
	struct wanted *w = opaque;
	struct seamless_regs regs = *in;

	(void)m;
	if (e->line != w->line)
		return true;
	cost_of_call(e, &regs);
	w->made = true;
	printf(" %" PRIx64 "\n", regs.gpr[0]);
	return false;
}

static bool make(const char *path, unsigned line)
{
	struct wanted w = { .line = line };
	const struct replay_options options = { .before_call = before_call, .opaque = &w };
	struct replay_counts counts = { 0 };
	char err[300] = "";
	size_t len;
	char *text = (char *)read_whole(path, &len);

	printf("%s:%u", path, line);
	if (text)
		replay_text(path, text, len, &options, &counts, err, sizeof(err));
	if (!w.made)
		printf(" not made: %s\n", err);
	fflush(stdout);
	free(text);
	return w.made;
}

int main(int argc, char **argv)
{
	bool good = argc > 1;

	for (int i = 1; i < argc; i++) {
		char *colon = strrchr(argv[i], ':');

		if (!colon)
			return 2;
		*colon = 0;
		good = make(argv[i], (unsigned)strtoul(colon + 1, NULL, 10)) && good;
	}
	return !good;
}
