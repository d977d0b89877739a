// SPDX-License-Identifier: MIT
/*
 * Reads options.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/option.h"
#include "explain/suggest.h"

#define MAX_OPTIONS 32

/* An option's name as it is typed; longer ones are cut. */
typedef char option_name[24];

/* "--name" of "--name=value". */
static void name_in(const char *word, option_name name)
{
	snprintf(name, sizeof(option_name), "%.*s", (int)strcspn(word, "="), word);
}

static void unknown(const char *verb, const char *word, const struct option *options)
{
	option_name wanted, names[MAX_OPTIONS];
	struct suggest s;
	char near[100];

	name_in(word, wanted);
	s = suggest_start(wanted);
	for (size_t i = 0; options[i].name && i < MAX_OPTIONS; i++) {
		snprintf(names[i], sizeof(names[i]), "--%s", options[i].name);
		suggest_offer(&s, names[i]);
	}
	if (suggest_text(&s, near, sizeof(near)))
		fprintf(stderr, "seamless %s: no option '%s': did you mean %s?\n", verb, wanted,
			near);
	else
		fprintf(stderr, "seamless %s: no option '%s'; `seamless help %s` lists them\n",
			verb, wanted, verb);
}

static void complain(char **argv, bool missing, const struct option *options)
{
	const char *word = argv[optind - 1];
	option_name name;

	if (word[1] != '-' && optopt)
		snprintf(name, sizeof(name), "-%c", optopt);
	else
		name_in(word, name);
	if (missing)
		fprintf(stderr, "seamless %s: option '%s' takes a value\n", argv[0], name);
	else if (word[1] == '-' && optopt)
		fprintf(stderr, "seamless %s: option '%s' takes no value\n", argv[0], name);
	else
		unknown(argv[0], name, options);
}

int cli_option(int argc, char **argv, const char *letters, const struct option *options)
{
	int c;

	opterr = 0;
	c = getopt_long(argc, argv, letters, options, NULL);
	if (c != '?' && c != ':')
		return c;
	complain(argv, c == ':', options);
	return '?';
}
