// SPDX-License-Identifier: MIT
/*
 * A virtio device as a PCI function: its capabilities and what stands in its BAR.
 */
#include <string.h>

#include "formats/bytes.h"
#include "vmm/virtio_common.h"
#include "vmm/virtio_pci.h"

#define VENDOR		0x1af4
#define DEVICE_MODERN	0x1040 /* plus the id of the kind */
#define REVISION_MODERN 1

/* Capabilities in configuration space. */
enum { AT_MSIX = 0x40, AT_COMMON = 0x50, AT_NOTIFY = 0x60, AT_ISR = 0x74, AT_CONFIG = 0x84 };
enum { AT_WINDOW = 0x94, WINDOW_DATA = AT_WINDOW + 16 };

enum { CAP_VENDOR = 9, CAP_SIZE = 16 };
enum { TYPE_COMMON = 1, TYPE_NOTIFY, TYPE_ISR, TYPE_CONFIG, TYPE_WINDOW };

#define NOTIFY_MULTIPLIER 4
#define ISR_QUEUE	  1u
#define ISR_CONFIG	  2u

static uint64_t isr_read(struct virtio_pci *virtio)
{
	uint8_t isr = virtio->isr;

	virtio->isr = 0;
	return isr;
}

static uint64_t bar_read(void *opaque, uint32_t offset, unsigned size)
{
	struct virtio_pci *virtio = opaque;

	switch (offset & ~0xfffu) {
	case VIRTIO_COMMON: return virtio_common_read(virtio, offset, size);
	case VIRTIO_ISR: return offset == VIRTIO_ISR ? isr_read(virtio) : 0;
	case VIRTIO_MSIX_TABLE:
		return msix_table_read(&virtio->msix, offset - VIRTIO_MSIX_TABLE, size);
	case VIRTIO_MSIX_PENDING: return offset == VIRTIO_MSIX_PENDING ? virtio->msix.pending : 0;
	default: return 0;
	}
}

static void notify(struct virtio_pci *virtio, unsigned queue)
{
	if (virtio_pci_running(virtio, queue))
		virtio->kind->notified(virtio->opaque, queue);
}

static void bar_write(void *opaque, uint32_t offset, unsigned size, uint64_t value)
{
	struct virtio_pci *virtio = opaque;

	switch (offset & ~0xfffu) {
	case VIRTIO_COMMON: virtio_common_write(virtio, offset, size, value); break;
	case VIRTIO_NOTIFY: notify(virtio, (offset - VIRTIO_NOTIFY) / NOTIFY_MULTIPLIER); break;
	case VIRTIO_MSIX_TABLE:
		msix_table_write(&virtio->msix, offset - VIRTIO_MSIX_TABLE, size, value);
		break;
	default: break;
	}
}

/*
 * The window (virtio 1.0, 4.1.4.7): an access to its data goes to the bytes of the BAR that offset
 * and length in it name. False: they name none.
 */
static bool window(const struct virtio_pci *virtio, uint32_t *offset, unsigned *size)
{
	uint32_t length = pci_get32(&virtio->function, AT_WINDOW + 12);

	*offset = pci_get32(&virtio->function, AT_WINDOW + 8);
	*size = length;
	return !virtio->function.space[AT_WINDOW + 4] &&
	       (length == 1 || length == 2 || length == 4) &&
	       bytes_fit(VIRTIO_BAR_SIZE, *offset, length);
}

static void config_reading(void *opaque, unsigned at, unsigned size)
{
	struct virtio_pci *virtio = opaque;
	uint32_t offset;
	unsigned length;

	if (ranges_overlap(at, size, WINDOW_DATA, 4) && window(virtio, &offset, &length))
		put_le32(virtio->function.space + WINDOW_DATA,
			 (uint32_t)bar_read(virtio, offset, length));
}

static void config_written(void *opaque, unsigned at, unsigned size)
{
	struct virtio_pci *virtio = opaque;
	uint32_t offset;
	unsigned length;

	if (ranges_overlap(at, size, WINDOW_DATA, 4) && window(virtio, &offset, &length))
		bar_write(virtio, offset, length, pci_get32(&virtio->function, WINDOW_DATA));
	msix_update(&virtio->msix);
}

static void add_capability(struct pci_function *f, unsigned at, unsigned next, uint8_t size,
			   uint8_t type, uint32_t offset, uint32_t length)
{
	f->space[at] = CAP_VENDOR;
	f->space[at + 1] = (uint8_t)next;
	f->space[at + 2] = size;
	f->space[at + 3] = type;
	pci_set32(f, at + 8, offset, 0);
	pci_set32(f, at + 12, length, 0);
}

static void add_capabilities(struct virtio_pci *virtio)
{
	struct pci_function *f = &virtio->function;

	pci_set16(f, PCI_STATUS, PCI_STATUS_CAPABILITIES, 0);
	f->space[PCI_CAPABILITIES] = AT_MSIX;
	msix_init(&virtio->msix, f, AT_MSIX, AT_COMMON, VIRTIO_MSIX_TABLE, VIRTIO_MSIX_PENDING);
	add_capability(f, AT_COMMON, AT_NOTIFY, CAP_SIZE, TYPE_COMMON, VIRTIO_COMMON,
		       VIRTIO_COMMON_SIZE);
	add_capability(f, AT_NOTIFY, AT_ISR, CAP_SIZE + 4, TYPE_NOTIFY, VIRTIO_NOTIFY, 0x1000);
	pci_set32(f, AT_NOTIFY + CAP_SIZE, NOTIFY_MULTIPLIER, 0);
	add_capability(f, AT_ISR, AT_CONFIG, CAP_SIZE, TYPE_ISR, VIRTIO_ISR, 1);
	add_capability(f, AT_CONFIG, AT_WINDOW, CAP_SIZE, TYPE_CONFIG, VIRTIO_CONFIG, 0x1000);
	add_capability(f, AT_WINDOW, 0, CAP_SIZE + 4, TYPE_WINDOW, 0, 0);
	memset(f->writable + AT_WINDOW + 4, 0xff, 1);
	memset(f->writable + AT_WINDOW + 8, 0xff, 12);
}

int virtio_pci_init(struct virtio_pci *virtio, const struct virtio_kind *kind, void *opaque,
		    struct pci *pci, uint8_t device, uint32_t bar)
{
	static const struct pci_ops ops = { bar_read, bar_write, config_reading, config_written };
	struct pci_function *f = &virtio->function;

	virtio->kind = kind;
	virtio->opaque = opaque;
	*f = (struct pci_function){ .device = device, .ops = &ops, .opaque = virtio };
	pci_set16(f, PCI_VENDOR, VENDOR, 0);
	pci_set16(f, PCI_DEVICE, (uint16_t)(DEVICE_MODERN + kind->id), 0);
	pci_set16(f, PCI_COMMAND, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	f->space[PCI_REVISION] = REVISION_MODERN;
	pci_set16(f, PCI_CLASS, kind->class_code, 0);
	pci_set16(f, PCI_SUBSYSTEM_VENDOR, VENDOR, 0);
	pci_set16(f, PCI_SUBSYSTEM, (uint16_t)(DEVICE_MODERN + kind->id), 0);
	pci_set_bar0(f, bar, VIRTIO_BAR_SIZE);
	virtio->msix.vectors = kind->queues + 1;
	add_capabilities(virtio);
	virtio_common_reset(virtio);
	return pci_add(pci, f);
}

bool virtio_pci_running(const struct virtio_pci *virtio, unsigned queue)
{
	return queue < virtio->kind->queues && virtio->status & VIRTIO_STATUS_DRIVER_OK &&
	       !(virtio->status & VIRTIO_STATUS_NEEDS_RESET) && virtio->queue[queue].enabled;
}

void virtio_pci_interrupt(struct virtio_pci *virtio, unsigned queue)
{
	virtio->isr |= ISR_QUEUE;
	msix_raise(&virtio->msix, virtio->queue[queue].vector);
}

void virtio_pci_broken(struct virtio_pci *virtio)
{
	virtio->status |= VIRTIO_STATUS_NEEDS_RESET;
	virtio->isr |= ISR_CONFIG;
	msix_raise(&virtio->msix, virtio->config_vector);
}
