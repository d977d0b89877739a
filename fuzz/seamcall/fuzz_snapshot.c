// SPDX-License-Identifier: MIT
/*
 * Snapshots that anybody may have written: that of a stage with some words changed and its hashes
 * put right, or its bytes changed and left wrong. One that is refused says where; one that is
 * accepted is restored, and operations are made on the machine.
 */
#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "operations.h"
#include "snapshot/internal.h"
#include "stage.h"

#define CHANGES 8u
/* A word somewhere in a part that says something to a restore: any, or one of those that are
 * indices, addresses and states. */
static void change(struct input *in, uint8_t *bytes, const struct snapshot_header *h)
{
	uint64_t what = input_take(in, 1);
	const struct snapshot_entry *part = &h->part[what % PART_NOTE];
	uint64_t at = input_take(in, 3), value = input_operand(in);
	size_t width = (size_t)1 << (what >> 4 & 3);

	if (what & 64)
		at = at >> 12 << 12 | (at & 0xff) * 8;
	if (part->length < width)
		return;
	memcpy(bytes + part->offset + at % (part->length - width + 1), &value, width);
}

static void make(struct input *in, const struct seamless_snapshot *base, uint8_t *bytes,
		 uint64_t how)
{
	struct seamless_snapshot copy = { .bytes = bytes, .len = base->len };

	memcpy(bytes, base->bytes, copy.len);
	for (unsigned i = 0; i <= how % CHANGES; i++)
		change(in, bytes, snapshot_header(base));
	if (!(how & 128))
		HOLDS(snapshot_seal(&copy));
	else
		bytes[input_take(in, 3) % copy.len] ^= (uint8_t)input_take(in, 1);
}

/* The changed snapshot, as a reader of a file gets it; NULL: refused. */
static struct seamless_snapshot *read_changed(struct input *in,
					      const struct seamless_snapshot *base)
{
	uint64_t how = input_take(in, 1);
	uint8_t *bytes = malloc(base->len);
	struct seamless_snapshot *s;
	char err[500] = "";

	if (!bytes)
		abort();
	make(in, base, bytes, how);
	s = seamless_snapshot_from("f", bytes, base->len - (how == 255), err, sizeof(err));
	HOLDS(s || !strncmp(err, "f: offset 0x", 12));
	free(bytes);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	enum stage stage = (enum stage)(input_take(&in, 1) % STAGES);
	struct seamless_snapshot *s = read_changed(&in, stage_snapshot(stage));
	struct seamless_machine *m = s ? stage_machine(stage) : NULL;
	char err[500];

	if (!s)
		return 0;
	if (seamless_snapshot_restore(s, m, err, sizeof(err)))
		operations_run(&in, m);
	else
		HOLDS(strstr(err, "another platform"));
	seamless_snapshot_free(s);
	return 0;
}
