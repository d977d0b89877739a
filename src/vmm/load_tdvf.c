// SPDX-License-Identifier: MIT
/*
 * A firmware image as an image: the sections of its TDX metadata, and the TD HOB list that tells it
 * of the memory.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/hob.h"
#include "vmm/image.h"

static const struct image_section *section_at(const struct vmm_image *image, uint64_t gpa)
{
	const struct image_section *s = image->section;

	while (!range_holds(s->range, gpa, VMM_4K))
		s++;
	return s;
}

static const uint8_t *tdvf_section_page(const struct vmm_image *image, uint64_t gpa,
					uint8_t room[VMM_4K])
{
	const struct image_section *s = section_at(image, gpa);

	if (s->tdvf->type == TDVF_TD_HOB && image->hob)
		return image->hob + (gpa - s->range.base);
	return tdvf_page(&image->tdvf, s->tdvf, gpa - s->range.base, room);
}

static void add_sections(struct vmm_image *image)
{
	for (uint32_t i = 0; i < image->tdvf.count; i++) {
		const struct tdvf_section *s = &image->tdvf.section[i];

		if (!tdvf_is_added(s))
			continue;
		image->section[image->count++] =
			(struct image_section){ .range = { s->gpa, s->size },
						.extend = tdvf_is_extended(s),
						.page = tdvf_section_page,
						.tdvf = s };
	}
}

/* The lowest section at or above `from` that begins below `end`; NULL when there is none. */
static const struct image_section *next_section(const struct vmm_image *image, uint64_t from,
						uint64_t end)
{
	const struct image_section *best = NULL;

	for (size_t i = 0; i < image->count; i++) {
		const struct image_section *s = &image->section[i];

		if (s->range.base >= from && s->range.base < end &&
		    (!best || s->range.base < best->range.base))
			best = s;
	}
	return best;
}

/*
 * RAM as pieces: what is added already is system memory, the rest is to be accepted by the
 * firmware.
 */
static int describe(const struct vmm_image *image, struct hob_list *list, struct vmm_range ram)
{
	uint64_t at = ram.base;

	while (at < range_end(ram)) {
		const struct image_section *s = next_section(image, at, range_end(ram));
		uint64_t to = s ? s->range.base : range_end(ram);

		if (to > at && hob_add(list, HOB_UNACCEPTED_MEMORY, at, to - at))
			return -1;
		if (s && hob_add(list, HOB_SYSTEM_MEMORY, s->range.base, s->range.size))
			return -1;
		at = s ? range_end(s->range) : to;
	}
	return 0;
}

static int make_hob(struct vmm_image *image, const struct tdvf_section *s, struct vmm_error *err)
{
	struct hob_list list;

	image->hob = calloc(1, s->size);
	if (!image->hob)
		return vmm_fail(err, "out of memory");
	if (hob_begin(&list, image->hob, s->size, s->gpa) ||
	    describe(image, &list, image->ram[0]) || describe(image, &list, image->ram[1]))
		return vmm_fail(err,
				"the TD HOB list does not fit in the image's %" PRIu64 " bytes",
				s->size);
	hob_end(&list);
	return 0;
}

static bool fits(const struct vmm_image *image, const struct image_section *s)
{
	bool inside = range_holds(image->ram[0], s->range.base, s->range.size) ||
		      range_holds(image->ram[1], s->range.base, s->range.size);
	bool outside = !range_overlaps(image->ram[0], s->range) &&
		       !range_overlaps(image->ram[1], s->range);
	bool firmware = s->tdvf->type == TDVF_BFV || s->tdvf->type == TDVF_CFV;

	return firmware ? outside : inside;
}

/* The firmware volumes lie outside the RAM (below 4 GiB), everything else inside. */
static int check_sections(const struct vmm_image *image, struct vmm_error *err)
{
	for (size_t i = 0; i < image->count; i++) {
		const struct image_section *s = &image->section[i];

		if (!fits(image, s))
			return vmm_fail(err,
					"the %s section at 0x%" PRIx64 ", 0x%" PRIx64
					" bytes, does not fit 0x%" PRIx64 " bytes of memory",
					tdvf_type_name(s->tdvf->type), s->range.base, s->range.size,
					image->ram[0].size + image->ram[1].size);
	}
	return 0;
}

int image_from_tdvf(struct vmm_image *image, const void *file, size_t size, uint64_t ram,
		    struct vmm_error *err)
{
	struct format_error bad;
	const struct tdvf_section *hob;

	memset(image, 0, sizeof(*image));
	image_set_ram(image, ram);
	image->fast_timer = true;
	if (tdvf_parse(&image->tdvf, file, size, &bad))
		return vmm_fail(err, "not a firmware image with TDX metadata: %s", bad.text);
	add_sections(image);
	if (ram && check_sections(image, err))
		return -1;
	hob = ram ? tdvf_find(&image->tdvf, TDVF_TD_HOB) : NULL;
	return hob && tdvf_is_added(hob) ? make_hob(image, hob, err) : 0;
}
