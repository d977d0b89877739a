// SPDX-License-Identifier: MIT
/*
 * The frame of a snapshot: header, lengths, hashes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "snapshot/internal.h"

#define HEADER_HASHED offsetof(struct snapshot_header, hash)

static const char *const part_name[PARTS] = {
	"platform file", "platform", "MSRs",	  "hand-off area", "module",
	"processors",	 "key ids",  "page runs", "pages",	   "note",
};

bool snapshot_wrong(const struct snapshot_error *e, uint64_t offset, const char *format, ...)
{
	char what[300];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(e->text, e->len, "%s: offset 0x%llx: %s", e->name, (unsigned long long)offset,
		 what);
	return false;
}

bool snapshot_seal(struct seamless_snapshot *s)
{
	struct snapshot_header *h = snapshot_header(s);
	bool good = true;

	for (unsigned i = 0; i < PARTS && good && !s->sealed; i++)
		good = sha384_of(s->bytes + h->part[i].offset, h->part[i].length, h->part[i].hash);
	if (good && !s->sealed) {
		memcpy(h->platform, h->part[PART_TEXT].hash, sizeof(h->platform));
		good = sha384_of(h, HEADER_HASHED, h->hash);
	}
	s->sealed = s->sealed || good;
	return good;
}

static uint64_t entry_offset(unsigned part)
{
	return offsetof(struct snapshot_header, part) + part * sizeof(struct snapshot_entry);
}

/* The bytes before the hash, in the order in which a reader of another version would understand
 * them. */
static bool check_header(const struct seamless_snapshot *s, const struct snapshot_error *e)
{
	const struct snapshot_header *h = snapshot_header(s);
	uint8_t hash[SHA384_SIZE];

	if (s->len < sizeof(h->magic) || memcmp(h->magic, SNAPSHOT_MAGIC, sizeof(h->magic)) != 0)
		return snapshot_wrong(e, 0, "not a snapshot: it does not begin with \"%s\"",
				      SNAPSHOT_MAGIC);
	if (s->len < offsetof(struct snapshot_header, parts))
		return snapshot_wrong(e, s->len, "the file ends in its header");
	if (h->version != SNAPSHOT_VERSION)
		return snapshot_wrong(e, offsetof(struct snapshot_header, version),
				      "format version %u, this build reads version %u", h->version,
				      SNAPSHOT_VERSION);
	if (s->len < sizeof(*h))
		return snapshot_wrong(e, s->len, "the file ends in its header");
	if (!sha384_of(h, HEADER_HASHED, hash) || memcmp(hash, h->hash, sizeof(hash)) != 0)
		return snapshot_wrong(e, HEADER_HASHED,
				      "the header is damaged: it does not hash to "
				      "what is written here");
	if (h->parts != PARTS)
		return snapshot_wrong(e, offsetof(struct snapshot_header, parts),
				      "%u parts, must be %u", h->parts, PARTS);
	if (h->layout != saved_layout())
		return snapshot_wrong(e, offsetof(struct snapshot_header, layout),
				      "written by a build whose state has another layout");
	return true;
}

static bool check_lengths(const struct seamless_snapshot *s, const struct snapshot_error *e)
{
	const struct snapshot_header *h = snapshot_header(s);
	uint64_t end = sizeof(*h);

	for (unsigned i = 0; i < PARTS; i++) {
		if (h->part[i].offset != end || h->part[i].length > UINT64_MAX - end)
			return snapshot_wrong(e, entry_offset(i),
					      "the %s begin at 0x%llx, must follow at 0x%llx",
					      part_name[i], (unsigned long long)h->part[i].offset,
					      (unsigned long long)end);
		end += h->part[i].length;
	}
	if (h->length != end)
		return snapshot_wrong(e, offsetof(struct snapshot_header, length),
				      "a length of 0x%llx, the parts end at 0x%llx",
				      (unsigned long long)h->length, (unsigned long long)end);
	if (s->len < end)
		return snapshot_wrong(e, s->len, "the file ends here, its header says at 0x%llx",
				      (unsigned long long)end);
	if (s->len > end)
		return snapshot_wrong(e, end, "%llu more bytes than the header says",
				      (unsigned long long)(s->len - end));
	return true;
}

static bool check_hashes(const struct seamless_snapshot *s, const struct snapshot_error *e)
{
	const struct snapshot_header *h = snapshot_header(s);
	uint8_t hash[SHA384_SIZE];

	for (unsigned i = 0; i < PARTS; i++) {
		const struct snapshot_entry *part = &h->part[i];

		if (!sha384_of(s->bytes + part->offset, part->length, hash) ||
		    memcmp(hash, part->hash, sizeof(hash)) != 0)
			return snapshot_wrong(e, part->offset,
					      "the %s are damaged: these 0x%llx bytes do not hash "
					      "to what the header says",
					      part_name[i], (unsigned long long)part->length);
	}
	if (memcmp(h->platform, h->part[PART_TEXT].hash, sizeof(h->platform)) != 0)
		return snapshot_wrong(e, offsetof(struct snapshot_header, platform),
				      "not the hash of the platform file inside");
	return true;
}

bool check_frame(const struct seamless_snapshot *s, const struct snapshot_error *e)
{
	return check_header(s, e) && check_lengths(s, e) && check_hashes(s, e);
}

/* ---- lengths that follow from the platform ---- */

static bool check_multiple(const struct seamless_snapshot *s, enum snapshot_part part,
			   uint64_t size, const struct snapshot_error *e)
{
	if (snapshot_part_len(s, part) % size == 0)
		return true;
	return snapshot_wrong(e, entry_offset(part),
			      "0x%llx bytes of %s, must be a multiple of %llu",
			      (unsigned long long)snapshot_part_len(s, part), part_name[part],
			      (unsigned long long)size);
}

bool check_sizes(const struct seamless_snapshot *s, const struct platform_config *config,
		 const struct snapshot_error *e)
{
	for (enum snapshot_part i = PART_PLATFORM; i <= PART_LPS; i++) {
		if (snapshot_part_len(s, i) == saved_size(i, config))
			continue;
		return snapshot_wrong(e, entry_offset(i),
				      "0x%llx bytes of %s, this platform has 0x%llx",
				      (unsigned long long)snapshot_part_len(s, i), part_name[i],
				      (unsigned long long)saved_size(i, config));
	}
	return check_multiple(s, PART_KEYS, sizeof(struct key_run), e) &&
	       check_multiple(s, PART_RUNS, sizeof(struct page_run), e) &&
	       check_multiple(s, PART_PAGES, MEM_PAGE, e);
}
