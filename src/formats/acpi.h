/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables (ACPI 6.5) for a hardware-reduced machine without firmware: RSDP, XSDT, FADT, DSDT,
 * MADT with the multiprocessor wake-up structure, CCEL.
 */
#ifndef FORMATS_ACPI_H
#define FORMATS_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acpi_config {
	uint64_t base;		     /* guest-physical address of the tables; the RSDP is first */
	unsigned cpus;		     /* APIC IDs 0 to cpus - 1; at most 255 */
	uint64_t mailbox;	     /* of the wake-up structure, 4 KiB aligned; 0: none */
	uint64_t log_base, log_size; /* event log area, CCEL; size 0: none */

	uint16_t sleep_control, sleep_status, reset; /* 8-bit I/O ports */
	uint8_t reset_value;
	uint32_t ioapic;	     /* an I/O APIC's registers; its lines are GSIs 0 and up */
	uint16_t serial;	     /* a 16550, eight ports */
	uint8_t serial_gsi;	     /* its interrupt, edge-triggered */
	uint16_t rtc;		     /* an MC146818, two ports */
	uint16_t pci_config;	     /* configuration mechanism #1, eight ports; bus 0 only */
	uint32_t pci_base, pci_size; /* memory of PCI devices */
};

/* Writes the tables. Returns their size in bytes; 0 when they do not fit in `room`. */
size_t acpi_build(const struct acpi_config *config, uint8_t *tables, size_t room);

/*
 * For firmware that moves tables with base 0 and makes an XSDT of its own: where in them the
 * address of another table stands, 8 bytes. The first is in the FADT, whose checksum, one byte,
 * covers it. 0: there are no more than `n`.
 */
uint32_t acpi_pointer(const uint8_t *tables, unsigned n);

struct acpi_fadt {
	uint32_t at, length, checksum;
};

struct acpi_fadt acpi_fadt(const uint8_t *tables);

#endif
