// SPDX-License-Identifier: MIT
/*
 * The folder of a test hierarchy. Runs may start at the same time in it: a file appears there
 * complete, and the first hierarchy stays.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/key_store.h"

#define IDENTITIES 4
#define MAX_PATH   4096

struct store {
	char path[MAX_PATH];  /* of the file at hand */
	char other[MAX_PATH]; /* of the one that it is made from */
	char *why;
	size_t why_size;
};

static void identities(struct hierarchy *h, struct identity *all[IDENTITIES])
{
	all[0] = &h->root;
	all[1] = &h->platform_ca;
	all[2] = &h->pck;
	all[3] = &h->tcb_signing;
}

static bool refuse(struct store *s, const char *what)
{
	snprintf(s->why, s->why_size, "%.200s: %s", s->path, what);
	return false;
}

static bool set_path(struct store *s, const char *folder, const char *name)
{
	size_t length = (size_t)snprintf(s->path, sizeof(s->path), "%s/%s", folder, name);

	return length + 8 < sizeof(s->path) || refuse(s, "the path is too long");
}

static bool write_all(FILE *out, struct hierarchy *h)
{
	struct identity *all[IDENTITIES];
	bool good = true;

	identities(h, all);
	for (int i = 0; good && i < IDENTITIES; i++)
		good = PEM_write_PrivateKey(out, all[i]->key, NULL, NULL, 0, NULL, NULL) == 1 &&
		       PEM_write_X509(out, all[i]->cert) == 1;
	return good;
}

static bool write_root(FILE *out, struct hierarchy *h)
{
	return PEM_write_X509(out, h->root.cert) == 1;
}

/* How a file that is complete gets its name. */
static int link_first(const char *from, const char *to)
{
	return !link(from, to) || errno == EEXIST ? 0 : -1;
}

/* What mkstemp() replaces. */
static const char unique[] = { 'X', 'X', 'X', 'X', 'X', 'X', 0 };

/* Writes a file beside s->path and names it so by `name`. */
static bool put(struct store *s, struct hierarchy *h, bool (*write)(FILE *out, struct hierarchy *h),
		int (*name)(const char *from, const char *to))
{
	FILE *out = NULL;
	bool good;
	int fd;

	snprintf(s->other, sizeof(s->other), "%.*s.%s", MAX_PATH - 8, s->path, unique);
	errno = 0;
	fd = mkstemp(s->other);
	if (fd < 0)
		return refuse(s, strerror(errno));
	good = (out = fdopen(fd, "w")) && write(out, h);
	if (out ? fclose(out) : close(fd))
		good = false;
	good = good && !name(s->other, s->path);
	if (!good)
		refuse(s, errno ? strerror(errno) : "libcrypto failed");
	unlink(s->other);
	return good;
}

static bool is_current(const X509 *cert, time_t now)
{
	return X509_cmp_time(X509_get0_notBefore(cert), &now) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(cert), &now) > 0;
}

/* No passphrase protects test keys; a file that wants one is not ours. */
static int no_passphrase(char *buffer, int size, int writes, void *opaque)
{
	(void)buffer;
	(void)size;
	(void)writes;
	(void)opaque;
	return -1;
}

static bool read_identity(FILE *in, struct identity *id)
{
	id->key = PEM_read_PrivateKey(in, NULL, no_passphrase, NULL);
	id->cert = PEM_read_X509(in, NULL, no_passphrase, NULL);
	return id->key && id->cert && X509_check_private_key(id->cert, id->key) == 1;
}

static bool read_all(struct store *s, FILE *in, struct hierarchy *h, time_t now)
{
	struct identity *all[IDENTITIES];

	identities(h, all);
	for (int i = 0; i < IDENTITIES; i++) {
		if (!read_identity(in, all[i]))
			return refuse(s, "not a test hierarchy that was written here");
		if (!is_current(all[i]->cert, now))
			return refuse(s, "its certificates have expired; without this file the "
					 "next run makes new ones");
	}
	return true;
}

static bool get(struct store *s, struct hierarchy *h, time_t now)
{
	FILE *in = fopen(s->path, "r");
	bool good;

	memset(h, 0, sizeof(*h));
	if (!in)
		return refuse(s, strerror(errno));
	good = read_all(s, in, h, now);
	fclose(in);
	ERR_clear_error();
	if (!good)
		hierarchy_free(h);
	return good;
}

static bool keep(struct store *s, const char *folder, struct hierarchy *fresh, time_t now,
		 struct hierarchy *kept)
{
	snprintf(s->path, sizeof(s->path), "%s", folder);
	if (mkdir(folder, 0777) && errno != EEXIST)
		return refuse(s, strerror(errno));
	if (!set_path(s, folder, KEY_STORE_HIERARCHY) ||
	    (access(s->path, F_OK) && !put(s, fresh, write_all, link_first)))
		return false;
	if (!get(s, kept, now))
		return false;
	if (set_path(s, folder, KEY_STORE_ROOT) && put(s, kept, write_root, rename))
		return true;
	hierarchy_free(kept);
	return false;
}

bool key_store_keep(const char *folder, struct hierarchy *fresh, time_t now, struct hierarchy *kept,
		    char *why, size_t why_size)
{
	struct store *s = calloc(1, sizeof(*s));
	bool good;

	memset(kept, 0, sizeof(*kept));
	if (s) {
		s->why = why;
		s->why_size = why_size;
	} else {
		snprintf(why, why_size, "out of memory");
	}
	good = s && keep(s, folder, fresh, now, kept);
	hierarchy_free(fresh);
	free(s);
	return good;
}
