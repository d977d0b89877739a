/* SPDX-License-Identifier: MIT */
/*
 * The files that a command line names. No output may be another output, or an input: one of the
 * two would be lost without a word.
 */
#ifndef CLI_FILE_ROLES_H
#define CLI_FILE_ROLES_H

#include <stdbool.h>
#include <stddef.h>

struct file_role;

struct file_roles {
	struct file_role *role;
	size_t count, room;
	bool no_memory;
};

/*
 * `option` is what messages call it. A path that is empty is refused, too; one of NULL is ignored,
 * and so is what is no regular file (/dev/null, a pipe). Strings stay the caller's. "-" is standard
 * input.
 */
void file_roles_input(struct file_roles *roles, const char *option, const char *path);
void file_roles_output(struct file_roles *roles, const char *option, const char *path);
/* A file in a folder, which may not be there yet. */
void file_roles_output_in(struct file_roles *roles, const char *option, const char *folder,
			  const char *name);

/*
 * 0, or -1 after saying on stderr what is named twice. Standard output and standard error are
 * outputs, too. Frees what was collected.
 */
int file_roles_check(struct file_roles *roles, const char *verb);

#endif
