// SPDX-License-Identifier: MIT
/*
 * PCI configuration space by configuration mechanism 1 (PCI Local Bus Specification 3.0,
 * 3.2.2.3.2), and the memory that its BARs place.
 */
#include <string.h>

#include "formats/bytes.h"
#include "vmm/pci.h"

#define DATA_PORT     4 /* offset of 0xCFC */
#define ENABLE	      (1u << 31)
#define HEADER_SIZE   0x40
#define INTEL	      0x8086
#define Q35_BRIDGE    0x29c0
#define ICH9_LPC      0x2918
#define CLASS_HOST    0x0600
#define CLASS_ISA     0x0601
#define MULTIFUNCTION 0x80

/* An ICH9 LPC bridge decodes ports and memory and is bus master; the bits are wired to 1. */
#define LPC_ALWAYS_ON 7

uint16_t pci_get16(const struct pci_function *f, unsigned at)
{
	return get_le16(f->space + at);
}

uint32_t pci_get32(const struct pci_function *f, unsigned at)
{
	return get_le32(f->space + at);
}

void pci_set16(struct pci_function *f, unsigned at, uint16_t value, uint16_t writable)
{
	put_le16(f->space + at, value);
	put_le16(f->writable + at, writable);
}

void pci_set32(struct pci_function *f, unsigned at, uint32_t value, uint32_t writable)
{
	put_le32(f->space + at, value);
	put_le32(f->writable + at, writable);
}

/* A driver finds the size by writing ones: bits below it stay 0. */
void pci_set_bar0(struct pci_function *f, uint32_t base, uint32_t size)
{
	pci_set32(f, PCI_BAR0, base, ~(size - 1));
}

/* Registers behind the header hold what is written: firmware keeps addresses there. */
static void identify(struct pci_function *f, uint8_t device, uint16_t id, uint16_t class_code,
		     uint8_t header)
{
	*f = (struct pci_function){ .device = device };
	pci_set16(f, PCI_VENDOR, INTEL, 0);
	pci_set16(f, PCI_DEVICE, id, 0);
	pci_set16(f, PCI_CLASS, class_code, 0);
	f->space[PCI_HEADER_TYPE] = header;
	memset(f->writable + HEADER_SIZE, 0xff, sizeof(f->writable) - HEADER_SIZE);
}

void pci_init(struct pci *pci)
{
	*pci = (struct pci){ 0 };
	identify(&pci->host_bridge, 0, Q35_BRIDGE, CLASS_HOST, 0);
	identify(&pci->lpc_bridge, 0x1f, ICH9_LPC, CLASS_ISA, MULTIFUNCTION);
	pci->lpc_bridge.space[PCI_COMMAND] = LPC_ALWAYS_ON;
	pci_add(pci, &pci->host_bridge);
	pci_add(pci, &pci->lpc_bridge);
}

int pci_add(struct pci *pci, struct pci_function *function)
{
	if (pci->count == PCI_MAX_FUNCTIONS)
		return -1;
	pci->function[pci->count++] = function;
	return 0;
}

/* `where`: bus 15:8, device 7:3, function 2:0. */
static struct pci_function *find(struct pci *pci, uint16_t where)
{
	for (size_t i = 0; i < pci->count; i++) {
		struct pci_function *f = pci->function[i];

		if (where == (f->device << 3 | f->function))
			return f;
	}
	return NULL;
}

static uint32_t read_register(struct pci *pci, uint16_t where, unsigned at, unsigned size)
{
	struct pci_function *f = find(pci, where);
	uint32_t value = 0;

	if (!f || at + size > PCI_SPACE_SIZE)
		return UINT32_MAX;
	if (f->ops && f->ops->config_reading)
		f->ops->config_reading(f->opaque, at, size);
	memcpy(&value, f->space + at, size);
	return value;
}

static void write_register(struct pci *pci, uint16_t where, unsigned at, unsigned size,
			   uint32_t value)
{
	struct pci_function *f = find(pci, where);

	if (!f || at + size > PCI_SPACE_SIZE)
		return;
	for (unsigned i = 0; i < size; i++) {
		uint8_t writable = f->writable[at + i], byte = (uint8_t)(value >> (8 * i));

		f->space[at + i] = (uint8_t)((f->space[at + i] & ~writable) | (byte & writable));
	}
	if (f->ops && f->ops->config_written)
		f->ops->config_written(f->opaque, at, size);
}

/*
 * First byte of an access through the data port: register 7:2 of the address, and the byte within
 * the port.
 */
static unsigned register_of(const struct pci *pci, uint16_t offset)
{
	return (pci->address & 0xfc) + (offset - DATA_PORT);
}

static uint32_t pci_in(void *opaque, uint16_t offset, unsigned size)
{
	struct pci *pci = opaque;

	if (offset < DATA_PORT)
		return offset == 0 && size == 4 ? pci->address : UINT32_MAX;
	if (!(pci->address & ENABLE))
		return UINT32_MAX;
	return read_register(pci, (uint16_t)(pci->address >> 8), register_of(pci, offset), size);
}

static void pci_out(void *opaque, uint16_t offset, unsigned size, uint32_t value)
{
	struct pci *pci = opaque;

	if (offset == 0 && size == 4)
		pci->address = value;
	else if (offset >= DATA_PORT && pci->address & ENABLE)
		write_register(pci, (uint16_t)(pci->address >> 8), register_of(pci, offset), size,
			       value);
}

uint32_t pci_ecam_read(struct pci *pci, uint32_t offset, unsigned size)
{
	return read_register(pci, (uint16_t)(offset >> 12), offset & 0xfff, size);
}

void pci_ecam_write(struct pci *pci, uint32_t offset, unsigned size, uint32_t value)
{
	write_register(pci, (uint16_t)(offset >> 12), offset & 0xfff, size, value);
}

/* The function whose BAR 0 holds the bytes and decodes them; *offset in it. */
static struct pci_function *decode(struct pci *pci, uint64_t gpa, unsigned size, uint32_t *offset)
{
	for (size_t i = 0; i < pci->count; i++) {
		struct pci_function *f = pci->function[i];
		uint64_t base = pci_get32(f, PCI_BAR0);
		uint64_t length = (uint32_t)-get_le32(f->writable + PCI_BAR0);

		if (f->ops && pci_get16(f, PCI_COMMAND) & PCI_COMMAND_MEMORY && gpa >= base &&
		    bytes_fit(length, gpa - base, size)) {
			*offset = (uint32_t)(gpa - base);
			return f;
		}
	}
	return NULL;
}

uint64_t pci_memory_read(struct pci *pci, uint64_t gpa, unsigned size)
{
	uint32_t offset;
	struct pci_function *f = decode(pci, gpa, size, &offset);

	return f ? f->ops->read(f->opaque, offset, size) : UINT64_MAX;
}

void pci_memory_write(struct pci *pci, uint64_t gpa, unsigned size, uint64_t value)
{
	uint32_t offset;
	struct pci_function *f = decode(pci, gpa, size, &offset);

	if (f)
		f->ops->write(f->opaque, offset, size, value);
}

struct port_device pci_device(struct pci *pci)
{
	return (struct port_device){ .name = "PCI configuration",
				     .base = PCI_PORT,
				     .count = 8,
				     .in = pci_in,
				     .out = pci_out,
				     .opaque = pci };
}
