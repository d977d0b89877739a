// SPDX-License-Identifier: MIT
/*
 * `seamless replay`: replays transcripts and tells each difference.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fault_option.h"
#include "cli/file.h"
#include "cli/platform_option.h"
#include "replay/replay.h"

#define MAX_FILE (1u << 30)

static const char usage[] =
	"usage: seamless replay [--json] [--platform NAME|FILE] [--stop-at-first] "
	"[--fault RULE]\n"
	"                       [--fault-file FILE] FILE|DIRECTORY...\n"
	"\n"
	"Replays recorded transcripts (.tdx) on a fresh machine each and compares every answer.\n"
	"  --json           only {\"files\":N,\"calls\":N,\"mismatches\":N}\n"
	"  --platform P     built-in platform or platform file; without it the one that the\n"
	"                   transcript contains, or else 'transcripts'\n"
	"  --stop-at-first  leave a file at its first mismatch\n"
	"  --fault RULE     a fault that calls meet, on every machine: what differs then?\n"
	"  --fault-file FILE such rules, one a line (docs/faults.md)\n"
	"Exit status: 0 all as recorded, 1 differences, 2 wrong file or usage.\n";

struct settings {
	bool json, stop_at_first;
	const char *platform;
	struct fault_option faults;
	struct replay_list files;
};

static void print_difference(void *opaque, const struct replay_difference *d)
{
	(void)opaque;
	printf("%s:%u: %s%s%s: expected %s, got %s\n", d->file, d->line, d->label,
	       d->label[0] ? ": " : "", d->what, d->expected, d->got);
	if (d->reason[0])
		printf("    module: %s\n", d->reason);
}

static int fail(const char *message)
{
	fprintf(stderr, "seamless replay: %s\n", message);
	return CLI_USAGE;
}

/* A line on a terminal that is overwritten by the next. */
static void progress(size_t done, size_t all, const struct replay_counts *counts)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (done == all)
		fprintf(stderr, "\r%60s\r", "");
	else
		fprintf(stderr, "\r%zu of %zu files, %" PRIu64 " calls, %" PRIu64 " mismatches ",
			done, all, counts->calls, counts->mismatches);
}

static int replay_one(const char *path, const struct replay_options *options,
		      struct replay_counts *counts)
{
	struct file file = { 0 };
	char err[600];
	int result = CLI_DONE;

	if (file_read(&file, path, MAX_FILE))
		return CLI_USAGE;
	if (!replay_text(path, file.bytes, file.size, options, counts, err, sizeof(err)))
		result = err[0] ? fail(err) : CLI_USAGE;
	file_free(&file);
	return result;
}

static int replay_all(const struct settings *s, const struct replay_options *options)
{
	struct replay_counts counts = { 0 };
	int result = CLI_DONE;

	for (size_t i = 0; i < s->files.count; i++) {
		progress(i, s->files.count, &counts);
		if (replay_one(s->files.path[i], options, &counts))
			result = CLI_USAGE;
	}
	progress(s->files.count, s->files.count, &counts);
	printf(s->json ? "{\"files\":%" PRIu64 ",\"calls\":%" PRIu64 ",\"mismatches\":%" PRIu64
			 "}\n"
		       : "%" PRIu64 " files, %" PRIu64 " calls, %" PRIu64 " mismatches\n",
	       counts.files, counts.calls, counts.mismatches);
	if (result == CLI_DONE && counts.mismatches)
		result = CLI_WRONG;
	return result;
}

static bool add_faults(void *opaque, struct seamless_machine *machine)
{
	const struct settings *s = opaque;

	return fault_option_apply(&s->faults, machine) == 0;
}

static int replay_on_platform(const struct settings *s)
{
	struct replay_options options = {
		.platform = s->platform,
		.stop_at_first = s->stop_at_first,
		.difference = s->json ? NULL : print_difference,
		.machine = add_faults,
		.opaque = (void *)(uintptr_t)s,
	};
	struct file file = { 0 };
	int result = CLI_USAGE;

	if (s->platform)
		options.platform_text =
			cli_platform_text(s->platform, &options.platform_len, &file);
	if (!s->platform || options.platform_text)
		result = replay_all(s, &options);
	file_free(&file);
	return result;
}

/* Takes a word of the command line. False after a message. */
static bool take_word(struct settings *s, char **word, int *taken)
{
	char err[600];

	*taken = 1;
	if (!strcmp(word[0], "--json")) {
		s->json = true;
	} else if (!strcmp(word[0], "--stop-at-first")) {
		s->stop_at_first = true;
	} else if (!strcmp(word[0], "--platform") && word[1]) {
		s->platform = word[1];
		*taken = 2;
	} else if (!strcmp(word[0], "--fault") && word[1]) {
		*taken = 2;
		return fault_option_rule(&s->faults, word[1]) == 0;
	} else if (!strcmp(word[0], "--fault-file") && word[1]) {
		*taken = 2;
		return fault_option_file(&s->faults, word[1]) == 0;
	} else if (word[0][0] == '-' && word[0][1]) {
		snprintf(err, sizeof(err), "%s: unknown option, or its value is missing", word[0]);
		return fail(err) == CLI_DONE;
	} else if (!replay_list_add(&s->files, word[0], err, sizeof(err))) {
		return fail(err) == CLI_DONE;
	}
	return true;
}

static int run(int argc, char **argv)
{
	struct settings s = { 0 };
	int result = CLI_USAGE, taken = 1;
	bool good = true;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return CLI_DONE;
	}
	for (int at = 1; at < argc && good; at += taken)
		good = take_word(&s, argv + at, &taken);
	if (good && !s.files.count)
		fputs(usage, stderr);
	else if (good)
		result = replay_on_platform(&s);
	replay_list_free(&s.files);
	return result;
}

const struct cli_verb verb_replay = {
	.name = "replay",
	.summary = "replays recorded transcripts and tells each difference",
	.run = run,
};
