/* SPDX-License-Identifier: MIT */
/*
 * Builds the TD HOB list (UEFI PI specification, volume 3; TDVF design guide, "TD Hand-Off Block"):
 * what the VMM tells TDVF about guest memory. A hand-off block, resource descriptors, the end.
 *
 * Write memory below 4 GiB first, in ascending order: OVMF stops looking at the first region that
 * starts at or above it.
 */
#ifndef FORMATS_HOB_H
#define FORMATS_HOB_H

#include <stddef.h>
#include <stdint.h>

enum hob_resource {
	HOB_SYSTEM_MEMORY = 0, /* private memory that was added before the TD runs */
	HOB_MMIO = 1,
	HOB_UNACCEPTED_MEMORY = 7, /* private memory to accept with TDG.MEM.PAGE.ACCEPT */
};

struct hob_list {
	uint8_t *buffer; /* the caller's */
	size_t size;	 /* of the buffer */
	size_t used;	 /* bytes written so far, without the end */
	uint64_t gpa;	 /* where the guest will find the buffer */
};

/* Starts a list: writes the hand-off block. -1: the buffer is too small. */
int hob_begin(struct hob_list *list, void *buffer, size_t size, uint64_t gpa);

/* Adds a resource descriptor. -1: no room for it and the end, or a range that is empty or wraps. */
int hob_add(struct hob_list *list, enum hob_resource type, uint64_t base, uint64_t length);

/* Writes the end and completes the hand-off block. Returns the bytes of the whole list. */
size_t hob_end(struct hob_list *list);

#endif
