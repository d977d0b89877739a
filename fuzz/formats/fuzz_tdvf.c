// SPDX-License-Identifier: MIT
/*
 * TDVF metadata: whatever is accepted can be loaded page by page.
 */
#include "formats/tdvf.h"
#include "../fuzz.h"

static void load_ends(const struct tdvf *tdvf, const struct tdvf_section *s)
{
	uint8_t room[TDVF_PAGE_SIZE];

	HOLDS(s->type < TDVF_TYPES && s->raw_size <= tdvf->image_size);
	if (!tdvf_is_added(s))
		return;
	HOLDS(s->size >= s->raw_size && s->gpa + s->size > s->gpa && s->size <= TDVF_MAX_ADDED);
	touch(tdvf_page(tdvf, s, 0, room), TDVF_PAGE_SIZE);
	touch(tdvf_page(tdvf, s, s->raw_size & ~(TDVF_PAGE_SIZE - 1u), room), TDVF_PAGE_SIZE);
	touch(tdvf_page(tdvf, s, s->size - TDVF_PAGE_SIZE, room), TDVF_PAGE_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct format_error err = { .text = "" };
	struct tdvf tdvf;

	if (tdvf_parse(&tdvf, data, size, &err)) {
		HOLDS(err.text[0]);
		return 0;
	}
	HOLDS(tdvf.count && tdvf.count <= TDVF_MAX_SECTIONS && tdvf_find(&tdvf, TDVF_BFV));
	for (uint32_t i = 0; i < tdvf.count; i++)
		load_ends(&tdvf, &tdvf.section[i]);
	return 0;
}
