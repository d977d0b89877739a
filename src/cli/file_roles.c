// SPDX-License-Identifier: MIT
/*
 * Files by what they are, not by what they are called.
 */
#include "cli/file_roles.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

enum role { INPUT, OUTPUT, STREAM };

struct file_role {
	enum role role;
	const char *option;
	const char *folder, *path; /* folder NULL: the path is all of it */
	bool known;		   /* are the next three? */
	dev_t device;
	ino_t inode;
	const char *name; /* in that directory, of a file that is not there yet; or NULL */
};

static void full_path(const struct file_role *f, char path[PATH_MAX])
{
	if (f->folder)
		snprintf(path, PATH_MAX, "%s/%s", f->folder, f->path);
	else
		snprintf(path, PATH_MAX, "%s", f->path);
}

/* A file that is not there yet is a name in a directory. */
static int find_parent(struct file_role *f, char path[PATH_MAX], struct stat *found)
{
	const char *slash = strrchr(f->path, '/');
	char *end = strrchr(path, '/');

	f->name = slash ? slash + 1 : f->path;
	if (!end)
		return stat(".", found);
	end[end == path] = 0;
	return stat(path, found);
}

static void identify(struct file_role *f)
{
	char path[PATH_MAX];
	struct stat found = { 0 };

	full_path(f, path);
	if (!stat(path, &found))
		f->known = S_ISREG(found.st_mode);
	else
		f->known = errno == ENOENT && !find_parent(f, path, &found);
	f->device = found.st_dev;
	f->inode = found.st_ino;
}

static void identify_stream(struct file_role *f, int fd)
{
	struct stat found = { 0 };

	f->known = !fstat(fd, &found) && S_ISREG(found.st_mode);
	f->device = found.st_dev;
	f->inode = found.st_ino;
}

static struct file_role *add(struct file_roles *roles, struct file_role what)
{
	size_t room = roles->count < roles->room ? roles->room : 2 * roles->room + 16;
	struct file_role *all = roles->role;

	if (room > roles->room)
		all = realloc(all, room * sizeof(*all));
	if (!all) {
		roles->no_memory = true;
		return NULL;
	}
	roles->role = all;
	roles->room = room;
	all[roles->count] = what;
	return &all[roles->count++];
}

static void add_path(struct file_roles *roles, struct file_role what)
{
	struct file_role *f = what.path ? add(roles, what) : NULL;

	if (f)
		identify(f);
}

static void add_stream(struct file_roles *roles, enum role role, const char *name, int fd)
{
	struct file_role *f = add(roles, (struct file_role){ .role = role, .option = name });

	if (f)
		identify_stream(f, fd);
}

void file_roles_input(struct file_roles *roles, const char *option, const char *path)
{
	if (path && !strcmp(path, "-"))
		add_stream(roles, INPUT, "standard input", STDIN_FILENO);
	else
		add_path(roles,
			 (struct file_role){ .role = INPUT, .option = option, .path = path });
}

void file_roles_output(struct file_roles *roles, const char *option, const char *path)
{
	add_path(roles, (struct file_role){ .role = OUTPUT, .option = option, .path = path });
}

void file_roles_output_in(struct file_roles *roles, const char *option, const char *folder,
			  const char *name)
{
	if (folder)
		add_path(roles, (struct file_role){
					.role = OUTPUT,
					.option = option,
					.folder = folder,
					.path = name,
				});
}

/* Neither exists, nor does the directory: then the names count. */
static bool same_text(const struct file_role *a, const struct file_role *b)
{
	char one[PATH_MAX], other[PATH_MAX];

	if (a->known || b->known || !a->path || !b->path)
		return false;
	full_path(a, one);
	full_path(b, other);
	return !strcmp(one, other) && access(one, F_OK);
}

static bool same(const struct file_role *a, const struct file_role *b)
{
	if (!a->known || !b->known)
		return same_text(a, b);
	if (a->device != b->device || a->inode != b->inode || !a->name != !b->name)
		return false;
	return !a->name || !strcmp(a->name, b->name);
}

static int complain(const char *verb, const struct file_role *output, const struct file_role *other)
{
	char path[PATH_MAX];

	full_path(output, path);
	fprintf(stderr, "seamless %s: %s: '%s' is the file of %s, too; %s\n", verb, output->option,
		path, other->option,
		other->role == INPUT ? "an input is not written over"
				     : "each output needs a file of its own");
	return -1;
}

static bool is_nameless(const struct file_role *f)
{
	return f->folder ? !*f->folder : f->path && !*f->path;
}

static int check(const struct file_roles *roles, const char *verb)
{
	for (size_t i = 0; i < roles->count; i++) {
		const struct file_role *output = &roles->role[i];

		if (is_nameless(output)) {
			fprintf(stderr, "seamless %s: %s: '' is no name of a file\n", verb,
				output->option);
			return -1;
		}
		for (size_t j = 0; output->role == OUTPUT && j < roles->count; j++) {
			if (j != i && same(output, &roles->role[j]))
				return complain(verb, output, &roles->role[j]);
		}
	}
	return 0;
}

int file_roles_check(struct file_roles *roles, const char *verb)
{
	int result = -1;

	add_stream(roles, STREAM, "standard output", STDOUT_FILENO);
	add_stream(roles, STREAM, "standard error", STDERR_FILENO);
	if (roles->no_memory)
		cli_no_memory(verb);
	else
		result = check(roles, verb);
	free(roles->role);
	*roles = (struct file_roles){ 0 };
	return result;
}
