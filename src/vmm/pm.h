/* SPDX-License-Identifier: MIT */
/*
 * Power management as an Intel ICH9 has it: the ACPI timer (3.579545 MHz, 24 bits) that firmware
 * measures time by, the sleep controls that power the machine off, the reset control register, and
 * port 0x42 of a timer chip that is not there.
 */
#ifndef VMM_PM_H
#define VMM_PM_H

#include <stdint.h>

#include "vmm/bus.h"

#define PM_BASE 0x600

/* Sleep registers of a hardware-reduced ACPI machine (ACPI 6.5, 4.8.3.7), 8 bits each. */
#define PM_SLEEP_CONTROL 0x60c
#define PM_SLEEP_STATUS	 0x60d

#define PM_RESET     0xcf9
#define PM_RESET_NOW 0x6 /* hard reset: the value that makes it so */

struct pm {
	uint64_t (*now_ns)(void *opaque);
	void (*power_off)(void *opaque);
	void (*reset)(void *opaque);
	void *opaque;
	uint16_t control; /* PM1 control */
};

/* Adds the devices to the bus. Returns 0, or -1 when the bus is full. */
int pm_add(struct pm *pm, struct port_bus *bus);

#endif
