/* SPDX-License-Identifier: MIT */
/*
 * Which platform a verb runs on: a built-in one by name or a platform file.
 */
#ifndef CLI_RUN_PLATFORM_H
#define CLI_RUN_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "seamless/seamless.h"

struct run_platform_want {
	const char *name;  /* of a built-in platform, or the path of a platform file; NULL:
			      "default", grown as needed */
	uint64_t memory;   /* bytes that TDs must find on it; used with name NULL */
	unsigned lps;	   /* likewise logical processors */
	bool counted_time; /* its TSC counts instructions, one a nanosecond; used with name NULL */
};

/* Creates the machine, or says why not on stderr and returns NULL. */
struct seamless_machine *run_platform_create(const struct run_platform_want *want);

#endif
