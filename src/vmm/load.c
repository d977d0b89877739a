// SPDX-License-Identifier: MIT
/*
 * Puts an image into a TD's private memory, page by page.
 */
#include "vmm/load.h"
#include "vmm/vm.h"

struct loading {
	struct vmm_td *td;
	const struct vmm_image *image;
	_Atomic int *stop;
	uint64_t *pages;
	struct vmm_error *err;
};

static int load_section(struct loading *l, const struct image_section *s)
{
	uint8_t room[VMM_4K];

	for (uint64_t gpa = s->range.base; gpa < range_end(s->range); gpa += VMM_4K) {
		if (atomic_load(l->stop))
			return vmm_fail(l->err, "stopped while the TD was being built");
		if (td_add_page(l->td, gpa, s->page(l->image, gpa, room), l->err) ||
		    (s->extend && td_extend_page(l->td, gpa, l->err)))
			return -1;
		++*l->pages;
	}
	return 0;
}

int load_image(struct vmm_td *td, const struct vmm_image *image, _Atomic int *stop, uint64_t *pages,
	       struct vmm_error *err)
{
	struct loading l = { .td = td, .image = image, .stop = stop, .pages = pages, .err = err };

	*pages = 0;
	for (size_t i = 0; i < image->count; i++) {
		if (load_section(&l, &image->section[i]))
			return -1;
	}
	return 0;
}

static int load_window(struct vmm_shared *shared, const struct image_window *w,
		       struct vmm_error *err)
{
	const uint8_t *bytes = w->bytes;

	for (size_t at = 0; at < w->size; at += VMM_4K) {
		uint64_t gpa = (w->gpa + at) | shared->bit;
		size_t size = w->size - at < VMM_4K ? w->size - at : VMM_4K;

		if (shared_map(shared, gpa, err) || shared_write(shared, gpa, bytes + at, size))
			return -1;
	}
	return 0;
}

int load_windows(struct vmm_shared *shared, const struct vmm_image *image, struct vmm_error *err)
{
	for (size_t i = 0; i < image->windows; i++) {
		if (load_window(shared, &image->window[i], err))
			return -1;
	}
	return 0;
}
