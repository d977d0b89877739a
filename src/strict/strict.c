// SPDX-License-Identifier: MIT
/*
 * Beginning and ending the sanitizer on a machine.
 */
#include <stdlib.h>

#include "strict/internal.h"

bool seamless_strict_start(struct seamless_machine *m, seamless_strict_tell tell, void *opaque)
{
	struct memory *mem = &m->platform->mem;
	struct strict *s;

	if (mem->notice)
		return false;
	s = calloc(1, sizeof(*s));
	if (!s || !seamless_trace_add(m, strict_watch, s)) {
		free(s);
		return false;
	}
	s->m = m;
	s->tell = tell;
	s->opaque = opaque;
	pthread_mutex_init(&s->lock, NULL);
	mem_notice(mem, strict_access, s);
	return true;
}

uint64_t seamless_strict_stop(struct seamless_machine *m)
{
	struct memory *mem = &m->platform->mem;
	struct strict *s = mem->notice_opaque;
	uint64_t reports;

	if (!mem->notice)
		return 0;
	mem_notice(mem, NULL, NULL);
	seamless_trace_remove(m, strict_watch, s);
	reports = s->reports;
	pages_free(s);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return reports;
}
