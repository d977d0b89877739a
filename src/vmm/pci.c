// SPDX-License-Identifier: MIT
/*
 * PCI configuration space by configuration mechanism 1 (PCI Local Bus
 * Specification 3.0, 3.2.2.3.2).
 */
#include <string.h>

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

static void put16(uint8_t *space, unsigned at, uint16_t value)
{
	memcpy(space + at, &value, sizeof(value));
}

static void identify(struct pci_function *f, uint8_t device, uint16_t id, uint16_t class_code,
		     uint8_t header)
{
	*f = (struct pci_function){ .device = device };
	put16(f->space, 0x00, INTEL);
	put16(f->space, 0x02, id);
	put16(f->space, 0x0a, class_code);
	f->space[0x0e] = header;
}

void pci_init(struct pci *pci)
{
	pci->address = 0;
	identify(&pci->function[0], 0, Q35_BRIDGE, CLASS_HOST, 0);
	identify(&pci->function[1], 0x1f, ICH9_LPC, CLASS_ISA, MULTIFUNCTION);
}

/* `where`: bus 15:8, device 7:3, function 2:0. */
static struct pci_function *find(struct pci *pci, uint16_t where)
{
	for (unsigned i = 0; i < sizeof(pci->function) / sizeof(pci->function[0]); i++) {
		struct pci_function *f = &pci->function[i];

		if (where == (f->device << 3 | f->function))
			return f;
	}
	return NULL;
}

static uint32_t read_register(struct pci *pci, uint16_t where, unsigned at, unsigned size)
{
	const struct pci_function *f = find(pci, where);
	uint32_t value = 0;

	if (!f || at + size > sizeof(f->space))
		return UINT32_MAX;
	memcpy(&value, f->space + at, size);
	return value;
}

static void write_register(struct pci *pci, uint16_t where, unsigned at, unsigned size,
			   uint32_t value)
{
	struct pci_function *f = find(pci, where);

	if (f && at >= HEADER_SIZE && at + size <= sizeof(f->space))
		memcpy(f->space + at, &value, size);
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

struct port_device pci_device(struct pci *pci)
{
	return (struct port_device){ .name = "PCI configuration",
				     .base = PCI_PORT,
				     .count = 8,
				     .in = pci_in,
				     .out = pci_out,
				     .opaque = pci };
}
