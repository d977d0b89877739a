// SPDX-License-Identifier: MIT
/*
 * A platform by name, or else by file.
 */
#include "cli/platform_option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "seamless/seamless.h"

#define MAX_FILE (1u << 20)

void cli_platform_role(const char *name_or_file, struct file_roles *roles)
{
	size_t len;

	if (name_or_file && !seamless_platform_text(name_or_file, &len))
		file_roles_input(roles, "--platform", name_or_file);
}

const char *cli_platform_text(const char *name_or_file, size_t *len, struct file *file)
{
	const char *text = seamless_platform_text(name_or_file, len);

	if (text)
		return text;
	if (access(name_or_file, F_OK)) {
		fprintf(stderr,
			"seamless: --platform: '%s' is neither built in (default, transcripts) nor "
			"a "
			"file: %s\n",
			name_or_file, strerror(errno));
		return NULL;
	}
	if (file_read(file, name_or_file, MAX_FILE))
		return NULL;
	*len = file->size;
	return file->bytes;
}
