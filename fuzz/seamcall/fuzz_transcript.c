// SPDX-License-Identifier: MIT
/*
 * The transcript reader: any text ends in END or in a message with a line, and what it accepts is
 * in range.
 */
#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "replay/transcript.h"

static void check_call(const struct transcript *t, const struct transcript_call *c)
{
	HOLDS(c->lp < t->lps);
	HOLDS(c->repeat && c->repeat <= TRANSCRIPT_MAX_REPEAT);
	HOLDS(c->fields <= TRANSCRIPT_FIELDS);
	for (unsigned i = 0; i < 16; i++) {
		HOLDS(c->out.gpr[i].name <= t->names);
		HOLDS(c->in.gpr[i].how != HOW_ANY && c->in.gpr[i].how != HOW_CAPTURE);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct transcript t;
	static struct transcript_event e;

	memset(&t, 0, sizeof(t));
	t.file = "f";
	t.text = (const char *)data;
	t.len = size;
	while (transcript_next(&t, &e)) {
		HOLDS(e.kind == TRANSCRIPT_PLAT || t.lps);
		HOLDS(e.lp < (int)t.lps);
		HOLDS(!e.hex || (e.hex >= t.text && e.hex + 2 * e.len <= t.text + size));
		if (e.kind >= TRANSCRIPT_SEAMCALL && e.kind <= TRANSCRIPT_EXIT)
			check_call(&t, &e.call);
	}
	HOLDS(t.ended == !t.err[0]);
	return 0;
}
