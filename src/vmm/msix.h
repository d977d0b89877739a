/* SPDX-License-Identifier: MIT */
/*
 * MSI-X of a PCI function (PCI Local Bus Specification 3.0, 6.8.2): the capability, the table of
 * messages and the pending bits. A raised vector that is masked stays pending until it is not.
 */
#ifndef VMM_MSIX_H
#define VMM_MSIX_H

#include "vmm/pci.h"

#define MSIX_VECTORS 8u
#define MSIX_ENTRY   16u /* bytes per vector in the table */

struct msix {
	struct pci_function *function;
	unsigned at; /* of the capability */
	unsigned vectors;
	uint8_t table[MSIX_VECTORS * MSIX_ENTRY];
	uint64_t pending; /* bit n: vector n */
	void (*send)(void *opaque, uint64_t address, uint32_t data);
	void *opaque;
};

/*
 * Puts the capability at `at` of the function's space, with `next` after it; the table and the
 * pending bits are at these offsets in BAR 0. `send` and `opaque` are set before.
 */
void msix_init(struct msix *msix, struct pci_function *function, unsigned at, uint8_t next,
	       uint32_t table, uint32_t pending);

/* Sends the vector's message, or keeps it pending. Without MSI-X enabled: nothing. */
void msix_raise(struct msix *msix, unsigned vector);

/* Accesses to the table, `offset` in it, by 4 or 8 bytes; others read 0 and write nothing. */
uint64_t msix_table_read(const struct msix *msix, uint32_t offset, unsigned size);
void msix_table_write(struct msix *msix, uint32_t offset, unsigned size, uint64_t value);

/* The capability may have been written: sends what is pending and not masked any more. */
void msix_update(struct msix *msix);

#endif
