// SPDX-License-Identifier: MIT
/*
 * Sizes and counts on the command line.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/boot_option.h"

int cli_memory_size(const char *text, uint64_t *size)
{
	char *end;
	unsigned long long number = strtoull(text, &end, 10); /* all ones: too large a number */
	uint64_t unit = *end == 'G' || *end == 'g' ? 1024 * MIB : MIB;

	if (!isdigit((unsigned char)text[0]) || (*end && (!strchr("MmGg", *end) || end[1])))
		return -1;
	if (!number || number > MAX_MEMORY / unit)
		return -1;
	*size = number * unit;
	return 0;
}

int cli_count(const char *text, uint64_t max, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return !isdigit((unsigned char)text[0]) || *end || errno || !*number || *number > max ? -1
											      : 0;
}
