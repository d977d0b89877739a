/* SPDX-License-Identifier: MIT */
/*
 * The I/O ports of the virtual machine: devices claim ranges of ports, TDVMCALL<Instruction.IO>
 * reaches them here. A port that no device claims reads all ones and ignores writes.
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <stddef.h>
#include <stdint.h>

#define BUS_MAX_DEVICES 16

/* `offset` counts from the device's first port; `size` is 1, 2 or 4 bytes. */
struct port_device {
	const char *name;
	uint16_t base;
	uint16_t count;
	uint32_t (*in)(void *opaque, uint16_t offset, unsigned size);
	void (*out)(void *opaque, uint16_t offset, unsigned size, uint32_t value);
	void *opaque;
};

struct port_bus {
	struct port_device device[BUS_MAX_DEVICES];
	size_t count;
};

/*
 * Adds a device; of two that claim a port the first added has it. Returns 0, or -1 when the bus is
 * full.
 */
int bus_add(struct port_bus *bus, const struct port_device *device);

uint32_t bus_in(const struct port_bus *bus, uint16_t port, unsigned size);
void bus_out(const struct port_bus *bus, uint16_t port, unsigned size, uint32_t value);

#endif
