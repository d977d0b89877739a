// SPDX-License-Identifier: MIT
/*
 * `seamless replay`: replays transcripts and tells each difference.
 */
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fault_option.h"
#include "cli/file.h"
#include "cli/file_roles.h"
#include "cli/option.h"
#include "cli/platform_option.h"
#include "cli/strict_option.h"
#include "replay/replay.h"
#include "replay/transcript.h"

#define MAX_FILE (1u << 30)

static const char usage[] =
	"usage: seamless replay [--json] [--platform NAME|FILE] [--stop-at-first] "
	"[--fault RULE]\n"
	"                       [--fault-file FILE] [--strict-memory[=continue]]\n"
	"                       [--snapshot-at LINE:FILE] [--restore FILE] FILE|DIRECTORY...\n"
	"\n"
	"Replays recorded transcripts (.tdx) on a fresh machine each and compares every answer.\n"
	"  --json           only {\"files\":N,\"calls\":N,\"mismatches\":N}\n"
	"  --platform P     built-in platform or platform file; without it the one that the\n"
	"                   transcript contains, or else 'transcripts'\n"
	"  --stop-at-first  leave a file at its first mismatch\n"
	"  --fault RULE     a fault that calls meet, on every machine: what differs then?\n"
	"  --fault-file FILE such rules, one a line (docs/faults.md)\n"
	"  --strict-memory[=continue]  report what the recorded host does wrong with pages of TDs, "
	"and\n"
	"                   where, and end at the first mistake with status 1, or go on\n"
	"  --snapshot-at LINE:FILE  write a snapshot of the machine as it is before that line\n"
	"  --restore FILE   begin with such a snapshot, at its line, which is made next\n"
	"Exit status: 0 all as recorded, 1 differences or mistakes, 2 wrong file or usage.\n";

struct settings {
	bool json, stop_at_first;
	const char *platform;
	struct fault_option faults;
	struct strict_option strict;
	const char *snapshot_file, *begin_name;
	unsigned snapshot_line;
	struct seamless_snapshot *begin;
	bool mistaken;
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

static int replay_all(struct settings *s, const struct replay_options *options)
{
	struct replay_counts counts = { 0 };
	int result = CLI_DONE;

	for (size_t i = 0; i < s->files.count; i++) {
		progress(i, s->files.count, &counts);
		s->strict.file = s->files.path[i];
		if (replay_one(s->files.path[i], options, &counts))
			result = CLI_USAGE;
	}
	progress(s->files.count, s->files.count, &counts);
	printf(s->json ? "{\"files\":%" PRIu64 ",\"calls\":%" PRIu64 ",\"mismatches\":%" PRIu64
			 "}\n"
		       : "%" PRIu64 " files, %" PRIu64 " calls, %" PRIu64 " mismatches\n",
	       counts.files, counts.calls, counts.mismatches);
	if (result == CLI_DONE && (counts.mismatches || s->mistaken))
		result = CLI_WRONG;
	return result;
}

static bool prepare_machine(void *opaque, struct seamless_machine *machine)
{
	struct settings *s = opaque;

	return !fault_option_apply(&s->faults, machine) &&
	       !strict_option_start(&s->strict, machine);
}

static struct seamless_machine *note_line(void *opaque, struct seamless_machine *machine,
					  const struct transcript_event *event)
{
	struct settings *s = opaque;

	s->strict.line = event->line;
	return machine;
}

static void end_machine(void *opaque, struct seamless_machine *machine)
{
	struct settings *s = opaque;

	s->mistaken |= strict_option_stop(&s->strict, machine);
}

static int replay_on_platform(struct settings *s)
{
	struct replay_options options = {
		.platform = s->platform,
		.stop_at_first = s->stop_at_first,
		.snapshot_file = s->snapshot_file,
		.snapshot_line = s->snapshot_line,
		.begin = s->begin,
		.begin_name = s->begin_name,
		.difference = s->json ? NULL : print_difference,
		.machine = prepare_machine,
		.machine_ends = end_machine,
		.before_event = note_line,
		.opaque = s,
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

/* LINE:FILE */
static int take_snapshot(struct settings *s)
{
	char *file;
	unsigned long line = strtoul(optarg, &file, 10);

	if (!isdigit((unsigned char)optarg[0]) || *file != ':' || !file[1] || !line ||
	    line > UINT_MAX)
		fprintf(stderr,
			"seamless replay: --snapshot-at: '%s' is not LINE:FILE, lines from 1\n",
			optarg);
	else {
		s->snapshot_file = file + 1;
		s->snapshot_line = (unsigned)line;
		return 0;
	}
	return -1;
}

static int take_option(struct settings *s, int option)
{
	switch (option) {
	case 'j': s->json = true; return 0;
	case 's': s->stop_at_first = true; return 0;
	case 'p': s->platform = optarg; return 0;
	case 'f': return fault_option_rule(&s->faults, optarg);
	case 'F': return fault_option_file(&s->faults, optarg);
	case 'm': return strict_option_parse(&s->strict, "replay", optarg);
	case 'a': return take_snapshot(s);
	case 'r': s->begin_name = optarg; return 0;
	default: return -1;
	}
}

/* -1: go on; else the exit status. */
static int read_options(struct settings *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "stop-at-first", no_argument, NULL, 's' },
		{ "platform", required_argument, NULL, 'p' },
		{ "fault", required_argument, NULL, 'f' | CLI_AGAIN },
		{ "fault-file", required_argument, NULL, 'F' | CLI_AGAIN },
		{ "strict-memory", optional_argument, NULL, 'm' },
		{ "snapshot-at", required_argument, NULL, 'a' },
		{ "restore", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int c;

	while ((c = cli_option(argc, argv, ":h", options)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return CLI_DONE;
		}
		if (take_option(s, c))
			return CLI_USAGE;
	}
	if (optind < argc)
		return -1;
	return cli_missing("replay", "FILE or DIRECTORY");
}

/* Snapshots are of one transcript. -1: go on; else the exit status. */
static int prepare_snapshots(struct settings *s)
{
	char err[600];

	if (!s->snapshot_file && !s->begin_name)
		return -1;
	if (s->files.count != 1)
		return fail("a snapshot is of one transcript, more are given");
	if (!s->begin_name)
		return -1;
	if (s->platform)
		return fail("--restore: the platform is the snapshot's, --platform gives another");
	s->begin = seamless_snapshot_load(s->begin_name, err, sizeof(err));
	return s->begin ? -1 : fail(err);
}

static int check_files(const struct settings *s)
{
	struct file_roles roles = { 0 };

	if (!s->snapshot_file)
		return 0;
	file_roles_output(&roles, "--snapshot-at", s->snapshot_file);
	file_roles_input(&roles, "--restore", s->begin_name);
	cli_platform_role(s->platform, &roles);
	fault_option_roles(&s->faults, &roles);
	for (size_t i = 0; i < s->files.count; i++)
		file_roles_input(&roles, "the transcript", s->files.path[i]);
	return file_roles_check(&roles, "replay");
}

static int run(int argc, char **argv)
{
	struct settings s = { 0 };
	int result = read_options(&s, argc, argv);
	char err[600];

	for (; result < 0 && optind < argc; optind++) {
		if (!replay_list_add(&s.files, argv[optind], err, sizeof(err)))
			result = fail(err);
	}
	if (result < 0 && check_files(&s))
		result = CLI_USAGE;
	if (result < 0)
		result = prepare_snapshots(&s);
	if (result < 0)
		result = replay_on_platform(&s);
	seamless_snapshot_free(s.begin);
	replay_list_free(&s.files);
	return result;
}

const struct cli_verb verb_replay = {
	.name = "replay",
	.summary = "replays recorded transcripts and tells each difference",
	.run = run,
};
