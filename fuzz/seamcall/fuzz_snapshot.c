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
#define ROOM	(2u << 20)

/* A word somewhere in a part that says something to a restore: any, or one of those that are
 * indices, addresses and states. Returns the part. */
static unsigned change(struct input *in, uint8_t *bytes, const struct snapshot_header *h)
{
	uint64_t what = input_take(in, 1);
	const struct snapshot_entry *part = &h->part[what % PART_NOTE];
	uint64_t at = input_take(in, 3), value = input_operand(in);
	size_t width = (size_t)1 << (what >> 4 & 3);

	if (what & 64)
		at = at >> 12 << 12 | (at & 0xff) * 8;
	if (part->length >= width)
		memcpy(bytes + part->offset + at % (part->length - width + 1), &value, width);
	return what % PART_NOTE;
}

/* The hashes of the parts in the set and the header's; those of the others are right. */
static void seal(uint8_t *bytes, unsigned parts)
{
	struct snapshot_header *h = (struct snapshot_header *)(void *)bytes;

	for (unsigned i = 0; i < PARTS; i++) {
		if (parts >> i & 1)
			HOLDS(sha384_of(bytes + h->part[i].offset, h->part[i].length,
					h->part[i].hash));
	}
	memcpy(h->platform, h->part[PART_TEXT].hash, sizeof(h->platform));
	HOLDS(sha384_of(h, offsetof(struct snapshot_header, hash), h->hash));
}

static void make(struct input *in, const struct seamless_snapshot *base, uint8_t *bytes,
		 uint64_t how)
{
	unsigned parts = 0;

	memcpy(bytes, base->bytes, base->len);
	for (unsigned i = 0; i <= how % CHANGES; i++)
		parts |= 1u << change(in, bytes, snapshot_header(base));
	if (!(how & 128))
		seal(bytes, parts);
	else
		bytes[input_take(in, 3) % base->len] ^= (uint8_t)input_take(in, 1);
}

/* The changed snapshot, as a reader of a file gets it; NULL: refused. */
static struct seamless_snapshot *read_changed(struct input *in,
					      const struct seamless_snapshot *base)
{
	static _Alignas(struct snapshot_header) uint8_t bytes[ROOM];
	uint64_t how = input_take(in, 1);
	struct seamless_snapshot *s;
	char err[500] = "";

	HOLDS(base->len <= sizeof(bytes));
	make(in, base, bytes, how);
	s = seamless_snapshot_from("f", bytes, base->len - (how == 255), err, sizeof(err));
	HOLDS(s || !strncmp(err, "f: offset 0x", 12));
	return s;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	stages_make();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	enum stage stage = (enum stage)(input_take(&in, 1) % STAGES);
	struct seamless_snapshot *s = read_changed(&in, stage_snapshot(stage));
	char err[500];

	if (!s)
		return 0;
	if (seamless_snapshot_restore(s, stage_machine(stage), err, sizeof(err)))
		operations_run(&in, stage_machine(stage));
	else
		HOLDS(strstr(err, "another platform"));
	seamless_snapshot_free(s);
	stage_restore(stage);
	return 0;
}
