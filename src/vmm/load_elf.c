// SPDX-License-Identifier: MIT
/*
 * A bare ELF guest as an image: its segments, and at the top of 4 GiB the reset page with the page
 * tables it uses: the lower half of the linear addresses is the guest-physical memory as private,
 * the upper half (from 0xFFFF800000000000) the same as shared. 512 GiB each, in 1 GiB pages. The
 * image is the same for both GPA widths: the code of the reset page moves the shared bit for 52.
 */
#include <inttypes.h>
#include <string.h>

#include "vmm/image.h"

#define SHARED_PDPT 0xffffc000ull
#define PML4	    0xffffd000ull
#define PDPT	    0xffffe000ull

#define PTE_TABLE 0x3ull       /* present, writable */
#define PTE_LARGE 0x83ull      /* and a page of its own size */
#define SHARED	  (1ull << 47) /* GPA width 48 */

extern const uint8_t vmm_reset_page[VMM_4K];

static void put64(uint8_t *page, unsigned index, uint64_t value)
{
	memcpy(page + 8 * index, &value, sizeof(value));
}

static void pml4_page(uint8_t *page)
{
	put64(page, 0, PDPT | PTE_TABLE);
	put64(page, 256, SHARED_PDPT | PTE_TABLE);
}

static void pdpt_page(uint8_t *page, uint64_t base)
{
	for (unsigned i = 0; i < 512; i++)
		put64(page, i, base | i * VMM_1G | PTE_LARGE);
}

static const uint8_t *boot_page(const struct vmm_image *image, uint64_t gpa, uint8_t room[VMM_4K])
{
	memset(room, 0, VMM_4K);
	switch (gpa) {
	case PML4: pml4_page(room); break;
	case PDPT: pdpt_page(room, 0); break;
	case SHARED_PDPT: pdpt_page(room, SHARED); break;
	default: memcpy(room, vmm_reset_page, VMM_4K); put64(room, 0, image->elf.entry);
	}
	return room;
}

/* The part of a segment's contents that falls into the page. */
static void segment_page(const struct elf *elf, const struct elf_segment *s, uint64_t gpa,
			 uint8_t *page)
{
	uint64_t from = s->gpa > gpa ? s->gpa : gpa;
	uint64_t to = s->gpa + s->file_size < gpa + VMM_4K ? s->gpa + s->file_size : gpa + VMM_4K;

	if (from < to)
		memcpy(page + (from - gpa), elf->file + s->offset + (from - s->gpa), to - from);
}

/* The page in the file; NULL: no segment has contents for all of it. */
static const uint8_t *whole_page(const struct elf *elf, uint64_t gpa)
{
	for (uint32_t i = 0; i < elf->count; i++) {
		const struct elf_segment *s = &elf->segment[i];

		if (range_holds((struct vmm_range){ s->gpa, s->file_size }, gpa, VMM_4K))
			return elf->file + s->offset + (gpa - s->gpa);
	}
	return NULL;
}

static const uint8_t *elf_page(const struct vmm_image *image, uint64_t gpa, uint8_t room[VMM_4K])
{
	const uint8_t *whole = whole_page(&image->elf, gpa);

	if (whole)
		return whole;
	memset(room, 0, VMM_4K);
	for (uint32_t i = 0; i < image->elf.count; i++)
		segment_page(&image->elf, &image->elf.segment[i], gpa, room);
	return room;
}

/* Segments ascend; one that begins in the last page of the one before continues its section. */
static int add_segment(struct vmm_image *image, const struct elf_segment *s, struct vmm_error *err)
{
	struct image_section *last = image->count ? &image->section[image->count - 1] : NULL;
	uint64_t base = align_down(s->gpa, VMM_4K), end = align_up(s->gpa + s->mem_size, VMM_4K);

	if (!range_holds(image->ram[0], base, end - base) &&
	    !range_holds(image->ram[1], base, end - base))
		return vmm_fail(err,
				"the segment at 0x%" PRIx64 ", 0x%" PRIx64
				" bytes, is not inside the guest's memory",
				s->gpa, s->mem_size);
	if (last && base < range_end(last->range)) {
		if (end > range_end(last->range))
			last->range.size = end - last->range.base;
		return 0;
	}
	image->section[image->count++] = (struct image_section){ .range = { base, end - base },
								 .extend = true,
								 .page = elf_page };
	return 0;
}

int image_from_elf(struct vmm_image *image, const void *file, size_t size, uint64_t ram,
		   struct vmm_error *err)
{
	struct format_error bad;

	memset(image, 0, sizeof(*image));
	image_set_ram(image, ram);
	if (elf_parse(&image->elf, file, size, &bad))
		return vmm_fail(err, "not a guest that can run: %s", bad.text);
	for (uint32_t i = 0; i < image->elf.count; i++) {
		if (add_segment(image, &image->elf.segment[i], err))
			return -1;
	}
	image->section[image->count++] = (struct image_section){
		.range = { SHARED_PDPT, VMM_4G - SHARED_PDPT }, .extend = true, .page = boot_page
	};
	return 0;
}
