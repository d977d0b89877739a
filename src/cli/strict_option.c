// SPDX-License-Identifier: MIT
/*
 * Reports of the memory sanitizer on stderr.
 */
#include "cli/strict_option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

int strict_option_parse(struct strict_option *option, const char *verb, const char *text)
{
	option->on = true;
	option->goes_on = text && !strcmp(text, "continue");
	if (!text || option->goes_on)
		return 0;
	fprintf(stderr, "seamless %s: --strict-memory: '%s' is not 'continue'\n", verb, text);
	return -1;
}

/* As other sanitizers do: what follows a mistake is not worth looking at, unless somebody wants to.
 */
static void tell(void *opaque, const struct seamless_strict_report *report)
{
	const struct strict_option *option = opaque;

	fflush(stdout);
	if (option->file)
		fprintf(stderr, "%s:%u:\n", option->file, option->line);
	fputs(report->text, stderr);
	if (!option->goes_on)
		exit(CLI_WRONG);
}

int strict_option_start(struct strict_option *option, struct seamless_machine *machine)
{
	if (!option->on || seamless_strict_start(machine, tell, option))
		return 0;
	fputs("seamless: --strict-memory: out of memory\n", stderr);
	return -1;
}

bool strict_option_stop(const struct strict_option *option, struct seamless_machine *machine)
{
	uint64_t reports = option->on ? seamless_strict_stop(machine) : 0;

	if (reports)
		fprintf(stderr, "seamless: --strict-memory: %llu reports\n",
			(unsigned long long)reports);
	return reports;
}
