// SPDX-License-Identifier: MIT
/*
 * Finding transcript files.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "replay/replay.h"

#define MAX_DEPTH 16u

static bool failed(char *err, size_t err_len, const char *path, const char *why)
{
	snprintf(err, err_len, "%s: %s", path, why);
	return false;
}

static bool append(struct replay_list *list, const char *path)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		char **more = realloc(list->path, room * sizeof(*more));

		if (!more)
			return false;
		list->path = more;
		list->room = room;
	}
	list->path[list->count] = strdup(path);
	return list->path[list->count] && ++list->count;
}

void replay_list_free(struct replay_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->path[i]);
	free(list->path);
	memset(list, 0, sizeof(*list));
}

static bool is_transcript(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".tdx") == 0;
}

static bool add_path(struct replay_list *list, const char *path, unsigned depth, char *err,
		     size_t err_len);

/* One entry of a directory: transcripts and directories count, hidden ones don't. */
static bool add_entry(struct replay_list *list, const char *dir, const char *name, unsigned depth,
		      char *err, size_t err_len)
{
	struct stat st;
	char *path;
	bool done = true;

	if (name[0] == '.')
		return true;
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return failed(err, err_len, dir, "out of memory");
	if (stat(path, &st) == 0 && (S_ISDIR(st.st_mode) || is_transcript(name)))
		done = add_path(list, path, depth + 1, err, err_len);
	free(path);
	return done;
}

static bool add_directory(struct replay_list *list, const char *path, unsigned depth, char *err,
			  size_t err_len)
{
	struct dirent **entry;
	bool done = true;
	int n;

	if (depth > MAX_DEPTH)
		return failed(err, err_len, path, "too many directories deep");
	n = scandir(path, &entry, NULL, alphasort);
	if (n < 0)
		return failed(err, err_len, path, strerror(errno));
	for (int i = 0; i < n; i++) {
		done = done && add_entry(list, path, entry[i]->d_name, depth, err, err_len);
		free(entry[i]);
	}
	free(entry);
	return done;
}

static bool add_path(struct replay_list *list, const char *path, unsigned depth, char *err,
		     size_t err_len)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return failed(err, err_len, path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return add_directory(list, path, depth, err, err_len);
	return append(list, path) || failed(err, err_len, path, "out of memory");
}

bool replay_list_add(struct replay_list *list, const char *path, char *err, size_t err_len)
{
	size_t before = list->count;

	if (!add_path(list, path, 0, err, err_len))
		return false;
	return list->count > before || failed(err, err_len, path, "no .tdx files in it");
}
