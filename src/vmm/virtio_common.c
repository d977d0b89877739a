// SPDX-License-Identifier: MIT
/*
 * The common configuration structure of a virtio device.
 */
#include <string.h>

#include "formats/bytes.h"
#include "vmm/virtio_common.h"

#define FEATURES  (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM)
#define NO_VECTOR 0xffffu

static const struct field {
	uint8_t at, size;
} fields[] = {
	{ VIRTIO_DEVICE_FEATURE_SELECT, 4 }, { VIRTIO_DEVICE_FEATURE, 4 },
	{ VIRTIO_DRIVER_FEATURE_SELECT, 4 }, { VIRTIO_DRIVER_FEATURE, 4 },
	{ VIRTIO_MSIX_CONFIG, 2 },	     { VIRTIO_NUM_QUEUES, 2 },
	{ VIRTIO_DEVICE_STATUS, 1 },	     { VIRTIO_CONFIG_GENERATION, 1 },
	{ VIRTIO_QUEUE_SELECT, 2 },	     { VIRTIO_QUEUE_SIZE, 2 },
	{ VIRTIO_QUEUE_MSIX_VECTOR, 2 },     { VIRTIO_QUEUE_ENABLE, 2 },
	{ VIRTIO_QUEUE_NOTIFY_OFF, 2 },	     { VIRTIO_QUEUE_DESC, 8 },
	{ VIRTIO_QUEUE_DRIVER, 8 },	     { VIRTIO_QUEUE_DEVICE, 8 },
};

static const struct field *find(uint32_t offset, unsigned size)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (offset >= fields[i].at &&
		    bytes_fit(fields[i].size, offset - fields[i].at, size))
			return &fields[i];
	}
	return NULL;
}

/* Half of a feature word of 64 bits. */
static uint32_t half(uint64_t features, uint32_t select)
{
	return select > 1 ? 0 : (uint32_t)(features >> (32 * select));
}

static uint64_t get_queue(const struct virtqueue *q, unsigned number, unsigned at)
{
	switch (at) {
	case VIRTIO_QUEUE_SIZE: return q->size;
	case VIRTIO_QUEUE_MSIX_VECTOR: return q->vector;
	case VIRTIO_QUEUE_ENABLE: return q->enabled;
	case VIRTIO_QUEUE_NOTIFY_OFF: return number;
	case VIRTIO_QUEUE_DESC: return q->descriptors;
	case VIRTIO_QUEUE_DRIVER: return q->driver;
	default: return q->device;
	}
}

static uint64_t get(const struct virtio_pci *v, unsigned at)
{
	switch (at) {
	case VIRTIO_DEVICE_FEATURE_SELECT: return v->device_feature_select;
	case VIRTIO_DEVICE_FEATURE: return half(FEATURES, v->device_feature_select);
	case VIRTIO_DRIVER_FEATURE_SELECT: return v->driver_feature_select;
	case VIRTIO_DRIVER_FEATURE: return half(v->driver_features, v->driver_feature_select);
	case VIRTIO_MSIX_CONFIG: return v->config_vector;
	case VIRTIO_NUM_QUEUES: return v->kind->queues;
	case VIRTIO_DEVICE_STATUS: return v->status;
	case VIRTIO_CONFIG_GENERATION: return 0;
	case VIRTIO_QUEUE_SELECT: return v->queue_select;
	default:
		return v->queue_select < v->kind->queues
			       ? get_queue(&v->queue[v->queue_select], v->queue_select, at)
			       : 0;
	}
}

void virtio_common_reset(struct virtio_pci *v)
{
	memset(v->queue, 0, sizeof(v->queue));
	for (unsigned i = 0; i < v->kind->queues; i++) {
		v->queue[i].size = VIRTQUEUE_MAX;
		v->queue[i].vector = NO_VECTOR;
	}
	v->driver_features = 0;
	v->device_feature_select = v->driver_feature_select = 0;
	v->queue_select = 0;
	v->config_vector = NO_VECTOR;
	v->status = v->isr = 0;
	v->msix.pending = 0;
}

/* The driver adds bits; 0 resets. */
static void set_status(struct virtio_pci *v, uint8_t value)
{
	if (!value) {
		virtio_common_reset(v);
		return;
	}
	if (v->driver_features != FEATURES)
		value &= (uint8_t) ~(VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
	v->status |= value;
}

static void set_features(struct virtio_pci *v, uint32_t value)
{
	unsigned shift = 32 * v->driver_feature_select;

	if (v->driver_feature_select > 1 || v->status & VIRTIO_STATUS_FEATURES_OK)
		return;
	v->driver_features &= ~(0xffffffffull << shift);
	v->driver_features |= (uint64_t)value << shift;
}

static uint16_t vector(const struct virtio_pci *v, uint64_t value)
{
	return (uint16_t)(value < v->msix.vectors ? value : NO_VECTOR);
}

static void enable(struct virtio_pci *v, struct virtqueue *q)
{
	if (q->descriptors % 16 || q->driver % 2 || q->device % 4 ||
	    !(v->status & VIRTIO_STATUS_FEATURES_OK))
		virtio_pci_broken(v);
	else
		q->enabled = 1;
}

static void set_size(struct virtqueue *q, uint64_t size)
{
	if (size && size <= VIRTQUEUE_MAX && !(size & (size - 1)))
		q->size = (uint16_t)size;
}

/* Of a queue that is in use only the vector can change. */
static void set_queue(struct virtio_pci *v, struct virtqueue *q, unsigned at, uint64_t value)
{
	if (at == VIRTIO_QUEUE_MSIX_VECTOR)
		q->vector = vector(v, value);
	if (q->enabled)
		return;
	switch (at) {
	case VIRTIO_QUEUE_SIZE: set_size(q, value); break;
	case VIRTIO_QUEUE_DESC: q->descriptors = value; break;
	case VIRTIO_QUEUE_DRIVER: q->driver = value; break;
	case VIRTIO_QUEUE_DEVICE: q->device = value; break;
	case VIRTIO_QUEUE_ENABLE:
		if (value == 1)
			enable(v, q);
		break;
	default: break;
	}
}

static void set(struct virtio_pci *v, unsigned at, uint64_t value)
{
	switch (at) {
	case VIRTIO_DEVICE_FEATURE_SELECT: v->device_feature_select = (uint32_t)value; break;
	case VIRTIO_DRIVER_FEATURE_SELECT: v->driver_feature_select = (uint32_t)value; break;
	case VIRTIO_DRIVER_FEATURE: set_features(v, (uint32_t)value); break;
	case VIRTIO_MSIX_CONFIG: v->config_vector = vector(v, value); break;
	case VIRTIO_DEVICE_STATUS: set_status(v, (uint8_t)value); break;
	case VIRTIO_QUEUE_SELECT: v->queue_select = (uint16_t)value; break;
	default:
		if (at >= VIRTIO_QUEUE_SIZE && v->queue_select < v->kind->queues)
			set_queue(v, &v->queue[v->queue_select], at, value);
		break;
	}
}

uint64_t virtio_common_read(const struct virtio_pci *virtio, uint32_t offset, unsigned size)
{
	const struct field *field = find(offset, size);

	return field ? get(virtio, field->at) >> (8 * (offset - field->at)) : 0;
}

void virtio_common_write(struct virtio_pci *virtio, uint32_t offset, unsigned size, uint64_t value)
{
	const struct field *field = find(offset, size);
	uint8_t bytes[8];

	if (!field)
		return;
	put_le64(bytes, get(virtio, field->at));
	memcpy(bytes + (offset - field->at), &value, size);
	set(virtio, field->at, get_le64(bytes));
}
