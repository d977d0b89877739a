/* SPDX-License-Identifier: MIT */
/*
 * Reading options, with complaints in the command's own words.
 */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <getopt.h>

/*
 * getopt_long() for a verb, argv[0]. What it refuses is told on stderr, an unknown name with those
 * that are near it; it then returns '?'. `letters` begins with ':' or "+:".
 */
int cli_option(int argc, char **argv, const char *letters, const struct option *options);

#endif
