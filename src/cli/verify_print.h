/* SPDX-License-Identifier: MIT */
/*
 * What `seamless verify` shows.
 */
#ifndef CLI_VERIFY_PRINT_H
#define CLI_VERIFY_PRINT_H

#include "attest/verify.h"

/* For a person: the fields by name, then each link on a line of its own, then the verdict. */
void verify_print(const char *path, const struct attest_result *result);

/* For a program: {"file", "kind", "verified", "fields": {}, "links": [{"name", "verdict",
 * "text"}]}. */
int verify_print_json(const char *path, const struct attest_result *result);

#endif
