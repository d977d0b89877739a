/* SPDX-License-Identifier: MIT */
/* --fault RULE and --fault-file FILE: faults that the machine's calls meet (seamless/fault.h). */
#ifndef CLI_FAULT_OPTION_H
#define CLI_FAULT_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/file_roles.h"
#include "seamless/seamless.h"

#define FAULT_OPTIONS 64

#define FAULT_USAGE                                                                                \
	"  --fault RULE      a fault that calls meet, as \"TDH.MEM.TRACK OPERAND_BUSY nth=2\"; "   \
	"may be "                                                                                  \
	"given again\n"                                                                            \
	"  --fault-file FILE such rules, one a line (docs/faults.md)\n"

struct fault_option {
	struct {
		bool file;
		const char *text;
	} given[FAULT_OPTIONS];
	size_t count;
};

/* Takes an option. Returns 0, or -1 after saying on stderr what is wrong with the rule. */
int fault_option_rule(struct fault_option *option, const char *rule);
int fault_option_file(struct fault_option *option, const char *path);

/* The files with rules. */
void fault_option_roles(const struct fault_option *option, struct file_roles *roles);

/* Adds all of them to a machine. Returns 0, or -1 after saying why not on stderr. */
int fault_option_apply(const struct fault_option *option, struct seamless_machine *machine);

/* Tells on stderr what each rule did. */
void fault_option_report(struct seamless_machine *machine);

#endif
