// SPDX-License-Identifier: MIT
/*
 * The wrappers, and the table of what is given.
 */
#include "allocations.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ROOM (1u << 16)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long made, fails_at;
static bool later_fail;
static const void *given[ROOM];
static size_t live;

void allocations_fail(unsigned long nth, bool later_too)
{
	pthread_mutex_lock(&lock);
	made = 0;
	fails_at = nth;
	later_fail = later_too;
	pthread_mutex_unlock(&lock);
}

unsigned long allocations_made(void)
{
	unsigned long n;

	pthread_mutex_lock(&lock);
	n = made;
	pthread_mutex_unlock(&lock);
	return n;
}

size_t allocations_live(void)
{
	size_t n;

	pthread_mutex_lock(&lock);
	n = live;
	pthread_mutex_unlock(&lock);
	return n;
}

static bool fails(void)
{
	bool now;

	pthread_mutex_lock(&lock);
	made++;
	now = fails_at && (made == fails_at || (later_fail && made > fails_at));
	pthread_mutex_unlock(&lock);
	if (now)
		errno = ENOMEM;
	return now;
}

static void *give(void *it)
{
	pthread_mutex_lock(&lock);
	if (it) {
		if (live == ROOM)
			abort();
		given[live++] = it;
	}
	pthread_mutex_unlock(&lock);
	return it;
}

/* What was not counted, as it comes from a library, is none of ours. The youngest are looked at
 * first. */
static void take_back(const void *it)
{
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = live; it && i && given[i - 1] != it; i--)
		;
	if (it && i)
		given[i - 1] = given[--live];
	pthread_mutex_unlock(&lock);
}

/* ---- the wrappers ---- */

/* clang-format off */
#define WRAP(type, name, ...) type __real_##name(__VA_ARGS__); type __wrap_##name(__VA_ARGS__); type __wrap_##name(__VA_ARGS__)
/* A function whose result is what is given. */
#define WRAP_GIVING(type, name, parameters, arguments) \
	type __real_##name parameters; \
	type __wrap_##name parameters; \
	type __wrap_##name parameters { return fails() ? NULL : give(__real_##name arguments); }
/* clang-format on */

WRAP_GIVING(void *, malloc, (size_t size), (size))
WRAP_GIVING(void *, calloc, (size_t n, size_t size), (n, size))
WRAP_GIVING(void *, aligned_alloc, (size_t to, size_t size), (to, size))
WRAP_GIVING(char *, strdup, (const char *text), (text))
WRAP_GIVING(char *, strndup, (const char *text, size_t n), (text, n))
WRAP_GIVING(FILE *, fopen, (const char *path, const char *mode), (path, mode))
WRAP_GIVING(FILE *, fdopen, (int fd, const char *mode), (fd, mode))
WRAP_GIVING(FILE *, open_memstream, (char **text, size_t *len), (text, len))

WRAP(void *, realloc, void *old, size_t size)
{
	void *now;

	if (fails())
		return NULL;
	take_back(old);
	now = __real_realloc(old, size);
	return give(now ? now : old);
}

WRAP(void, free, void *it)
{
	take_back(it);
	__real_free(it);
}

WRAP(int, fclose, FILE *file)
{
	take_back(file);
	return __real_fclose(file);
}

WRAP(void *, mmap, void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *mapped = fails() ? MAP_FAILED : __real_mmap(at, len, prot, flags, fd, offset);

	return mapped == MAP_FAILED ? mapped : give(mapped);
}

WRAP(int, munmap, void *at, size_t len)
{
	take_back(at);
	return __real_munmap(at, len);
}

static int format_text(char **text, const char *format, va_list ap)
{
	int n = fails() ? -1 : vasprintf(text, format, ap);

	if (n >= 0)
		give(*text);
	return n;
}

WRAP(int, asprintf, char **text, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = format_text(text, format, ap);
	va_end(ap);
	return n;
}

/* asprintf() where _FORTIFY_SOURCE is on. */
WRAP(int, __asprintf_chk, char **text, int flag, const char *format, ...)
{
	va_list ap;
	int n;

	(void)flag;
	va_start(ap, format);
	n = format_text(text, format, ap);
	va_end(ap);
	return n;
}

WRAP(int, scandir, const char *path, struct dirent ***entry, int (*filter)(const struct dirent *),
     int (*compare)(const struct dirent **, const struct dirent **))
{
	int n = fails() ? -1 : __real_scandir(path, entry, filter, compare);

	for (int i = 0; i < n; i++)
		give((*entry)[i]);
	if (n >= 0)
		give(*entry);
	return n;
}

WRAP(int, memfd_create, const char *name, unsigned flags)
{
	return fails() ? -1 : __real_memfd_create(name, flags);
}

WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
     void *opaque)
{
	return fails() ? EAGAIN : __real_pthread_create(thread, attr, run, opaque);
}
