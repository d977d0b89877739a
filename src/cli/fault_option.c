// SPDX-License-Identifier: MIT
/*
 * Fault rules from the command line.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/fault_option.h"
#include "cli/file.h"

#define MAX_FILE (1u << 20)

static int take(struct fault_option *option, bool file, const char *text)
{
	if (option->count == FAULT_OPTIONS) {
		fprintf(stderr, "seamless: more than %d times --fault and --fault-file\n",
			FAULT_OPTIONS);
		return -1;
	}
	option->given[option->count].file = file;
	option->given[option->count++].text = text;
	return 0;
}

int fault_option_rule(struct fault_option *option, const char *rule)
{
	char err[1000];

	if (seamless_fault_check(rule, err, sizeof(err)))
		return take(option, false, rule);
	fprintf(stderr, "seamless: --fault \"%s\": %s\n", rule, err);
	return -1;
}

int fault_option_file(struct fault_option *option, const char *path)
{
	return take(option, true, path);
}

void fault_option_roles(const struct fault_option *option, struct file_roles *roles)
{
	for (size_t i = 0; i < option->count; i++) {
		if (option->given[i].file)
			file_roles_input(roles, "--fault-file", option->given[i].text);
	}
}

static int load(struct seamless_machine *machine, const char *path)
{
	struct file file = { 0 };
	char err[1200];
	bool good;

	if (file_read(&file, path, MAX_FILE))
		return -1;
	good = seamless_fault_load(machine, path, (const char *)file.bytes, file.size, err,
				   sizeof(err));
	if (!good)
		fprintf(stderr, "seamless: %s\n", err);
	file_free(&file);
	return good ? 0 : -1;
}

static int add(struct seamless_machine *machine, const char *rule)
{
	char err[1000];

	if (seamless_fault_add(machine, rule, err, sizeof(err)))
		return 0;
	fprintf(stderr, "seamless: --fault \"%s\": %s\n", rule, err);
	return -1;
}

int fault_option_apply(const struct fault_option *option, struct seamless_machine *machine)
{
	for (size_t i = 0; i < option->count; i++) {
		const char *text = option->given[i].text;

		if (option->given[i].file ? load(machine, text) : add(machine, text))
			return -1;
	}
	return 0;
}

void fault_option_report(struct seamless_machine *machine)
{
	for (struct seamless_fault *f = seamless_fault_next(machine, NULL); f;
	     f = seamless_fault_next(machine, f))
		fprintf(stderr,
			"seamless: fault \"%s\": happened to %" PRIu64 " of %" PRIu64 " calls\n",
			seamless_fault_text(f), seamless_fault_happened(machine, f),
			seamless_fault_seen(machine, f));
}
