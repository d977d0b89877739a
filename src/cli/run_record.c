// SPDX-License-Identifier: MIT
/*
 * The recording of a run.
 */
#include "cli/run_record.h"

#include <errno.h>
#include <string.h>

static int failed(const char *path)
{
	fprintf(stderr, "seamless: %s: %s\n", path, strerror(errno));
	return -1;
}

int run_record_open(struct run_record *record, const char *path, struct seamless_machine *machine)
{
	*record = (struct run_record){ .path = path };
	if (!path)
		return 0;
	record->out = fopen(path, "w");
	if (!record->out)
		return failed(path);
	record->recorder = replay_record_start(machine, record->out);
	if (!record->recorder) {
		fclose(record->out);
		errno = ENOMEM;
		return failed(path);
	}
	seamless_add_trace(machine, replay_record, record->recorder);
	return 0;
}

int run_record_close(struct run_record *record, struct seamless_machine *machine)
{
	bool written;

	if (!record->path)
		return 0;
	seamless_remove_trace(machine, replay_record, record->recorder);
	written = replay_record_end(record->recorder);
	if (fclose(record->out) || !written)
		return failed(record->path);
	return 0;
}
