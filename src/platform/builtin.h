/* SPDX-License-Identifier: MIT */
/* The table that platforms/embed.py makes of platforms/NAME.conf; a row of zeros ends it. */
#ifndef PLATFORM_BUILTIN_H
#define PLATFORM_BUILTIN_H

struct builtin_platform {
	const char *name, *text;
};

extern const struct builtin_platform builtin_platforms[];

#endif
