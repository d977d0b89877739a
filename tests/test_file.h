/* SPDX-License-Identifier: MIT */
/* Files that tests read: whole into memory. */
#ifndef TESTS_TEST_FILE_H
#define TESTS_TEST_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Reads a file, with a 0 behind it; NULL when it can't be. The caller frees. */
static inline uint8_t *read_whole(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long end;

	*size = 0;
	if (!f)
		return NULL;
	if (!fseek(f, 0, SEEK_END) && (end = ftell(f)) >= 0 && !fseek(f, 0, SEEK_SET)) {
		*size = (size_t)end;
		bytes = calloc(1, *size + 1);
		if (bytes && fread(bytes, 1, *size, f) != *size) {
			free(bytes);
			bytes = NULL;
		}
	}
	fclose(f);
	return bytes;
}

/* A file of a folder. */
static inline uint8_t *read_in(const char *dir, const char *name, size_t *size)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return read_whole(path, size);
}

#endif
