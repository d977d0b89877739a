// SPDX-License-Identifier: MIT
/*
 * Metadata lists, the writing half.
 */
#include <string.h>
#include "module/md_list.h"

#define CLASS_CPUID 20
#define LIST_HEADER 8u
#define WORD 8u
#define SIZE_CODE(id) ((id) >> 32 & 3)
#define LAST_ELEMENT_SHIFT 34
#define LAST_FIELD_SHIFT 38
/* What a sequence header takes over from the id: class, increment, element size, field code, architectural or not. */
#define HEADER_FROM_ID 0xbf04000300ffffffull

enum sequence_end {
	SEQUENCE_DONE,
	SEQUENCE_EMPTY,
	SEQUENCE_NO_ROOM,
};

bool md_find_field(const struct md_access *a, uint64_t id, struct md_at *at)
{
	const struct md_field *f;

	if (!md_find(a, id, at))
		return false;
	f = md_field(at);
	if ((md_code(id) - f->code) % (f->elements * f->inc) || SIZE_CODE(id) != SIZE_CODE(f->id))
		return false;
	at->id = (f->id & ~0xffffffull) | md_code(id);
	if (a->ctx == MD_VP)
		at->id = (at->id & ~(0x3full << 56)) | (uint64_t)md_class(id) << 56;
	return true;
}

/* Reads all elements of the field at @at. METADATA_FIELD_SKIP: it has no value now. */
static uint64_t read_field(const struct md_access *a, const struct md_at *at, uint64_t value[MD_ELEMENTS_MAX])
{
	const struct md_field *f = md_field(at);
	uint64_t status = 0;

	for (unsigned i = 0; i < f->elements && !status; i++)
		status = md_read_at(a, at, at->id + (uint64_t)i * f->inc, &value[i]);
	if (status == TDX_METADATA_FIELD_NOT_READABLE && a->ctx == MD_TD && f->cls == CLASS_CPUID)
		return TDX_METADATA_FIELD_SKIP;
	return status;
}

/* Whether the field at @next can follow the one of @f at @id in the same sequence. */
static bool follows(const struct md_access *a, const struct md_field *f, uint64_t id, const struct md_at *next)
{
	const struct md_field *n;

	if (!next->table)
		return false;
	n = md_field(next);
	if (a->ctx == MD_TD && f->cls == CLASS_CPUID)
		return false;
	return md_class(id) == md_class(next->id) && md_code(id) + f->elements * f->inc == md_code(next->id) &&
	       f->elements == n->elements && SIZE_CODE(f->id) == SIZE_CODE(next->id);
}

static uint64_t sequence_header(const struct md_access *a, uint64_t id, unsigned elements, unsigned fields)
{
	return (id & HEADER_FROM_ID) | (uint64_t)a->ctx << 52 | (uint64_t)(elements - 1) << LAST_ELEMENT_SHIFT |
	       (uint64_t)((fields - 1) & 0x1ff) << LAST_FIELD_SHIFT;
}

/* One sequence from the field at @at on into @room bytes. @used: bytes with the header. */
static enum sequence_end dump_sequence(const struct md_access *a, struct md_at *at, uint64_t *out, uint32_t room,
				       uint32_t *used)
{
	unsigned fields = 0, words = 1, elements = md_field(at)->elements;
	uint64_t value[MD_ELEMENTS_MAX], first = at->id;

	for (room -= WORD; room >= md_field(at)->elements * WORD;) {
		const struct md_field *f = md_field(at);
		uint64_t id = at->id, status = read_field(a, at, value);

		if (!status) {
			if (!fields++)
				first = id;
			memcpy(&out[words], value, f->elements * WORD);
			words += f->elements;
			room -= f->elements * WORD;
			out[0] = sequence_header(a, first, elements, fields);
		}
		*used = fields ? words * WORD : 0;
		md_step_accessible(a, at, false);
		if (status == TDX_METADATA_FIELD_NOT_READABLE || !follows(a, f, id, at))
			return fields ? SEQUENCE_DONE : SEQUENCE_EMPTY;
	}
	*used = fields ? words * WORD : 0;
	return SEQUENCE_NO_ROOM;
}

static uint64_t bad_first(const struct md_access *a, uint64_t first)
{
	return fail(a->c, TDX_METADATA_FIELD_ID_INCORRECT, "field id %x names no field of this list", first);
}

uint64_t md_dump_list(const struct md_access *a, uint64_t first, void *list, uint32_t size, uint64_t *next)
{
	uint8_t *out = list;
	uint32_t used, at_byte = LIST_HEADER, sequences = 0;
	enum sequence_end end = SEQUENCE_DONE;
	struct md_at at;

	*next = MD_NONE;
	if (md_is_none(first))
		first = md_next(a, MD_NONE);
	if (first == MD_NONE)
		return 0;
	if (!md_find_field(a, first, &at))
		return bad_first(a, first);
	while (at.table && end != SEQUENCE_NO_ROOM && size - at_byte >= WORD * (1u + md_field(&at)->elements)) {
		end = dump_sequence(a, &at, (uint64_t *)(out + at_byte), size - at_byte, &used);
		if (end == SEQUENCE_EMPTY)
			continue;
		at_byte += used;
		sequences++;
	}
	word_store(out, 8, at_byte | (uint64_t)sequences << 16);
	*next = at.table ? at.id : MD_NONE;
	return at.table ? TDX_METADATA_LIST_OVERFLOW : 0;
}
