// SPDX-License-Identifier: MIT
/*
 * The section table of TDX metadata: reads each entry and checks it against what its type allows,
 * against the file and against the other sections.
 */
#include <stdio.h>

#include "formats/bytes.h"
#include "formats/tdvf_sections.h"

/* Where each field stands in an entry. */
enum { DATA_OFFSET = 0, RAW_SIZE = 4, GPA = 8, SIZE = 16, TYPE = 24, ATTRIBUTES = 28 };

/* The widest guest physical address, without its shared bit. */
#define GPA_LIMIT (1ull << 51)

enum raw_rule { RAW_NONE, RAW_REQUIRED, RAW_OPTIONAL };

static const struct {
	const char *name;
	enum raw_rule raw;
	bool loaded;
	bool fixed; /* what it holds is known from the image alone */
} rules[TDVF_TYPES] = {
	[TDVF_BFV] = { "BFV", RAW_REQUIRED, true, true },
	[TDVF_CFV] = { "CFV", RAW_REQUIRED, true, true },
	[TDVF_TD_HOB] = { "TD_HOB", RAW_NONE, true, false },
	[TDVF_TEMP_MEM] = { "TempMem", RAW_NONE, true, true },
	[TDVF_PERM_MEM] = { "PermMem", RAW_NONE, true, true },
	[TDVF_PAYLOAD] = { "Payload", RAW_OPTIONAL, true, true },
	[TDVF_PAYLOAD_PARAM] = { "PayloadParam", RAW_OPTIONAL, true, true },
	[TDVF_TD_INFO] = { "TdInfo", RAW_REQUIRED, false, true },
	[TDVF_TD_PARAMS] = { "TdParams", RAW_REQUIRED, false, true },
};

const char *tdvf_type_name(uint32_t type)
{
	return type < TDVF_TYPES ? rules[type].name : "unknown";
}

bool tdvf_is_added(const struct tdvf_section *section)
{
	return section->size && !(section->attributes & TDVF_ATTR_PAGE_AUG);
}

bool tdvf_is_extended(const struct tdvf_section *section)
{
	return tdvf_is_added(section) && (section->attributes & TDVF_ATTR_MR_EXTEND);
}

/* One section under check: its number and where its entry stands, for the error. */
struct entry {
	const struct tdvf *tdvf;
	const struct tdvf_section *s;
	uint32_t index;
	size_t offset;
	struct format_error *err;
};

#define SECTION_FAIL(e, at, name, value, ...)                                                      \
	({                                                                                         \
		char field_[48];                                                                   \
		snprintf(field_, sizeof(field_), "section %u (%s) " name, (e)->index,              \
			 tdvf_type_name((e)->s->type));                                            \
		format_fail((e)->err, (e)->offset + (at), field_, value, __VA_ARGS__);             \
	})

static int check_type(const struct entry *e)
{
	const struct tdvf_section *s = e->s;

	if (s->type >= TDVF_TYPES)
		return SECTION_FAIL(e, TYPE, "Type", s->type, "expected 0 to %u", TDVF_TYPES - 1u);
	if (s->attributes & ~(TDVF_ATTR_MR_EXTEND | TDVF_ATTR_PAGE_AUG))
		return SECTION_FAIL(e, ATTRIBUTES, "Attributes", s->attributes,
				    "expected no bits but 0x%x",
				    TDVF_ATTR_MR_EXTEND | TDVF_ATTR_PAGE_AUG);
	if (s->attributes == (TDVF_ATTR_MR_EXTEND | TDVF_ATTR_PAGE_AUG))
		return SECTION_FAIL(e, ATTRIBUTES, "Attributes", s->attributes,
				    "an augmented page can't be measured");
	if (s->attributes & TDVF_ATTR_MR_EXTEND && !rules[s->type].fixed)
		return SECTION_FAIL(e, ATTRIBUTES, "Attributes", s->attributes,
				    "the VMM fills this section: it can't be measured");
	return 0;
}

/* The shape of OVMF_CODE.fd: its offsets count from the start of VARS, which stands before it. */
static bool looks_like_code_only(const struct entry *e)
{
	const struct tdvf *t = e->tdvf;
	uint64_t vars = 0;

	for (uint32_t i = 0; i <= e->index; i++) {
		if (t->section[i].type == TDVF_CFV)
			vars = t->section[i].raw_size;
	}
	if (!vars && e->s->type == TDVF_BFV)
		vars = e->s->data_offset;
	return vars && (uint64_t)e->s->data_offset + e->s->raw_size == t->image_size + vars;
}

static int check_raw(const struct entry *e)
{
	const struct tdvf_section *s = e->s;
	enum raw_rule rule = rules[s->type].raw;

	if (rule == RAW_REQUIRED && !s->raw_size)
		return SECTION_FAIL(e, RAW_SIZE, "RawDataSize", 0, "expected some for this type");
	if (rule == RAW_NONE && s->raw_size)
		return SECTION_FAIL(e, RAW_SIZE, "RawDataSize", s->raw_size,
				    "expected 0 for this type");
	if (!s->raw_size || bytes_fit(e->tdvf->image_size, s->data_offset, s->raw_size))
		return 0;
	return SECTION_FAIL(
		e, DATA_OFFSET, "DataOffset", s->data_offset,
		"with RawDataSize 0x%x it ends outside the file of 0x%zx bytes%s", s->raw_size,
		e->tdvf->image_size,
		looks_like_code_only(e)
			? ". This is the CODE half: offsets are those of VARS+CODE; give "
			  "both files, VARS first"
			: "");
}

static int check_memory(const struct entry *e)
{
	const struct tdvf_section *s = e->s;

	if (!rules[s->type].loaded) {
		if (s->size || s->gpa)
			return SECTION_FAIL(e, s->size ? SIZE : GPA, "memory",
					    s->size ? s->size : s->gpa,
					    "expected 0: a section of this type is not loaded");
		return 0;
	}
	if (s->gpa % TDVF_PAGE_SIZE)
		return SECTION_FAIL(e, GPA, "MemoryAddress", s->gpa, "expected 4 KiB alignment");
	if (s->size % TDVF_PAGE_SIZE)
		return SECTION_FAIL(e, SIZE, "MemoryDataSize", s->size,
				    "expected a multiple of 4 KiB");
	if (s->size < s->raw_size)
		return SECTION_FAIL(e, SIZE, "MemoryDataSize", s->size,
				    "less than RawDataSize, 0x%x", s->raw_size);
	if (!bytes_fit(GPA_LIMIT, s->gpa, s->size))
		return SECTION_FAIL(e, GPA, "MemoryAddress", s->gpa,
				    "with MemoryDataSize 0x%llx it ends beyond 2^51",
				    (unsigned long long)s->size);
	return 0;
}

/* A page can be added once. */
static int check_overlap(const struct entry *e)
{
	const struct tdvf_section *s = e->s;

	for (uint32_t i = 0; i < e->index; i++) {
		const struct tdvf_section *o = &e->tdvf->section[i];

		if (tdvf_is_added(s) && tdvf_is_added(o) &&
		    ranges_overlap(s->gpa, s->size, o->gpa, o->size))
			return SECTION_FAIL(e, GPA, "MemoryAddress", s->gpa,
					    "overlaps section %u (%s) at 0x%llx to 0x%llx", i,
					    tdvf_type_name(o->type), (unsigned long long)o->gpa,
					    (unsigned long long)(o->gpa + o->size));
	}
	return 0;
}

/* Of the sections up to this one. */
static uint64_t total_of(const struct entry *e, bool (*counts)(const struct tdvf_section *section))
{
	uint64_t total = 0;

	for (uint32_t i = 0; i <= e->index; i++) {
		if (counts(&e->tdvf->section[i]))
			total += e->tdvf->section[i].size;
	}
	return total;
}

static int check_total(const struct entry *e)
{
	uint64_t total = total_of(e, tdvf_is_added), extended = total_of(e, tdvf_is_extended);

	if (total > TDVF_MAX_ADDED)
		return SECTION_FAIL(
			e, SIZE, "MemoryDataSize", e->s->size,
			"0x%llx bytes to add before the TD runs, expected 4 GiB or less",
			(unsigned long long)total);
	if (extended > TDVF_MAX_EXTENDED)
		return SECTION_FAIL(e, SIZE, "MemoryDataSize", e->s->size,
				    "0x%llx bytes to measure, expected 512 MiB or less",
				    (unsigned long long)extended);
	return 0;
}

static int check_single(const struct entry *e)
{
	const struct tdvf_section *s = e->s;

	if (s->type == TDVF_BFV || s->type == TDVF_CFV || s->type == TDVF_TEMP_MEM ||
	    s->type == TDVF_PERM_MEM)
		return 0;
	if (tdvf_find(e->tdvf, (enum tdvf_type)s->type) == s)
		return 0;
	return SECTION_FAIL(e, TYPE, "Type", s->type,
			    "a second section of a type that stands once");
}

static void read_section(struct tdvf_section *s, const uint8_t *p)
{
	s->data_offset = get_le32(p + DATA_OFFSET);
	s->raw_size = get_le32(p + RAW_SIZE);
	s->gpa = get_le64(p + GPA);
	s->size = get_le64(p + SIZE);
	s->type = get_le32(p + TYPE);
	s->attributes = get_le32(p + ATTRIBUTES);
}

int tdvf_read_sections(struct tdvf *tdvf, size_t offset, struct format_error *err)
{
	for (uint32_t i = 0; i < tdvf->count; i++, offset += TDVF_SECTION_SIZE) {
		struct entry e = { tdvf, &tdvf->section[i], i, offset, err };

		read_section(&tdvf->section[i], tdvf->image + offset);
		if (check_type(&e) || check_raw(&e) || check_memory(&e) || check_overlap(&e) ||
		    check_total(&e) || check_single(&e))
			return -1;
	}
	if (!tdvf_find(tdvf, TDVF_BFV))
		return format_fail(err, offset, "section count", tdvf->count,
				   "no BFV among them: nothing to run");
	return 0;
}
