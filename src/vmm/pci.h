/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space, by ports 0xCF8 and 0xCFC and memory-mapped (ECAM): the two functions of
 * an Intel Q35 machine by which firmware recognises its surroundings, the host bridge (00:00.0) and
 * the LPC bridge (00:1f.0). No other function is there.
 */
#ifndef VMM_PCI_H
#define VMM_PCI_H

#include <stdint.h>

#include "vmm/bus.h"

#define PCI_PORT 0xcf8

/* Where firmware for Q35 puts the memory-mapped configuration space: 256 buses of 1 MiB. */
#define PCI_ECAM_BASE 0xb0000000u
#define PCI_ECAM_SIZE 0x10000000u

/*
 * The configuration space of a function. The header is fixed, what follows it holds what is
 * written.
 */
struct pci_function {
	uint8_t device, function;
	uint8_t space[256];
};

struct pci {
	uint32_t address; /* as written to 0xCF8 */
	struct pci_function function[2];
};

void pci_init(struct pci *pci);
struct port_device pci_device(struct pci *pci);

/* Memory-mapped access; `offset` from PCI_ECAM_BASE, below PCI_ECAM_SIZE; `size` 1, 2 or 4. */
uint32_t pci_ecam_read(struct pci *pci, uint32_t offset, unsigned size);
void pci_ecam_write(struct pci *pci, uint32_t offset, unsigned size, uint32_t value);

#endif
