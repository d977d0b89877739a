/* SPDX-License-Identifier: MIT */
/*
 * A virtio 1.0 device as a PCI function (virtio 1.0, 4.1): feature negotiation, queues, MSI-X. It
 * always offers VERSION_1 and ACCESS_PLATFORM and works only for a driver that takes both: what the
 * device reads and writes is the guest's shared memory and no other.
 */
#ifndef VMM_VIRTIO_PCI_H
#define VMM_VIRTIO_PCI_H

#include "vmm/msix.h"
#include "vmm/pci.h"
#include "vmm/virtqueue.h"

#define VIRTIO_MAX_QUEUES 2
#define VIRTIO_BAR_SIZE	  0x8000u

/* Where in BAR 0. The queue's number times 4 is its place in the notification area. */
enum {
	VIRTIO_COMMON = 0x0000,
	VIRTIO_ISR = 0x1000,
	VIRTIO_CONFIG = 0x2000,
	VIRTIO_NOTIFY = 0x3000,
	VIRTIO_MSIX_TABLE = 0x4000,
	VIRTIO_MSIX_PENDING = 0x5000,
};

/* What makes one kind of device. */
struct virtio_kind {
	uint16_t id;	     /* virtio 1.0, 5: 3 is the console */
	uint16_t class_code; /* of PCI */
	unsigned queues;
	/* The driver says that it made buffers of a queue available. */
	void (*notified)(void *opaque, unsigned queue);
};

struct virtio_pci {
	struct pci_function function;
	struct msix msix;
	const struct virtio_kind *kind;
	void *opaque; /* for its functions */
	struct virtio_memory memory;
	struct virtqueue queue[VIRTIO_MAX_QUEUES];
	uint64_t driver_features;
	uint32_t device_feature_select, driver_feature_select;
	uint16_t queue_select, config_vector;
	uint8_t status, isr;
};

/*
 * Makes the function; `memory` and `msix.send` are set before. It appears in `pci` as `device` with
 * its BAR at `bar`. Returns 0, or -1 when PCI has no room.
 */
int virtio_pci_init(struct virtio_pci *virtio, const struct virtio_kind *kind, void *opaque,
		    struct pci *pci, uint8_t device, uint32_t bar);

/* Is the driver there and the queue in use? */
bool virtio_pci_running(const struct virtio_pci *virtio, unsigned queue);

/* Tells the driver that buffers of the queue were used. */
void virtio_pci_interrupt(struct virtio_pci *virtio, unsigned queue);

/* What the driver wrote makes no sense: it has to reset the device. */
void virtio_pci_broken(struct virtio_pci *virtio);

#endif
