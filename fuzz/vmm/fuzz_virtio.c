// SPDX-License-Identifier: MIT
/*
 * A hostile driver of the virtio console: accesses to configuration space, to its BAR and to the
 * memory with the rings, in any order. Input: records of eight bytes.
 */
#include <stdint.h>
#include <string.h>

#include "../../tests/vmm/virtio_driver.h"

enum { START, CONFIG_READ, CONFIG_WRITE, BAR_READ, BAR_WRITE, MEMORY, DESCRIBE, OFFER, TYPE, OPS };

struct record {
	uint8_t op;
	uint8_t size; /* a power of two */
	uint16_t at;
	uint32_t value;
};

static void poke(struct driver *d, const struct record *r)
{
	uint64_t value = r->value;

	memcpy(d->memory + r->at % (sizeof(d->memory) - 8), &value, sizeof(value));
}

/* Addresses and sizes that reach all of memory, and some of them beyond it. */
static void describe(struct driver *d, const struct record *r)
{
	driver_describe(d, r->at & 1, r->at >> 1 & 0x3f, r->value % (2 * DRIVER_MEMORY),
			r->value >> 16, r->size, r->at >> 8);
}

static void act(struct driver *d, const struct record *r)
{
	unsigned size = 1u << (r->size & 3);

	switch (r->op % OPS) {
	case START: driver_start(d); break;
	case CONFIG_READ: driver_config(d, r->at & 0xff, size > 4 ? 4 : size); break;
	case CONFIG_WRITE: driver_set_config(d, r->at & 0xff, size > 4 ? 4 : size, r->value); break;
	case BAR_READ: driver_get(d, r->at, size); break;
	case BAR_WRITE: driver_set(d, r->at, size, r->value); break;
	case MEMORY: poke(d, r); break;
	case DESCRIBE: describe(d, r); break;
	case OFFER: driver_offer(d, r->at & 1, (uint16_t)r->value); break;
	default: virtio_console_type(&d->console, (const uint8_t *)r, r->value % sizeof(*r)); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct driver driver;
	struct record record;

	driver_init(&driver);
	for (; size >= sizeof(record); data += sizeof(record), size -= sizeof(record)) {
		memcpy(&record, data, sizeof(record));
		act(&driver, &record);
	}
	return 0;
}
