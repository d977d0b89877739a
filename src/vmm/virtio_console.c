// SPDX-License-Identifier: MIT
/*
 * A virtio console with one port.
 */
#include <string.h>

#include "vmm/virtio_console.h"

#define ID_CONSOLE	    3
#define CLASS_COMMUNICATION 0x0780

enum { RECEIVE, TRANSMIT, QUEUES };

/* More than this in one buffer is no text: a driver that says 4 GiB does not keep the VMM busy. */
#define MAX_TRANSMIT (1u << 20)

/* One part of a buffer. 0, or -1: it is not in the guest's memory. */
static int transmit_part(struct virtio_console *c, const struct virtqueue_part *part)
{
	const struct virtio_memory *memory = &c->virtio.memory;
	uint8_t bytes[256];

	for (uint32_t at = 0; at < part->size;) {
		uint32_t size = part->size - at < sizeof(bytes) ? part->size - at : sizeof(bytes);

		if (memory->read(memory->opaque, part->gpa + at, bytes, size))
			return -1;
		for (uint32_t i = 0; i < size; i++)
			c->sink(c->sink_opaque, bytes[i]);
		at += size;
	}
	return 0;
}

static int transmit_chain(struct virtio_console *c, const struct virtqueue_chain *chain)
{
	uint32_t left = MAX_TRANSMIT;

	for (unsigned i = 0; i < chain->count; i++) {
		const struct virtqueue_part *part = &chain->part[i];

		if (part->writable || part->size > left || transmit_part(c, part))
			return -1;
		left -= part->size;
	}
	return 0;
}

/* Puts waiting input into the writable parts; *written counts. 0, or -1. */
static int receive_chain(struct virtio_console *c, const struct virtqueue_chain *chain,
			 uint32_t *written)
{
	const struct virtio_memory *memory = &c->virtio.memory;

	*written = 0;
	for (unsigned i = 0; i < chain->count && *written < c->waiting; i++) {
		const struct virtqueue_part *part = &chain->part[i];
		uint32_t size = (uint32_t)c->waiting - *written;

		if (size > part->size)
			size = part->size;
		if (!part->writable ||
		    memory->write(memory->opaque, part->gpa, c->typed + *written, size))
			return -1;
		*written += size;
	}
	c->waiting -= *written;
	memmove(c->typed, c->typed + *written, c->waiting);
	return 0;
}

/* One buffer of a queue, used and given back. 0, or -1: the queue is broken. */
static int serve_one(struct virtio_console *c, unsigned number, bool *interrupt)
{
	struct virtqueue *queue = &c->virtio.queue[number];
	struct virtqueue_chain chain;
	uint32_t written = 0;
	int result = virtqueue_take(queue, &c->virtio.memory, &chain);

	if (!result)
		result = number == TRANSMIT ? transmit_chain(c, &chain)
					    : receive_chain(c, &chain, &written);
	return result ? -1
		      : virtqueue_give(queue, &c->virtio.memory, chain.head, written, interrupt);
}

/*
 * What is available when the driver says so; for what it adds meanwhile it says so again. That way
 * no driver keeps the VMM here.
 */
static void serve(struct virtio_console *c, unsigned number)
{
	bool interrupt = false, wanted = false;
	uint16_t count;
	int result = virtqueue_available(&c->virtio.queue[number], &c->virtio.memory, &count);

	while (!result && count-- && (number == TRANSMIT || c->waiting)) {
		result = serve_one(c, number, &wanted);
		interrupt |= wanted;
	}
	if (result)
		virtio_pci_broken(&c->virtio);
	else if (interrupt)
		virtio_pci_interrupt(&c->virtio, number);
}

static void notified(void *opaque, unsigned queue)
{
	serve(opaque, queue);
}

int virtio_console_init(struct virtio_console *console, struct pci *pci, uint8_t device,
			uint32_t bar)
{
	static const struct virtio_kind kind = { .id = ID_CONSOLE,
						 .class_code = CLASS_COMMUNICATION,
						 .queues = QUEUES,
						 .notified = notified };

	console->waiting = 0;
	return virtio_pci_init(&console->virtio, &kind, console, pci, device, bar);
}

size_t virtio_console_type(struct virtio_console *console, const uint8_t *bytes, size_t size)
{
	size_t room = sizeof(console->typed) - console->waiting;

	if (size > room)
		size = room;
	memcpy(console->typed + console->waiting, bytes, size);
	console->waiting += size;
	if (virtio_pci_running(&console->virtio, RECEIVE))
		serve(console, RECEIVE);
	return size;
}
