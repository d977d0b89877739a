/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space, by ports 0xCF8 and 0xCFC and memory-mapped (ECAM), and the memory of the
 * functions in it. Always there: the two functions of an Intel Q35 machine by which firmware
 * recognises its surroundings, the host bridge (00:00.0) and the LPC bridge (00:1f.0).
 */
#ifndef VMM_PCI_H
#define VMM_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/board.h"
#include "vmm/bus.h"

#define PCI_PORT	  0xcf8
#define PCI_SPACE_SIZE	  256u
#define PCI_MAX_FUNCTIONS 4

/* Registers of the header. */
enum {
	PCI_VENDOR = 0x00,
	PCI_DEVICE = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_REVISION = 0x08,
	PCI_CLASS = 0x0a,
	PCI_HEADER_TYPE = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_SUBSYSTEM_VENDOR = 0x2c,
	PCI_SUBSYSTEM = 0x2e,
	PCI_CAPABILITIES = 0x34,
};

#define PCI_COMMAND_MEMORY	0x0002u
#define PCI_COMMAND_MASTER	0x0004u
#define PCI_STATUS_CAPABILITIES 0x0010u

/* What a function does beyond holding what is written. `opaque` is struct pci_function's. */
struct pci_ops {
	/* Its memory; `offset` from the start of BAR 0, `size` 1, 2, 4 or 8. */
	uint64_t (*read)(void *opaque, uint32_t offset, unsigned size);
	void (*write)(void *opaque, uint32_t offset, unsigned size, uint64_t value);
	/* Configuration space: bytes are about to be read; were written. May be NULL. */
	void (*config_reading)(void *opaque, unsigned at, unsigned size);
	void (*config_written)(void *opaque, unsigned at, unsigned size);
};

struct pci_function {
	uint8_t device, function;
	uint8_t space[PCI_SPACE_SIZE];
	uint8_t writable[PCI_SPACE_SIZE]; /* the bits that a write changes */
	const struct pci_ops *ops;	  /* NULL: none */
	void *opaque;
};

struct pci {
	uint32_t address; /* as written to 0xCF8 */
	struct pci_function *function[PCI_MAX_FUNCTIONS];
	size_t count;
	struct pci_function host_bridge, lpc_bridge;
};

void pci_init(struct pci *pci);
struct port_device pci_device(struct pci *pci);

/* Adds a function, which the caller keeps. Returns 0, or -1 when there is no room. */
int pci_add(struct pci *pci, struct pci_function *function);

/* For functions: registers of their space, and the bits of them that can be written. */
uint16_t pci_get16(const struct pci_function *f, unsigned at);
uint32_t pci_get32(const struct pci_function *f, unsigned at);
void pci_set16(struct pci_function *f, unsigned at, uint16_t value, uint16_t writable);
void pci_set32(struct pci_function *f, unsigned at, uint32_t value, uint32_t writable);

/* BAR 0: 32-bit memory, `size` a power of two, at `base` until it is moved. */
void pci_set_bar0(struct pci_function *f, uint32_t base, uint32_t size);

/* Memory-mapped configuration; `offset` from BOARD_ECAM_BASE, below its size; `size` 1, 2 or 4. */
uint32_t pci_ecam_read(struct pci *pci, uint32_t offset, unsigned size);
void pci_ecam_write(struct pci *pci, uint32_t offset, unsigned size, uint32_t value);

/* An access to memory of some function, `size` 1, 2, 4 or 8. Where there is none: all ones. */
uint64_t pci_memory_read(struct pci *pci, uint64_t gpa, unsigned size);
void pci_memory_write(struct pci *pci, uint64_t gpa, unsigned size, uint64_t value);

#endif
