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

/* The long option of a value, which letters share; NULL. */
static const struct option *find(const struct option *options, int value)
{
	for (; options->name; options++) {
		if ((options->val & ~CLI_AGAIN) == value)
			return options;
	}
	return NULL;
}

/* An option without a value says nothing else when it is said twice. */
static bool is_again(const char *verb, const struct option *option)
{
	static bool seen[CLI_AGAIN];
	bool again;

	if (!option || option->has_arg == no_argument || option->val & CLI_AGAIN)
		return false;
	again = seen[option->val];
	seen[option->val] = true;
	if (again)
		fprintf(stderr, "seamless %s: option '--%s' is given twice\n", verb, option->name);
	return again;
}

int cli_option(int argc, char **argv, const char *letters, const struct option *options)
{
	int c;

	opterr = 0;
	c = getopt_long(argc, argv, letters, options, NULL);
	if (c == -1)
		return c;
	c &= ~CLI_AGAIN;
	if (c != '?' && c != ':')
		return is_again(argv[0], find(options, c)) ? '?' : c;
	complain(argv, c == ':', options);
	return '?';
}
