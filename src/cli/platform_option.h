/* SPDX-License-Identifier: MIT */
/* The --platform option: a built-in platform's name or a file. */
#ifndef CLI_PLATFORM_OPTION_H
#define CLI_PLATFORM_OPTION_H

#include <stddef.h>

#include "cli/file.h"
#include "cli/file_roles.h"

/* Finds the text of a platform; it may lie in *file, to be freed with file_free(). NULL after a
 * message. */
const char *cli_platform_text(const char *name_or_file, size_t *len, struct file *file);

/* The file, if it is one. */
void cli_platform_role(const char *name_or_file, struct file_roles *roles);

#endif
