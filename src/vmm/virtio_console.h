/* SPDX-License-Identifier: MIT */
/*
 * A virtio console with one port (virtio 1.0, 5.3; in Linux hvc0): what the guest transmits goes to
 * a sink, what is typed waits for a receive buffer of the guest.
 */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include "vmm/virtio_pci.h"

#define VIRTIO_CONSOLE_TYPED 4096u

struct virtio_console {
	struct virtio_pci virtio;
	void (*sink)(void *opaque, uint8_t byte);
	void *sink_opaque;
	uint8_t typed[VIRTIO_CONSOLE_TYPED];
	size_t waiting; /* bytes in it */
};

/* The sink, virtio.memory and virtio.msix.send are set before. As virtio_pci_init(). */
int virtio_console_init(struct virtio_console *console, struct pci *pci, uint8_t device,
			uint32_t bar);

/* Takes input for the guest. Returns how many bytes it had room for. */
size_t virtio_console_type(struct virtio_console *console, const uint8_t *bytes, size_t size);

#endif
