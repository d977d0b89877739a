// SPDX-License-Identifier: MIT
/*
 * The platform files that come with the library.
 */
#include <string.h>

#include "platform/builtin.h"
#include "platform/config.h"

const char *platform_builtin(const char *name, size_t *len)
{
	for (const struct builtin_platform *b = builtin_platforms; b->name; b++) {
		if (strcmp(b->name, name) == 0) {
			*len = strlen(b->text);
			return b->text;
		}
	}
	return NULL;
}
