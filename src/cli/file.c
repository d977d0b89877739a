// SPDX-License-Identifier: MIT
/*
 * Reads whole files.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"

#define FIRST_ROOM 65536

static int complain(const char *path, const char *why)
{
	fprintf(stderr, "seamless: %s: %s\n", *path ? path : "''", why);
	return -1;
}

/* Room for more bytes and a NUL, up to one byte beyond `max`, so that a longer file shows. */
static int grow(struct file *file, size_t *room, size_t max)
{
	size_t more = *room ? *room * 2 : FIRST_ROOM;
	char *bytes;

	if (more > max + 1)
		more = max + 1;
	bytes = realloc(file->bytes, more + 1);
	if (!bytes)
		return -1;
	file->bytes = bytes;
	*room = more;
	return 0;
}

static int complain_size(const char *path, size_t max)
{
	char text[60];

	snprintf(text, sizeof(text), "too large: more than %zu bytes", max);
	return complain(path, text);
}

static int read_stream(struct file *file, FILE *f, const char *path, size_t max)
{
	size_t room = 0;

	do {
		if (file->size == room && grow(file, &room, max))
			return complain(path, "out of memory");
		file->size += fread(file->bytes + file->size, 1, room - file->size, f);
		if (file->size > max)
			return complain_size(path, max);
	} while (!feof(f) && !ferror(f));
	if (ferror(f))
		return complain(path, strerror(errno));
	file->bytes[file->size] = 0;
	return 0;
}

int file_read(struct file *file, const char *path, size_t max)
{
	static bool stdin_read;
	bool is_stdin = !strcmp(path, "-");
	FILE *f = is_stdin ? stdin : fopen(path, "rb");
	int failed;

	*file = (struct file){ NULL, 0 };
	if (is_stdin && stdin_read)
		return complain(path, "standard input is read already, for another file");
	stdin_read |= is_stdin;
	if (!f)
		return complain(path, strerror(errno));
	failed = read_stream(file, f, path, max);
	if (f != stdin)
		fclose(f);
	if (failed)
		file_free(file);
	return failed;
}

enum encoding file_decode(struct file *file)
{
	enum encoding encoding = encoding_decode((uint8_t *)file->bytes, &file->size);

	file->bytes[file->size] = 0;
	return encoding;
}

void file_free(struct file *file)
{
	free(file->bytes);
	*file = (struct file){ NULL, 0 };
}
