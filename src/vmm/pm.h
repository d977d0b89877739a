/* SPDX-License-Identifier: MIT */
/*
 * Power management as an Intel ICH9 has it: the ACPI timer (3.579545 MHz, 24 bits) that firmware
 * measures time by, the sleep control that powers the machine off, the reset control register, and
 * port 0x42 of a timer chip that is not there.
 */
#ifndef VMM_PM_H
#define VMM_PM_H

#include <stdint.h>

#include "vmm/bus.h"

#define PM_BASE 0x600

struct pm {
	uint64_t (*now_ns)(void);
	void (*power_off)(void *opaque);
	void (*reset)(void *opaque);
	void *opaque;
	uint16_t control; /* PM1 control */
};

/* Adds the devices to the bus. Returns 0, or -1 when the bus is full. */
int pm_add(struct pm *pm, struct port_bus *bus);

#endif
