// SPDX-License-Identifier: MIT
/*
 * What the ACPI tables tell of the board.
 */
#include "vmm/board.h"

#include "formats/acpi.h"
#include "vmm/pci.h"
#include "vmm/pm.h"
#include "vmm/rtc.h"
#include "vmm/uart.h"

size_t board_acpi(struct acpi_config *config, uint8_t *tables, size_t room)
{
	config->sleep_control = PM_SLEEP_CONTROL;
	config->sleep_status = PM_SLEEP_STATUS;
	config->reset = PM_RESET;
	config->reset_value = PM_RESET_NOW;
	config->ioapic = BOARD_IOAPIC_BASE;
	config->serial = UART_COM1;
	config->serial_gsi = BOARD_UART_LINE;
	config->rtc = RTC_PORT;
	config->pci_config = PCI_PORT;
	config->pci_base = BOARD_PCI_BASE;
	config->pci_size = BOARD_PCI_SIZE;
	return acpi_build(config, tables, room);
}
