/* SPDX-License-Identifier: MIT */
/*
 * A split virtqueue (virtio 1.0, 2.4), the device's side. Its rings are in the guest's shared
 * memory and the guest may write anything into them at any time: each value is read once and
 * checked.
 */
#ifndef VMM_VIRTQUEUE_H
#define VMM_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRTQUEUE_MAX 64u /* entries, and thereby parts of a chain */

/* The guest's memory as a device reaches it. Both return 0, or -1: there is no such memory. */
struct virtio_memory {
	int (*read)(void *opaque, uint64_t gpa, void *buffer, size_t size);
	int (*write)(void *opaque, uint64_t gpa, const void *buffer, size_t size);
	void *opaque;
};

struct virtqueue {
	uint16_t size; /* a power of two, at most VIRTQUEUE_MAX */
	uint16_t enabled;
	uint16_t vector; /* of MSI-X */
	uint16_t next_avail, next_used;
	uint64_t descriptors, driver, device; /* addresses of the three parts */
};

struct virtqueue_part {
	uint64_t gpa;
	uint32_t size;
	bool writable; /* by the device */
};

/* A buffer that the driver made available. */
struct virtqueue_chain {
	uint16_t head;
	uint16_t count;
	struct virtqueue_part part[VIRTQUEUE_MAX];
};

/* How many chains are available now, in *count. -1: the queue is broken. */
int virtqueue_available(const struct virtqueue *queue, const struct virtio_memory *memory,
			uint16_t *count);

/* The next of the available chains. 0, or -1: the queue is broken. */
int virtqueue_take(struct virtqueue *queue, const struct virtio_memory *memory,
		   struct virtqueue_chain *chain);

/*
 * Returns a chain to the driver, of whose parts the device wrote `written` bytes; *interrupt: does
 * the driver want to know? 0, or -1: the queue is broken.
 */
int virtqueue_give(struct virtqueue *queue, const struct virtio_memory *memory, uint16_t head,
		   uint32_t written, bool *interrupt);

#endif
