/* SPDX-License-Identifier: MIT */
/*
 * A driver of the virtio console for the tests, with a small memory of its own that is all the
 * device can reach. It finds its way through configuration space as a guest does.
 */
#ifndef TESTS_VMM_VIRTIO_DRIVER_H
#define TESTS_VMM_VIRTIO_DRIVER_H

#include "vmm/virtio_common.h"
#include "vmm/virtio_console.h"

#define DRIVER_MEMORY 0x8000u
#define DRIVER_BAR    (BOARD_PCI_BASE + 0x100000u)

/* The queues' parts and the buffers in that memory; 0 and 1: receive, transmit. */
#define DRIVER_RINGS(queue)	  (0x1000u * (queue))
#define DRIVER_DESCRIPTORS(queue) DRIVER_RINGS(queue)
#define DRIVER_AVAILABLE(queue)	  (DRIVER_RINGS(queue) + 0x400u)
#define DRIVER_USED(queue)	  (DRIVER_RINGS(queue) + 0x600u)
#define DRIVER_BUFFERS		  0x4000u

struct driver {
	struct pci pci;
	struct virtio_console console;
	uint8_t memory[DRIVER_MEMORY];
	char printed[256];
	size_t length;
	unsigned messages; /* that the device sent, and the last of them */
	uint64_t message_address;
	uint32_t message_data;
};

/* Powers the machine on; the BAR is where the board puts it. */
void driver_init(struct driver *driver);

/* Configuration space and BAR 0 of the console. `size` is 1, 2, 4, for the BAR also 8. */
uint32_t driver_config(struct driver *driver, unsigned at, unsigned size);
void driver_set_config(struct driver *driver, unsigned at, unsigned size, uint32_t value);
uint64_t driver_get(struct driver *driver, uint32_t offset, unsigned size);
void driver_set(struct driver *driver, uint32_t offset, unsigned size, uint64_t value);

/* Moves the BAR to DRIVER_BAR, negotiates, sets up both queues and MSI-X. */
void driver_start(struct driver *driver);

/* Writes descriptor `index` of a queue. */
void driver_describe(struct driver *driver, unsigned queue, unsigned index, uint64_t gpa,
		     uint32_t size, uint16_t flags, uint16_t next);

/* Makes the chain that begins with descriptor `head` available, and says so. */
void driver_offer(struct driver *driver, unsigned queue, uint16_t head);

uint16_t driver_used(const struct driver *driver, unsigned queue);

#endif
