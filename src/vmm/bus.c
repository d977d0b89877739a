// SPDX-License-Identifier: MIT
/*
 * The I/O ports of the virtual machine.
 */
#include "vmm/bus.h"

int bus_add(struct port_bus *bus, const struct port_device *device)
{
	if (bus->count == BUS_MAX_DEVICES)
		return -1;
	bus->device[bus->count++] = *device;
	return 0;
}

static const struct port_device *find(const struct port_bus *bus, uint16_t port)
{
	for (size_t i = 0; i < bus->count; i++) {
		if (port >= bus->device[i].base &&
		    port - bus->device[i].base < bus->device[i].count)
			return &bus->device[i];
	}
	return NULL;
}

static uint32_t size_mask(unsigned size)
{
	return size == 4 ? UINT32_MAX : (1u << (8 * size)) - 1;
}

uint32_t bus_in(const struct port_bus *bus, uint16_t port, unsigned size)
{
	const struct port_device *device = find(bus, port);
	uint32_t value = device && device->in
				 ? device->in(device->opaque, (uint16_t)(port - device->base), size)
				 : UINT32_MAX;

	return value & size_mask(size);
}

void bus_out(const struct port_bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	const struct port_device *device = find(bus, port);

	if (device && device->out)
		device->out(device->opaque, (uint16_t)(port - device->base), size,
			    value & size_mask(size));
}
