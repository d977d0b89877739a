// SPDX-License-Identifier: MIT
/*
 * Finds the TDX metadata of a firmware image and checks the descriptor. The sections themselves are
 * checked in tdvf_sections.c.
 */
#include <string.h>

#include "formats/bytes.h"
#include "formats/tdvf.h"
#include "formats/tdvf_sections.h"

#define GUID_SIZE 16u
#define TABLE_END                                                                                  \
	0x30u /* the footer GUID's start, counted from the end; the reset vector follows */
#define LEGACY_POINTER	   0x20u
#define DESCRIPTOR_SIZE	   16u
#define DESCRIPTOR_VERSION 1u

/* 96b582de-1fb2-45f7-baea-a366c55a082d: footer of the GUIDed table */
static const uint8_t footer_guid[GUID_SIZE] = { 0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
						0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d };
/* e47a6535-984a-4798-865e-4685a7bf8ec2: its entry with the offset of the TDX metadata */
static const uint8_t metadata_guid[GUID_SIZE] = { 0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
						  0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2 };

/* An entry of the GUIDed table, read backwards: data, then u16 length of the whole entry, then
 * GUID. */
#define ENTRY_HEADER (2u + GUID_SIZE)

/*
 * Walks the GUIDed table. 0: found, *entry_end is where the data of the metadata's entry ends.
 * 1: no table, or no such entry. -1: a table that is malformed.
 */
static int find_entry(const uint8_t *image, size_t size, size_t *entry_end,
		      struct format_error *err)
{
	size_t footer = size - TABLE_END, pos, start;
	uint32_t length;

	if (memcmp(image + footer, footer_guid, GUID_SIZE))
		return 1;
	length = get_le16(image + footer - 2);
	if (length < ENTRY_HEADER || length > footer + GUID_SIZE)
		return format_fail(err, footer - 2, "GUIDed table length", length,
				   "expected 0x%x up to 0x%zx, the bytes before it", ENTRY_HEADER,
				   footer + GUID_SIZE);
	start = footer + GUID_SIZE - length;
	pos = footer - 2;
	while (pos - start >= ENTRY_HEADER) {
		uint32_t entry = get_le16(image + pos - ENTRY_HEADER);

		if (entry < ENTRY_HEADER || entry > pos - start)
			return format_fail(err, pos - ENTRY_HEADER, "GUIDed table entry length",
					   entry, "expected 0x%x up to 0x%zx, what is left of it",
					   ENTRY_HEADER, pos - start);
		if (!memcmp(image + pos - GUID_SIZE, metadata_guid, GUID_SIZE)) {
			if (entry < ENTRY_HEADER + 4)
				return format_fail(err, pos - ENTRY_HEADER,
						   "TDX metadata entry length", entry,
						   "expected 0x%x or more", ENTRY_HEADER + 4);
			*entry_end = pos - ENTRY_HEADER;
			return 0;
		}
		pos -= entry;
	}
	return 1;
}

static int check_descriptor_fits(const struct tdvf *tdvf, uint64_t field, uint64_t value,
				 uint64_t descriptor, struct format_error *err)
{
	if (bytes_fit(tdvf->image_size, descriptor, DESCRIPTOR_SIZE))
		return 0;
	return format_fail(err, field, "TDX metadata offset", value,
			   "points outside the file of 0x%zx bytes", tdvf->image_size);
}

static bool has_signature(const struct tdvf *tdvf, size_t at)
{
	return !memcmp(tdvf->image + at, "TDVF", 4);
}

static int find_by_guid(struct tdvf *tdvf, size_t entry_end, struct format_error *err)
{
	uint32_t back = get_le32(tdvf->image + entry_end - 4);

	if (back > tdvf->image_size)
		return format_fail(err, entry_end - 4, "TDX metadata offset", back,
				   "counted from the end, points before the start of the file of "
				   "0x%zx bytes",
				   tdvf->image_size);
	tdvf->descriptor = tdvf->image_size - back;
	tdvf->by_guid = true;
	if (check_descriptor_fits(tdvf, entry_end - 4, back, tdvf->descriptor, err))
		return -1;
	if (!has_signature(tdvf, tdvf->descriptor))
		return format_fail(err, tdvf->descriptor, "TDX metadata signature",
				   get_le32(tdvf->image + tdvf->descriptor),
				   "expected 0x46564454, \"TDVF\"");
	return 0;
}

/* Without the table these bytes may be anything: what does not lead to a signature is no pointer.
 */
static int find_by_pointer(struct tdvf *tdvf, struct format_error *err)
{
	size_t at = tdvf->image_size - LEGACY_POINTER;
	uint32_t offset = get_le32(tdvf->image + at);

	if (!bytes_fit(tdvf->image_size, offset, DESCRIPTOR_SIZE) || !has_signature(tdvf, offset))
		return format_fail(
			err, at, "TDX metadata offset", offset,
			"no TDX metadata there, and no entry for it in a GUIDed table at "
			"the end of the file: not a TDVF image");
	tdvf->descriptor = offset;
	tdvf->by_guid = false;
	return 0;
}

static int find_descriptor(struct tdvf *tdvf, struct format_error *err)
{
	size_t entry_end = 0;
	int found;

	if (tdvf->image_size < TABLE_END + ENTRY_HEADER)
		return format_fail(err, 0, "file size", tdvf->image_size,
				   "too small for a firmware image");
	found = find_entry(tdvf->image, tdvf->image_size, &entry_end, err);
	if (found < 0)
		return -1;
	return found ? find_by_pointer(tdvf, err) : find_by_guid(tdvf, entry_end, err);
}

static int check_descriptor(struct tdvf *tdvf, struct format_error *err)
{
	const uint8_t *d = tdvf->image + tdvf->descriptor;
	uint32_t length = get_le32(d + 4), version = get_le32(d + 8), count = get_le32(d + 12);

	if (version != DESCRIPTOR_VERSION)
		return format_fail(err, tdvf->descriptor + 8, "Version", version, "expected 0x%x",
				   DESCRIPTOR_VERSION);
	if (!count || count > TDVF_MAX_SECTIONS)
		return format_fail(err, tdvf->descriptor + 12, "NumberOfSectionEntry", count,
				   "expected 1 to %u sections", TDVF_MAX_SECTIONS);
	if (length != DESCRIPTOR_SIZE + count * TDVF_SECTION_SIZE)
		return format_fail(err, tdvf->descriptor + 4, "Length", length,
				   "expected 0x%x for %u sections",
				   DESCRIPTOR_SIZE + count * TDVF_SECTION_SIZE, count);
	if (!bytes_fit(tdvf->image_size, tdvf->descriptor, length))
		return format_fail(err, tdvf->descriptor + 4, "Length", length,
				   "the sections run past the end of the file of 0x%zx bytes",
				   tdvf->image_size);
	tdvf->count = count;
	return 0;
}

int tdvf_parse(struct tdvf *tdvf, const void *image, size_t size, struct format_error *err)
{
	memset(tdvf, 0, sizeof(*tdvf));
	tdvf->image = image;
	tdvf->image_size = size;
	if (find_descriptor(tdvf, err) || check_descriptor(tdvf, err))
		return -1;
	return tdvf_read_sections(tdvf, tdvf->descriptor + DESCRIPTOR_SIZE, err);
}

const struct tdvf_section *tdvf_find(const struct tdvf *tdvf, enum tdvf_type type)
{
	for (uint32_t i = 0; i < tdvf->count; i++) {
		if (tdvf->section[i].type == type)
			return &tdvf->section[i];
	}
	return NULL;
}

const uint8_t *tdvf_page(const struct tdvf *tdvf, const struct tdvf_section *section,
			 uint64_t offset, uint8_t room[TDVF_PAGE_SIZE])
{
	const uint8_t *raw = tdvf->image + section->data_offset;
	size_t n = offset < section->raw_size ? section->raw_size - (size_t)offset : 0;

	if (n >= TDVF_PAGE_SIZE)
		return raw + offset;
	if (n)
		memcpy(room, raw + offset, n);
	memset(room + n, 0, TDVF_PAGE_SIZE - n);
	return room;
}
