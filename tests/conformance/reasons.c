// SPDX-License-Identifier: MIT
/*
 * Every refusal names what is wrong. The calls of transcripts are made with other values for one
 * operand, each on a copy of the machine as it was before the call. A refusal that the new value
 * brought about, or that names its register, must come with a sentence that names the new value.
 * And no sentence, its numbers aside, may come with two statuses.
 *
 * usage: reasons DIRECTORY [EVERY [SEED]]: of the files each EVERYth, of each leaf and status the
 * first calls in a file
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "../test_file.h"
#include "probe.h"
#include "replay/replay.h"

#define CALLS_OF_A_PAIR 2 /* in each file */

static bool before_call(void *opaque, struct seamless_machine *m, const struct transcript_event *e,
			const struct seamless_regs *in)
{
	struct prober *p = opaque;
	struct pair *pair = pair_of(p, e, e->call.out.gpr[0].lo);
	unsigned count;

	mutation_remember(&p->pool, in);
	if (e->kind == TRANSCRIPT_EXIT || !pair || pair->calls++ >= CALLS_OF_A_PAIR)
		return true;
	p->calls++;
	count = mutation_list(m, e, in, &p->pool, &p->seed, p->list);
	fflush(stdout); /* which a copy would otherwise write again */
	if (!probe_call(p, m, e, in, count))
		exit(2);
	judge_answers(p, e, count);
	return true;
}

/* ---- files ---- */

static bool probe_file(struct prober *p, const char *path)
{
	const struct replay_options options = { .before_call = before_call, .opaque = p };
	struct replay_counts counts = { 0 };
	char err[300] = "";
	size_t len;
	char *text = (char *)read_whole(path, &len);
	bool done;

	p->file = path;
	p->pool = (struct mutation_pool){ 0 };
	for (unsigned i = 0; i < p->pairs; i++)
		p->pair[i].calls = 0;
	done = text && replay_text(path, text, len, &options, &counts, err, sizeof(err)) &&
	       !counts.mismatches;
	free(text);
	if (!done)
		printf("%s: %s, %" PRIu64 " mismatches\n", path, err, counts.mismatches);
	return done;
}

static unsigned judged_pairs(const struct prober *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->pairs; i++)
		n += p->pair[i].judged;
	return n;
}

int main(int argc, char **argv)
{
	struct prober *p = calloc(1, sizeof(*p));
	struct replay_list files = { 0 };
	size_t every = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	char err[300];
	bool good = true;

	if (argc < 2 || !every || !p || !replay_list_add(&files, argv[1], err, sizeof(err))) {
		fprintf(stderr, "usage: reasons DIRECTORY [EVERY [SEED]]\n");
		return 2;
	}
	p->seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	p->answer = mmap(NULL, (MUTATIONS_MAX + 1) * sizeof(*p->answer), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = p->seed % every; good && i < files.count; i += every)
		good = probe_file(p, files.path[i]);
	printf("%lu calls made with other operands: %lu refusals, of %lu the cause is known (%u "
	       "pairs of leaf and status), "
	       "%lu wrong\n",
	       p->calls, p->refusals, p->judged, judged_pairs(p), p->wrong);
	good = good && !p->wrong && p->judged;
	replay_list_free(&files);
	free(p);
	return !good;
}
