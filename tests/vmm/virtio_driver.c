// SPDX-License-Identifier: MIT
/*
 * A driver of the virtio console for the tests.
 */
#include <string.h>

#include "formats/bytes.h"
#include "virtio_driver.h"

#define ACKNOWLEDGE 1u
#define DRIVER	    2u

static int memory_read(void *opaque, uint64_t gpa, void *buffer, size_t size)
{
	struct driver *d = opaque;

	if (!bytes_fit(sizeof(d->memory), gpa, size))
		return -1;
	memcpy(buffer, d->memory + gpa, size);
	return 0;
}

static int memory_write(void *opaque, uint64_t gpa, const void *buffer, size_t size)
{
	struct driver *d = opaque;

	if (!bytes_fit(sizeof(d->memory), gpa, size))
		return -1;
	memcpy(d->memory + gpa, buffer, size);
	return 0;
}

static void message(void *opaque, uint64_t address, uint32_t data)
{
	struct driver *d = opaque;

	d->messages++;
	d->message_address = address;
	d->message_data = data;
}

static void print(void *opaque, uint8_t byte)
{
	struct driver *d = opaque;

	d->printed[d->length++ % (sizeof(d->printed) - 1)] = (char)byte;
}

void driver_init(struct driver *driver)
{
	memset(driver, 0, sizeof(*driver));
	pci_init(&driver->pci);
	driver->console.sink = print;
	driver->console.sink_opaque = driver;
	driver->console.virtio.memory = (struct virtio_memory){ memory_read, memory_write, driver };
	driver->console.virtio.msix.send = message;
	driver->console.virtio.msix.opaque = driver;
	virtio_console_init(&driver->console, &driver->pci, BOARD_CONSOLE_DEVICE,
			    BOARD_CONSOLE_BAR);
}

uint32_t driver_config(struct driver *driver, unsigned at, unsigned size)
{
	return pci_ecam_read(&driver->pci, BOARD_CONSOLE_DEVICE << 15 | at, size);
}

void driver_set_config(struct driver *driver, unsigned at, unsigned size, uint32_t value)
{
	pci_ecam_write(&driver->pci, BOARD_CONSOLE_DEVICE << 15 | at, size, value);
}

uint64_t driver_get(struct driver *driver, uint32_t offset, unsigned size)
{
	uint64_t bar = pci_get32(&driver->console.virtio.function, PCI_BAR0);

	return pci_memory_read(&driver->pci, bar + offset, size);
}

void driver_set(struct driver *driver, uint32_t offset, unsigned size, uint64_t value)
{
	uint64_t bar = pci_get32(&driver->console.virtio.function, PCI_BAR0);

	pci_memory_write(&driver->pci, bar + offset, size, value);
}

static void negotiate(struct driver *driver)
{
	driver_set(driver, VIRTIO_DEVICE_STATUS, 1, ACKNOWLEDGE);
	driver_set(driver, VIRTIO_DEVICE_STATUS, 1, ACKNOWLEDGE | DRIVER);
	for (uint32_t i = 0; i < 2; i++) {
		driver_set(driver, VIRTIO_DEVICE_FEATURE_SELECT, 4, i);
		driver_set(driver, VIRTIO_DRIVER_FEATURE_SELECT, 4, i);
		driver_set(driver, VIRTIO_DRIVER_FEATURE, 4,
			   driver_get(driver, VIRTIO_DEVICE_FEATURE, 4));
	}
	driver_set(driver, VIRTIO_DEVICE_STATUS, 1,
		   ACKNOWLEDGE | DRIVER | VIRTIO_STATUS_FEATURES_OK);
}

static void set_up_queue(struct driver *driver, unsigned queue)
{
	driver_set(driver, VIRTIO_QUEUE_SELECT, 2, queue);
	driver_set(driver, VIRTIO_QUEUE_MSIX_VECTOR, 2, queue + 1);
	driver_set(driver, VIRTIO_QUEUE_DESC, 4, DRIVER_DESCRIPTORS(queue));
	driver_set(driver, VIRTIO_QUEUE_DESC + 4, 4, 0);
	driver_set(driver, VIRTIO_QUEUE_DRIVER, 4, DRIVER_AVAILABLE(queue));
	driver_set(driver, VIRTIO_QUEUE_DEVICE, 4, DRIVER_USED(queue));
	driver_set(driver, VIRTIO_QUEUE_ENABLE, 2, 1);
}

static void set_up_msix(struct driver *driver)
{
	driver_set_config(driver, 0x42, 2, 0x8000);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t entry = VIRTIO_MSIX_TABLE + MSIX_ENTRY * i;

		driver_set(driver, entry, 4, 0xfee00000);
		driver_set(driver, entry + 4, 4, 0);
		driver_set(driver, entry + 8, 4, 0x40 + i);
		driver_set(driver, entry + 12, 4, 0);
	}
	driver_set(driver, VIRTIO_MSIX_CONFIG, 2, 0);
}

void driver_start(struct driver *driver)
{
	driver_set_config(driver, PCI_BAR0, 4, DRIVER_BAR);
	driver_set_config(driver, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	negotiate(driver);
	set_up_msix(driver);
	set_up_queue(driver, 0);
	set_up_queue(driver, 1);
	driver_set(driver, VIRTIO_DEVICE_STATUS, 1,
		   driver_get(driver, VIRTIO_DEVICE_STATUS, 1) | VIRTIO_STATUS_DRIVER_OK);
}

void driver_describe(struct driver *driver, unsigned queue, unsigned index, uint64_t gpa,
		     uint32_t size, uint16_t flags, uint16_t next)
{
	uint8_t *descriptor = driver->memory + DRIVER_DESCRIPTORS(queue) + 16 * index;

	put_le64(descriptor, gpa);
	put_le32(descriptor + 8, size);
	put_le16(descriptor + 12, flags);
	put_le16(descriptor + 14, next);
}

void driver_offer(struct driver *driver, unsigned queue, uint16_t head)
{
	uint8_t *available = driver->memory + DRIVER_AVAILABLE(queue);
	uint16_t index = get_le16(available + 2);

	put_le16(available + 4 + 2 * (index % VIRTQUEUE_MAX), head);
	put_le16(available + 2, (uint16_t)(index + 1));
	driver_set(driver, VIRTIO_NOTIFY + 4 * queue, 2, queue);
}

uint16_t driver_used(const struct driver *driver, unsigned queue)
{
	return get_le16(driver->memory + DRIVER_USED(queue) + 2);
}
