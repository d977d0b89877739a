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

/* For a person: the fields by name, then each link on a line of its own, then the verdict. */
void verify_print(const char *path, const struct attest_result *result);

/* For a program: {"file", "kind", "verified", "fields": {}, "links": [{"name", "verdict",
 * "text"}]}. */
int verify_print_json(const char *path, const struct attest_result *result);

#endif
