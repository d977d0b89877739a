// SPDX-License-Identifier: MIT
/*
 * Event log and CCEL table: events advance, and their parts lie in the log.
 */
#include <string.h>

#include "formats/eventlog.h"
#include "../fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct format_error err = { .text = "" };
	struct eventlog_event event;
	struct eventlog log;
	struct ccel ccel;
	char text[40];
	int got;

	ccel_parse(&ccel, data, size, &err);
	if (eventlog_open(&log, data, size, &err))
		return 0;
	while ((got = eventlog_next(&log, &event, &err)) > 0) {
		HOLDS(log.pos > event.offset && log.pos <= size);
		HOLDS(event.mr <= EVENTLOG_MR_RTMR3 || event.type == EVENTLOG_NO_ACTION);
		eventlog_text(&event, text, sizeof(text));
		HOLDS(strlen(text) < sizeof(text));
		touch(event.data, event.data_size);
		if (event.sha384)
			touch(event.sha384, 48);
	}
	HOLDS(!got || err.text[0]);
	return 0;
}
