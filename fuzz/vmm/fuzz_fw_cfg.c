// SPDX-License-Identifier: MIT
/*
 * A hostile driver of the fw_cfg device: its ports in any order and size, DMA to any address, from
 * descriptors that overlap what they move. What it reads is what a plain reader of the items says,
 * and memory changes only where the device was told to write. Input: records of sixteen bytes.
 */
#include <string.h>

#include "../fuzz.h"
#include "formats/bytes.h"
#include "vmm/fw_cfg.h"

#define MEMORY 0x4000u
#define LARGE  9000u /* more than two of the pieces in which the device copies */

enum { PORT_IN, PORT_OUT, READ_BYTES, POKE, DMA, RAW_DMA, OPS };
enum { ERROR = 1, READ = 2, SKIP = 4, SELECT = 8, WRITE = 16 };

struct record {
	uint8_t op, size; /* of a port access: a power of two */
	uint16_t at;
	uint32_t value, length, address;
};

/* The driver, and what it knows of the device's state. */
struct driver {
	struct fw_cfg device;
	struct port_bus bus;
	uint8_t memory[MEMORY], before[MEMORY];
	const struct image_item *item;
	size_t done; /* of its bytes */
};

static const uint16_t keys[] = { 0x00, 0x11, 0x12, 0x19, 0x20, 0x8000, 0xffff, 0x11 };
static struct image_item items[5];

/* Their sizes are those of their allocations: none, one byte, a few, several pieces, a piece. */
static void make_items(void)
{
	static const struct image_item shape[] = { { 0x00, "QEMU", 4 },
						   { 0x11, NULL, LARGE },
						   { 0x12, NULL, 0 },
						   { 0x19, NULL, 4096 },
						   { 0x20, "x", 1 } };

	for (size_t i = 0; i < 5; i++) {
		uint8_t *bytes = malloc(shape[i].size ? shape[i].size : 1);

		if (!bytes)
			abort();
		for (size_t at = 0; at < shape[i].size; at++)
			bytes[at] = shape[i].bytes ? ((const uint8_t *)shape[i].bytes)[at]
						   : (uint8_t)(at * 7 + at / 256 + 1);
		items[i] = (struct image_item){ shape[i].key, bytes, shape[i].size };
	}
}

static int memory_read(void *opaque, uint64_t gpa, void *buffer, size_t size)
{
	struct driver *d = opaque;

	if (!bytes_fit(MEMORY, gpa, size))
		return -1;
	memcpy(buffer, d->memory + gpa, size);
	return 0;
}

static int memory_write(void *opaque, uint64_t gpa, const void *buffer, size_t size)
{
	struct driver *d = opaque;

	if (!bytes_fit(MEMORY, gpa, size))
		return -1;
	memcpy(d->memory + gpa, buffer, size);
	return 0;
}

/* ---- what the driver expects ---- */

static void expect_item(struct driver *d, uint16_t key)
{
	d->item = NULL;
	d->done = 0;
	for (size_t i = 0; i < 5; i++) {
		if (items[i].key == key)
			d->item = &items[i];
	}
}

static uint8_t next_byte(struct driver *d)
{
	return d->item && d->done < d->item->size ? ((const uint8_t *)d->item->bytes)[d->done++]
						  : 0;
}

static void pass(struct driver *d, uint64_t bytes)
{
	uint64_t left = d->item ? d->item->size - d->done : 0;

	d->done += bytes < left ? bytes : left;
}

/* How much of the destination lies before the first piece that does not fit. */
static uint64_t reached(uint64_t address, uint64_t length)
{
	uint64_t pieces = address < MEMORY ? (MEMORY - address) / 4096 * 4096 : 0;

	return bytes_fit(MEMORY, address, length) ? length : pieces;
}

/* The driver's own copy of memory after a read; false: the device has to report an error. */
static bool expect_read(struct driver *d, uint64_t address, uint32_t length)
{
	uint64_t fits = reached(address, length);

	for (uint64_t i = 0; i < fits; i++)
		d->before[address + i] = next_byte(d);
	if (fits == length)
		return true;
	pass(d, length - fits < 4096 ? length - fits : 4096); /* of the piece that failed */
	return false;
}

static bool expect_dma(struct driver *d, const uint8_t *descriptor)
{
	uint32_t control = get_be32(descriptor), length = get_be32(descriptor + 4);
	uint64_t address = (uint64_t)get_be32(descriptor + 8) << 32 | get_be32(descriptor + 12);

	if (control & SELECT)
		expect_item(d, (uint16_t)(control >> 16));
	if (control & READ)
		return expect_read(d, address, length);
	if (control & SKIP)
		pass(d, length);
	return !(control & WRITE);
}

/* ---- what it does ---- */

static void start_dma(struct driver *d, uint64_t gpa)
{
	uint8_t descriptor[16];
	bool there = !memory_read(d, gpa, descriptor, sizeof(descriptor));

	memcpy(d->before, d->memory, MEMORY);
	if (there)
		put_be32(d->before + gpa, expect_dma(d, descriptor) ? 0 : ERROR);
	bus_out(&d->bus, FW_CFG_PORT + 4, 4, __builtin_bswap32((uint32_t)(gpa >> 32)));
	bus_out(&d->bus, FW_CFG_PORT + 8, 4, __builtin_bswap32((uint32_t)gpa));
	HOLDS(!memcmp(d->before, d->memory, MEMORY));
}

/* A descriptor that mostly makes sense, at a place where it fits. */
static void describe(struct driver *d, const struct record *r)
{
	static const uint8_t controls[] = { READ,	   SELECT | READ, SKIP,	       SELECT,
					    SELECT | SKIP, WRITE,	  READ | SKIP, 0 };
	uint64_t gpa = r->at % (MEMORY - 16);
	uint8_t *at = d->memory + gpa;

	put_be32(at, (uint32_t)keys[r->value & 7] << 16 | controls[r->size & 7]);
	put_be32(at + 4, r->value & 8 ? r->length : r->length % (2 * MEMORY));
	put_be32(at + 8, r->value & 16 ? r->value : 0);
	put_be32(at + 12, r->value & 32 ? r->address : r->address % (MEMORY + 64));
	start_dma(d, gpa);
}

static void read_bytes(struct driver *d, unsigned n)
{
	while (n--)
		HOLDS((uint8_t)bus_in(&d->bus, FW_CFG_PORT + 1, 1) == next_byte(d));
}

/* A port access whose effect on the device is known; DMA has a function of its own. */
static void port_out(struct driver *d, const struct record *r)
{
	uint16_t offset = r->at % 12;
	unsigned size = 1u << r->size % 3;
	uint32_t value = r->value & 0x100 ? keys[r->value & 7] : r->value;

	if (offset == 8 && size == 4)
		return;
	if (!offset && size == 2)
		expect_item(d, (uint16_t)value);
	bus_out(&d->bus, FW_CFG_PORT + offset, size, value);
}

static void port_in(struct driver *d, const struct record *r)
{
	uint16_t offset = r->at % 12;
	unsigned size = 1u << r->size % 3;
	uint32_t value = bus_in(&d->bus, FW_CFG_PORT + offset, size);

	HOLDS(offset != 1 || value == next_byte(d));
}

static void act(struct driver *d, const struct record *r)
{
	switch (r->op % OPS) {
	case PORT_IN: port_in(d, r); break;
	case PORT_OUT: port_out(d, r); break;
	case READ_BYTES: read_bytes(d, r->value & 0xff); break;
	case POKE: memcpy(d->memory + r->at % (MEMORY - sizeof(*r)), r, sizeof(*r)); break;
	case DMA: describe(d, r); break;
	default: start_dma(d, (uint64_t)(r->size & 1 ? r->value : 0) << 32 | r->address); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct driver d;
	const struct virtio_memory access = { memory_read, memory_write, &d };
	struct port_device ports = fw_cfg_device(&d.device);
	struct record r;

	if (!items[0].bytes)
		make_items();
	memset(&d, 0, sizeof(d));
	fw_cfg_init(&d.device, items, 5, &access);
	HOLDS(!bus_add(&d.bus, &ports));
	for (; size >= sizeof(r); data += sizeof(r), size -= sizeof(r)) {
		memcpy(&r, data, sizeof(r));
		act(&d, &r);
	}
	return 0;
}
