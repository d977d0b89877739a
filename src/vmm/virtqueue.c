// SPDX-License-Identifier: MIT
/*
 * A split virtqueue, the device's side.
 */
#include <stdatomic.h>

#include "formats/bytes.h"
#include "vmm/virtqueue.h"

#define DESCRIPTOR_SIZE 16u
#define USED_SIZE	8u
#define RINGS		4u /* offset of the entries in driver and device area, after flags and index */

#define DESCRIPTOR_NEXT	 1u
#define DESCRIPTOR_WRITE 2u
#define DRIVER_NO_NOTICE 1u

static int read16(const struct virtio_memory *memory, uint64_t gpa, uint16_t *value)
{
	uint8_t bytes[2];

	if (memory->read(memory->opaque, gpa, bytes, sizeof(bytes)))
		return -1;
	*value = get_le16(bytes);
	return 0;
}

int virtqueue_available(const struct virtqueue *queue, const struct virtio_memory *memory,
			uint16_t *count)
{
	uint16_t index;

	if (read16(memory, queue->driver + 2, &index))
		return -1;
	atomic_thread_fence(memory_order_acquire); /* the entries were written before the index */
	*count = (uint16_t)(index - queue->next_avail);
	return *count > queue->size ? -1 : 0;
}

/* One descriptor: its part of the chain; *next: the descriptor after it, or -1. */
static int read_descriptor(const struct virtqueue *queue, const struct virtio_memory *memory,
			   uint16_t index, struct virtqueue_part *part, int *next)
{
	uint8_t bytes[DESCRIPTOR_SIZE];
	uint16_t flags;

	if (index >= queue->size ||
	    memory->read(memory->opaque, queue->descriptors + DESCRIPTOR_SIZE * index, bytes,
			 sizeof(bytes)))
		return -1;
	flags = get_le16(bytes + 12);
	part->gpa = get_le64(bytes);
	part->size = get_le32(bytes + 8);
	part->writable = flags & DESCRIPTOR_WRITE;
	*next = flags & DESCRIPTOR_NEXT ? get_le16(bytes + 14) : -1;
	return flags & ~(DESCRIPTOR_NEXT | DESCRIPTOR_WRITE) ? -1 : 0;
}

int virtqueue_take(struct virtqueue *queue, const struct virtio_memory *memory,
		   struct virtqueue_chain *chain)
{
	const uint64_t entry = RINGS + 2u * (queue->next_avail & (queue->size - 1u));
	int next;

	if (read16(memory, queue->driver + entry, &chain->head))
		return -1;
	queue->next_avail++;
	chain->count = 0;
	/* A chain that is longer than the queue goes in a circle. */
	for (next = chain->head; next >= 0; chain->count++) {
		if (chain->count == queue->size ||
		    read_descriptor(queue, memory, (uint16_t)next, &chain->part[chain->count],
				    &next))
			return -1;
	}
	return 0;
}

int virtqueue_give(struct virtqueue *queue, const struct virtio_memory *memory, uint16_t head,
		   uint32_t written, bool *interrupt)
{
	const uint64_t entry = RINGS + USED_SIZE * (queue->next_used & (queue->size - 1u));
	uint8_t bytes[USED_SIZE], index[2];
	uint16_t flags;

	put_le32(bytes, head);
	put_le32(bytes + 4, written);
	put_le16(index, (uint16_t)(queue->next_used + 1));
	if (memory->write(memory->opaque, queue->device + entry, bytes, sizeof(bytes)))
		return -1;
	atomic_thread_fence(memory_order_release); /* the driver sees the entry with the index */
	if (memory->write(memory->opaque, queue->device + 2, index, sizeof(index)))
		return -1;
	queue->next_used++;
	atomic_thread_fence(memory_order_seq_cst); /* the index is out before the flags are read */
	if (read16(memory, queue->driver, &flags))
		return -1;
	*interrupt = !(flags & DRIVER_NO_NOTICE);
	return 0;
}
