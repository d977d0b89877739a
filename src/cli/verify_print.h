/* SPDX-License-Identifier: MIT */
/*
 * What `seamless verify` shows.
 */
#ifndef CLI_VERIFY_PRINT_H
#define CLI_VERIFY_PRINT_H

#include <stdio.h>

#include "attest/verify.h"

/* Each link on a line of its own, after `before`. */
void verify_print_links(FILE *out, const char *before, const struct attest_links *links);

/*
 * For a person: the fields by name, the events where the file is a log, then each link on a line of
 * its own, then the verdict. `log` is the event log that was replayed, if any.
 */
void verify_print(const char *path, const struct attest_result *result, struct attest_blob log);

/* For a program: {"file", "kind", "verified", "fields": {}, "events": [{"offset", "register",
 * "type", "sha384", "text"}], "links": [{"name", "verdict", "text"}]}; events only with a log. */
int verify_print_json(const char *path, const struct attest_result *result, struct attest_blob log);

#endif
