// SPDX-License-Identifier: MIT
/*
 * The `seamless` command: finds the verb, hands it the rest of the line. One file per verb.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "explain/suggest.h"

static const struct cli_verb *const verbs[] = {
	&verb_decode, &verb_leaf, &verb_measure, &verb_replay, &verb_exec,
	&verb_verify, &verb_run,  &verb_bench,	 NULL,
};

int cli_no_memory(const char *who)
{
	fprintf(stderr, "seamless %s: out of memory\n", who);
	return CLI_USAGE;
}

int cli_missing(const char *verb, const char *what)
{
	fprintf(stderr, "seamless %s: give %s; `seamless help %s` tells more\n", verb, what, verb);
	return CLI_USAGE;
}

static void usage(FILE *out)
{
	fputs("usage: seamless VERB [OPTIONS] [ARGUMENTS]\n\n", out);
	for (size_t i = 0; verbs[i]; i++)
		fprintf(out, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\n`seamless help VERB` tells the rest; `seamless --version` says which it is.\n",
	      out);
}

static int no_such_verb(const char *name)
{
	struct suggest s = suggest_start(name);
	char near[80];

	for (size_t i = 0; verbs[i]; i++)
		suggest_offer(&s, verbs[i]->name);
	if (suggest_text(&s, near, sizeof(near)))
		fprintf(stderr, "seamless: no verb '%s': did you mean %s?\n", name, near);
	else
		fprintf(stderr, "seamless: no verb '%s'; `seamless --help` lists them\n", name);
	return CLI_USAGE;
}

static int run_verb(int argc, char **argv)
{
	for (size_t i = 0; verbs[i]; i++) {
		if (!strcmp(argv[0], verbs[i]->name))
			return verbs[i]->run(argc, argv);
	}
	return no_such_verb(argv[0]);
}

static int too_many(const char *word, const char *expected)
{
	fprintf(stderr, "seamless: '%s': %s\n", word, expected);
	return CLI_USAGE;
}

static int help(int argc, char **argv)
{
	char option[] = "--help";
	char *line[] = { argv[0], option, NULL };

	if (argc > 1)
		return too_many(argv[1], "one VERB at a time");
	if (argc)
		return run_verb(2, line);
	usage(stdout);
	return CLI_DONE;
}

static int version(int argc, char **argv)
{
	if (argc)
		return too_many(argv[0], "--version stands alone");
	puts("seamless " CLI_VERSION "\nABI: TDX module " CLI_ABI_VERSION);
	return CLI_DONE;
}

/* No file that is opened may become a standard stream which the caller has closed. */
static void hold_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
	}
}

/* Results that did not reach standard output are no results. */
static int flushed(int status)
{
	bool lost = ferror(stdout);

	errno = 0;
	if (!fflush(stdout) && !lost)
		return status;
	fprintf(stderr, "seamless: standard output: %s\n",
		errno ? strerror(errno) : "not all of it could be written");
	return CLI_USAGE;
}

static int run_command(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--version"))
		return version(argc - 2, argv + 2);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help(argc - 2, argv + 2);
	return run_verb(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	hold_standard_streams();
	return flushed(run_command(argc, argv));
}
