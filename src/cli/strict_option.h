/* SPDX-License-Identifier: MIT */
/* --strict-memory[=continue]: the memory sanitizer for what a command does with its machine. */
#ifndef CLI_STRICT_OPTION_H
#define CLI_STRICT_OPTION_H

#include <stdbool.h>

#include "seamless/seamless.h"

struct strict_option {
	bool on;
	bool goes_on; /* after the first report, which otherwise ends the process with status 1 */
	const char *file; /* NULL, or where the host's doing is written: reports begin with it */
	unsigned line;
};

/* The option of the verb, text NULL: without one. 0, or -1 after saying on stderr what is wrong. */
int strict_option_parse(struct strict_option *option, const char *verb, const char *text);
/* 0, or -1 after saying why on stderr. Does nothing without the option. */
int strict_option_start(struct strict_option *option, struct seamless_machine *machine);
/* Before the machine is destroyed. True: something was reported. */
bool strict_option_stop(const struct strict_option *option, struct seamless_machine *machine);

#endif
