/* SPDX-License-Identifier: MIT */
/*
 * Reading options, with complaints in the command's own words.
 */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <getopt.h>

/* Beside the `val` of an option with a value: it may be given again. */
#define CLI_AGAIN 0x400

/*
 * getopt_long() for a verb, argv[0]. What it refuses is told on stderr, an unknown name with those
 * that are near it, an option whose value would replace another's; it then returns '?'. `letters`
 * begins with ':' or "+:". Values of options are below CLI_AGAIN.
 */
int cli_option(int argc, char **argv, const char *letters, const struct option *options);

#endif
