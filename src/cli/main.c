// SPDX-License-Identifier: MIT
/*
 * The `seamless` command: finds the verb, hands it the rest of the line. One file per verb.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct cli_verb *const verbs[] = {
	&verb_decode,
	&verb_leaf,
	&verb_measure,
	&verb_replay,
	&verb_exec,
	&verb_verify,
	&verb_run,
	&verb_bench,
	NULL,
};

static void usage(FILE *out)
{
	fputs("usage: seamless VERB [OPTIONS] [ARGUMENTS]\n\n", out);
	for (size_t i = 0; verbs[i]; i++)
		fprintf(out, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\n`seamless VERB --help` tells the rest.\n", out);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return CLI_DONE;
	}
	for (size_t i = 0; verbs[i]; i++) {
		if (!strcmp(argv[1], verbs[i]->name))
			return verbs[i]->run(argc - 1, argv + 1);
	}
	fprintf(stderr, "seamless: no verb '%s'; `seamless --help` lists them\n", argv[1]);
	return CLI_USAGE;
}
