/* SPDX-License-Identifier: MIT */
/*
 * The common configuration structure of a virtio device (virtio 1.0, 4.1.4.3): device status,
 * feature negotiation and the set-up of queues.
 */
#ifndef VMM_VIRTIO_COMMON_H
#define VMM_VIRTIO_COMMON_H

#include "vmm/virtio_pci.h"

#define VIRTIO_COMMON_SIZE 56u

#define VIRTIO_F_VERSION_1	 (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ull << 33)

#define VIRTIO_STATUS_DRIVER_OK	  0x04u
#define VIRTIO_STATUS_FEATURES_OK 0x08u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u

/* Byte offsets. */
enum {
	VIRTIO_DEVICE_FEATURE_SELECT = 0,
	VIRTIO_DEVICE_FEATURE = 4,
	VIRTIO_DRIVER_FEATURE_SELECT = 8,
	VIRTIO_DRIVER_FEATURE = 12,
	VIRTIO_MSIX_CONFIG = 16,
	VIRTIO_NUM_QUEUES = 18,
	VIRTIO_DEVICE_STATUS = 20,
	VIRTIO_CONFIG_GENERATION = 21,
	VIRTIO_QUEUE_SELECT = 22,
	VIRTIO_QUEUE_SIZE = 24,
	VIRTIO_QUEUE_MSIX_VECTOR = 26,
	VIRTIO_QUEUE_ENABLE = 28,
	VIRTIO_QUEUE_NOTIFY_OFF = 30,
	VIRTIO_QUEUE_DESC = 32,
	VIRTIO_QUEUE_DRIVER = 40,
	VIRTIO_QUEUE_DEVICE = 48,
};

/* Parts of a field count as the field; what is no field reads 0 and ignores writes. */
uint64_t virtio_common_read(const struct virtio_pci *virtio, uint32_t offset, unsigned size);
void virtio_common_write(struct virtio_pci *virtio, uint32_t offset, unsigned size, uint64_t value);

/* As after power-on, but for configuration space. */
void virtio_common_reset(struct virtio_pci *virtio);

#endif
