// SPDX-License-Identifier: MIT
/*
 * Metadata lists, the reading half: what an import brings.
 */
#include <string.h>
#include "module/md_list.h"

#define LIST_HEADER 8u
#define WORD 8u
#define SIZE_CODE(id) ((id) >> 32 & 3)
#define FIELD_COUNT(header) ((unsigned)((header) >> 38 & 0x1ff) + 1)
#define WRITE_MASK_VALID (1ull << 51)
#define HEADER_RESERVED 0x40838000ff000000ull
#define NO_DETAIL 0xffff0000ull /* the status names no operand */

/* A list being read. */
struct reader {
	const struct md_access *a;
	const uint8_t *at;
	uint32_t room;
	struct md_at expected; /* the field that comes next if none is left out */
	uint64_t *info;
};

static bool is_required(const struct reader *r)
{
	return md_rights(r->a, md_field(&r->expected))->need == MD_REQUIRED;
}

static bool names(const struct md_access *a, uint64_t header, const struct md_at *at)
{
	return at->table && md_class(header) == md_class(at->id) && md_code(header) == md_code(at->id) &&
	       (header >> 52 & 7) == (uint64_t)a->ctx;
}

static uint64_t refuse(struct reader *r, uint64_t status, uint64_t field, const char *rule)
{
	r->info[0] = field;
	return fail(r->a->c, status, rule, field);
}

static uint64_t overflow(struct reader *r)
{
	return refuse(r, TDX_METADATA_LIST_OVERFLOW | NO_DETAIL, r->expected.id,
		      "the metadata list ends within field %x");
}

/* Skips what may be left out, up to the field that the sequence starts with. */
static uint64_t find_sequence(struct reader *r, uint64_t header)
{
	const struct md_access *a = r->a;

	if ((header >> 52 & 7) != (uint64_t)a->ctx)
		return refuse(r, TDX_METADATA_FIELD_ID_INCORRECT | NO_DETAIL, header,
			      "sequence header %x is of another context");
	while (r->expected.table && !names(a, header, &r->expected) && !is_required(r))
		md_step(a, &r->expected, false);
	if (!names(a, header, &r->expected))
		return refuse(r, TDX_REQUIRED_METADATA_FIELD_MISSING, r->expected.id,
			      "field %x is required and was left out");
	if (header & HEADER_RESERVED)
		return refuse(r, TDX_METADATA_FIELD_ID_INCORRECT | NO_DETAIL, header,
			      "sequence header %x: reserved bits must be 0");
	if (SIZE_CODE(header) != SIZE_CODE(r->expected.id))
		return refuse(r, TDX_METADATA_FIELD_ID_INCORRECT, header,
			      "sequence header %x has the wrong element size");
	return 0;
}

/* One field: its write mask if the sequence has them, its elements. */
static uint64_t take_field(struct reader *r, bool masked)
{
	const struct md_access *a = r->a;
	const struct md_field *f = md_field(&r->expected);
	uint64_t value[MD_ELEMENTS_MAX], mask = UINT64_MAX, status;
	uint32_t bytes = WORD * f->elements;

	if (masked && r->room >= WORD) {
		memcpy(&mask, r->at, WORD);
		r->at += WORD;
		r->room -= WORD;
	}
	if (r->room < bytes)
		return overflow(r);
	memcpy(value, r->at, bytes);
	r->at += bytes;
	r->room -= bytes;
	if (md_rights(a, f)->need == MD_IGNORED)
		return 0;
	status = md_import_field(a, &r->expected, value, mask);
	if (status && status != TDX_METADATA_FIELD_NOT_WRITABLE) {
		r->info[0] = r->expected.id;
		return status;
	}
	return 0;
}

static uint64_t take_sequence(struct reader *r)
{
	uint64_t header, status;
	unsigned cls;

	if (r->room < 2 * WORD)
		return overflow(r);
	memcpy(&header, r->at, WORD);
	status = find_sequence(r, header);
	if (status)
		return status;
	r->at += WORD;
	r->room -= WORD;
	for (unsigned n = FIELD_COUNT(header); n; n--) {
		cls = md_field(&r->expected)->cls;
		status = take_field(r, header & WRITE_MASK_VALID);
		if (status)
			return status;
		md_step(r->a, &r->expected, false);
		if (n > 1 && (!r->expected.table || md_class(r->expected.id) != cls))
			return refuse(r, TDX_METADATA_FIELD_ID_INCORRECT, header,
				      "sequence header %x: the class has fewer fields");
	}
	return 0;
}

/* Nothing required may be left after the last list, and something must be left before it. */
static uint64_t check_end(struct reader *r, bool last)
{
	while (r->expected.table && !is_required(r))
		md_step(r->a, &r->expected, false);
	if (last ? !r->expected.table : r->expected.table != NULL)
		return 0;
	return refuse(r, TDX_REQUIRED_METADATA_FIELD_MISSING, r->expected.id,
		      last ? "field %x is required and was left out" : "no field is left for a further list");
}

static uint64_t open_list(struct reader *r, uint64_t expected, uint64_t *sequences)
{
	uint64_t header;

	memcpy(&header, r->at, LIST_HEADER);
	*sequences = header >> 16 & 0xffff;
	if (!*sequences || header >> 32)
		return fail(r->a->c, TDX_INVALID_METADATA_LIST_HEADER,
			    "metadata list header %x: no sequences or bits 63:32 not 0", header);
	r->room = (uint32_t)(header & 0xffff);
	if (r->room > PAGE_BYTES || r->room < LIST_HEADER)
		return fail(r->a->c, TDX_METADATA_LIST_OVERFLOW | 0xffff, "the metadata list says it has %u bytes",
			    r->room);
	r->at += LIST_HEADER;
	r->room -= LIST_HEADER;
	if (md_is_none(expected))
		expected = md_next(r->a, MD_NONE);
	if (expected == MD_NONE || !md_find_field(r->a, expected, &r->expected))
		return fail(r->a->c, TDX_METADATA_FIELD_ID_INCORRECT, "field id %x names no field of this list",
			    expected);
	return 0;
}

uint64_t md_take_list(const struct md_access *a, uint64_t expected, const void *list, bool last, uint64_t *next,
		      uint64_t info[2])
{
	struct reader r = { .a = a, .at = list, .info = info };
	uint64_t sequences, status;

	*next = MD_NONE;
	info[0] = 0;
	info[1] = 0;
	status = open_list(&r, expected, &sequences);
	if (status)
		return status;
	for (uint64_t i = 0; i < sequences; i++) {
		status = take_sequence(&r);
		if (status)
			return status + i;
	}
	status = check_end(&r, last);
	if (!status)
		*next = r.expected.table ? r.expected.id : MD_NONE;
	return status;
}
