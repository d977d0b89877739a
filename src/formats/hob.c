// SPDX-License-Identifier: MIT
/*
 * Builds the TD HOB list.
 */
#include <string.h>

#include "formats/bytes.h"
#include "formats/hob.h"

enum { TYPE_HANDOFF = 1, TYPE_RESOURCE = 3, TYPE_END = 0xffff };
enum { HANDOFF_SIZE = 56, RESOURCE_SIZE = 48, END_SIZE = 8, HANDOFF_VERSION = 9 };

/* EfiEndOfHobList of the hand-off block: the only field that is known at the end only. */
#define END_OF_LIST 48u

/* PRESENT, INITIALIZED, TESTED; memory-mapped I/O is PRESENT, INITIALIZED, UNCACHEABLE. */
#define ATTR_MEMORY 0x7u
#define ATTR_MMIO   0x403u

static uint8_t *put_header(struct hob_list *list, uint16_t type, uint16_t size)
{
	uint8_t *p = list->buffer + list->used;

	memset(p, 0, size);
	put_le16(p, type);
	put_le16(p + 2, size);
	return p;
}

int hob_begin(struct hob_list *list, void *buffer, size_t size, uint64_t gpa)
{
	if (size < HANDOFF_SIZE + END_SIZE)
		return -1;
	*list = (struct hob_list){ .buffer = buffer, .size = size, .gpa = gpa };
	put_le32(put_header(list, TYPE_HANDOFF, HANDOFF_SIZE) + 8, HANDOFF_VERSION);
	list->used = HANDOFF_SIZE;
	return 0;
}

int hob_add(struct hob_list *list, enum hob_resource type, uint64_t base, uint64_t length)
{
	uint8_t *p;

	if (!length || base + length < base || list->size - list->used < RESOURCE_SIZE + END_SIZE)
		return -1;
	p = put_header(list, TYPE_RESOURCE, RESOURCE_SIZE);
	put_le32(p + 24, type);
	put_le32(p + 28, type == HOB_MMIO ? ATTR_MMIO : ATTR_MEMORY);
	put_le64(p + 32, base);
	put_le64(p + 40, length);
	list->used += RESOURCE_SIZE;
	return 0;
}

size_t hob_end(struct hob_list *list)
{
	put_header(list, TYPE_END, END_SIZE);
	put_le64(list->buffer + END_OF_LIST, list->gpa + list->used + END_SIZE);
	return list->used + END_SIZE;
}
