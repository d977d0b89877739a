// SPDX-License-Identifier: MIT
/*
 * The recording of a run.
 */
#include "cli/record_option.h"

#include <errno.h>
#include <string.h>

static int failed(const char *path)
{
	fprintf(stderr, "seamless: %s: %s\n", path, strerror(errno));
	return -1;
}

int record_open(struct record_option *record, const char *path, struct seamless_machine *machine)
{
	*record = (struct record_option){ .path = path };
	if (!path)
		return 0;
	record->out = fopen(path, "we");
	if (!record->out)
		return failed(path);
	record->recording = seamless_record_start(machine, record->out);
	if (record->recording)
		return 0;
	fclose(record->out);
	errno = ENOMEM;
	return failed(path);
}

int record_close(struct record_option *record)
{
	bool written;

	if (!record->path)
		return 0;
	written = seamless_record_end(record->recording);
	if (fclose(record->out) || !written)
		return failed(record->path);
	return 0;
}
