/* SPDX-License-Identifier: MIT */
/*
 * Puts an image into a TD's memory: the private part measured.
 */
#ifndef VMM_LOAD_H
#define VMM_LOAD_H

#include <stdatomic.h>

#include "vmm/image.h"
#include "vmm/shared.h"
#include "vmm/td.h"

/*
 * Adds all sections in their order; each page is extended, where its section is measured, before
 * the next one is added. Ends early when *stop becomes non-zero. *pages counts the 4 KiB pages
 * added. Returns 0, or -1 with *err.
 */
int load_image(struct vmm_td *td, const struct vmm_image *image, _Atomic int *stop, uint64_t *pages,
	       struct vmm_error *err);

/* Fills the image's windows of shared memory. Returns 0, or -1 with *err. */
int load_windows(struct vmm_shared *shared, const struct vmm_image *image, struct vmm_error *err);

#endif
