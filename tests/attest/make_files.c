// SPDX-License-Identifier: MIT
/*
 * Writes what the tests of the command verify: a report, quotes of both versions and the root that
 * signed them. Usage: make_files DIRECTORY
 */
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support.h"

static const char *dir;

static int put(const char *name, const void *bytes, size_t size)
{
	char path[512];
	FILE *f;
	int bad;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (!f)
		return 1;
	bad = fwrite(bytes, 1, size, f) != size;
	return fclose(f) || bad;
}

int main(int argc, char **argv)
{
	uint8_t report[TDREPORT_SIZE];
	static struct test_quote q;
	char name[16];
	int bad = 0;

	if (argc != 2)
		return 2;
	dir = argv[1];
	make_report(report);
	bad |= put("report", report, sizeof(report));
	for (unsigned int version = 4; version <= 5; version++) {
		if (!make_quote(&q, version))
			return 1;
		snprintf(name, sizeof(name), "quote%u", version);
		bad |= put(name, q.bytes, q.size);
		snprintf(name, sizeof(name), "root%u.pem", version);
		bad |= put(name, q.options.root.bytes, q.options.root.size);
		free_quote(&q);
	}
	return bad;
}
