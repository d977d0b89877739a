// SPDX-License-Identifier: MIT
/*
 * Snapshots in files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot/internal.h"

static bool failed(char *err, size_t err_len, const char *path)
{
	snprintf(err, err_len, "%s: %s", path, strerror(errno));
	return false;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* A device or a pipe is written to; a file that took its place would only hide it. */
static bool is_special(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode);
}

static bool write_special(const void *bytes, size_t len, const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), saved;
	bool good;

	if (fd < 0)
		return false;
	good = write_all(fd, bytes, len);
	saved = errno;
	close(fd);
	errno = saved;
	return good;
}

/* Beside its final place, under which it then appears. */
static bool write_file(const void *bytes, size_t len, const char *path, const char *temporary)
{
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), saved;
	bool good;

	if (fd < 0)
		return false;
	good = write_all(fd, bytes, len);
	good = !close(fd) && good && !rename(temporary, path);
	saved = errno;
	if (!good)
		unlink(temporary);
	errno = saved;
	return good;
}

bool seamless_snapshot_save(struct seamless_snapshot *s, const char *path, char *err,
			    size_t err_len)
{
	const void *bytes;
	char *temporary;
	size_t len;
	bool good;

	bytes = seamless_snapshot_bytes(s, &len);
	if (!bytes) {
		snprintf(err, err_len, "%s: libcrypto does not hash", path);
		return false;
	}
	if (is_special(path))
		return write_special(bytes, len, path) || failed(err, err_len, path);
	if (asprintf(&temporary, "%s.%d.part", path, (int)getpid()) < 0) {
		snprintf(err, err_len, "out of memory");
		return false;
	}
	good = write_file(bytes, len, path, temporary) || failed(err, err_len, path);
	free(temporary);
	return good;
}

/* The whole of an open file, to be freed; NULL with errno. */
static void *read_file(FILE *f, size_t *len)
{
	struct stat st;
	void *bytes;

	if (fstat(fileno(f), &st))
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
		return NULL;
	}
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return NULL;
	*len = fread(bytes, 1, (size_t)st.st_size, f);
	if (!ferror(f))
		return bytes;
	free(bytes);
	return NULL;
}

struct seamless_snapshot *seamless_snapshot_load(const char *path, char *err, size_t err_len)
{
	struct seamless_snapshot *s = NULL;
	FILE *f = fopen(path, "rbe");
	void *bytes;
	size_t len;

	bytes = f ? read_file(f, &len) : NULL;
	if (bytes)
		s = seamless_snapshot_from(path, bytes, len, err, err_len);
	else
		failed(err, err_len, path);
	if (f)
		fclose(f);
	free(bytes);
	return s;
}
