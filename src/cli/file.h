/* SPDX-License-Identifier: MIT */
/*
 * Whole files in memory, for verbs that examine one.
 */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stddef.h>

#include "formats/encoding.h"

struct file {
	char *bytes; /* never NULL after a successful read; a NUL follows the last byte */
	size_t size;
};

/*
 * Reads a file, a pipe, or standard input for "-", of at most `max` bytes. 0, or -1 after saying
 * why on stderr. file_free() may be called on a zeroed structure.
 */
int file_read(struct file *file, const char *path, size_t max);

/* Hex or base64 becomes the bytes that it stands for. */
enum encoding file_decode(struct file *file);

void file_free(struct file *file);

#endif
