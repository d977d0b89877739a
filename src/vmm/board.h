/* SPDX-License-Identifier: MIT */
/*
 * Where things lie in the guest-physical space of the virtual machine, beside its RAM: for the
 * devices themselves and for the tables that tell a guest of them.
 */
#ifndef VMM_BOARD_H
#define VMM_BOARD_H

#include <stddef.h>
#include <stdint.h>

/* PCI configuration space, memory-mapped, where firmware for Q35 puts it: 256 buses of 1 MiB. */
#define BOARD_ECAM_BASE 0xb0000000u
#define BOARD_ECAM_SIZE 0x10000000u

/* In it all memory BARs of PCI functions lie. */
#define BOARD_PCI_BASE 0xc0000000u
#define BOARD_PCI_SIZE 0x20000000u

/* The I/O APIC, and its line from the serial port: edge-triggered, active high. */
#define BOARD_IOAPIC_BASE 0xfec00000u
#define BOARD_UART_LINE	  4

/* The BAR of the virtio console, as it is at reset. */
#define BOARD_CONSOLE_BAR    BOARD_PCI_BASE
#define BOARD_CONSOLE_DEVICE 1 /* 00:01.0 */

struct acpi_config;

/*
 * The ACPI tables of this board: its devices' part of `config` is filled in. As acpi_build()
 * otherwise.
 */
size_t board_acpi(struct acpi_config *config, uint8_t *tables, size_t room);

#endif
