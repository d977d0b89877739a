// SPDX-License-Identifier: MIT
/*
 * Reading items. Nothing can be written to one.
 */
#include "vmm/fw_cfg.h"

#include <string.h>

#include "formats/bytes.h"

/* Ports. */
enum { SELECTOR = 0, DATA = 1, DMA_HIGH = 4, DMA_LOW = 8, PORTS = 12 };

/* A descriptor: control, length, address, all big-endian. */
enum { DMA_LENGTH = 4, DMA_ADDRESS = 8, DMA_SIZE = 16 };

/* "QEMU CFG" in the two DMA ports, big-endian: there is DMA. */
#define SIGNATURE_HIGH 0x554d4551u
#define SIGNATURE_LOW  0x47464320u
#define DMA_ERROR      1u
#define DMA_READ       2u
#define DMA_SKIP       4u
#define DMA_SELECT     8u
#define DMA_WRITE      16u

#define CHUNK 4096u

void fw_cfg_init(struct fw_cfg *fw_cfg, const struct image_item *item, size_t items,
		 const struct virtio_memory *memory)
{
	*fw_cfg = (struct fw_cfg){ .item = item, .items = items, .memory = *memory };
}

static void select_item(struct fw_cfg *f, uint16_t key)
{
	f->selected = NULL;
	f->at = 0;
	for (size_t i = 0; i < f->items; i++) {
		if (f->item[i].key == key)
			f->selected = &f->item[i];
	}
}

/* What is there of an item, then zeros. */
static void take(struct fw_cfg *f, uint8_t *to, size_t size)
{
	size_t left = f->selected ? f->selected->size - f->at : 0, n = size < left ? size : left;

	memset(to, 0, size);
	if (!n)
		return;
	memcpy(to, (const uint8_t *)f->selected->bytes + f->at, n);
	f->at += n;
}

static int read_to(struct fw_cfg *f, uint64_t gpa, uint32_t length)
{
	uint8_t chunk[CHUNK];

	for (uint32_t done = 0; done < length;) {
		uint32_t n = length - done < CHUNK ? length - done : CHUNK;

		take(f, chunk, n);
		if (f->memory.write(f->memory.opaque, gpa + done, chunk, n))
			return -1;
		done += n;
	}
	return 0;
}

static void skip(struct fw_cfg *f, uint32_t length)
{
	size_t left = f->selected ? f->selected->size - f->at : 0;

	f->at += length < left ? length : left;
}

static int dma(struct fw_cfg *f, const uint8_t *descriptor)
{
	uint32_t control = get_be32(descriptor), length = get_be32(descriptor + DMA_LENGTH);
	uint64_t address = (uint64_t)get_be32(descriptor + DMA_ADDRESS) << 32 |
			   get_be32(descriptor + DMA_ADDRESS + 4);

	if (control & DMA_SELECT)
		select_item(f, (uint16_t)(control >> 16));
	if (control & DMA_READ)
		return read_to(f, address, length);
	if (control & DMA_SKIP)
		skip(f, length);
	return control & DMA_WRITE ? -1 : 0;
}

/* The device says in the descriptor how it went. */
static void start_dma(struct fw_cfg *f, uint64_t gpa)
{
	uint8_t descriptor[DMA_SIZE], result[4];

	if (f->memory.read(f->memory.opaque, gpa, descriptor, sizeof(descriptor)))
		return;
	put_be32(result, dma(f, descriptor) ? DMA_ERROR : 0);
	f->memory.write(f->memory.opaque, gpa, result, sizeof(result));
}

static uint32_t fw_cfg_in(void *opaque, uint16_t offset, unsigned size)
{
	struct fw_cfg *f = opaque;
	uint8_t byte;

	if (offset == DMA_HIGH && size == 4)
		return SIGNATURE_HIGH;
	if (offset == DMA_LOW && size == 4)
		return SIGNATURE_LOW;
	if (offset != DATA)
		return UINT32_MAX;
	take(f, &byte, 1);
	return byte;
}

static void fw_cfg_out(void *opaque, uint16_t offset, unsigned size, uint32_t value)
{
	struct fw_cfg *f = opaque;

	if (offset == SELECTOR && size == 2)
		select_item(f, (uint16_t)value);
	else if (offset == DMA_HIGH && size == 4)
		f->address_high = __builtin_bswap32(value);
	else if (offset == DMA_LOW && size == 4)
		start_dma(f, (uint64_t)f->address_high << 32 | __builtin_bswap32(value));
}

struct port_device fw_cfg_device(struct fw_cfg *fw_cfg)
{
	return (struct port_device){ .name = "fw_cfg",
				     .base = FW_CFG_PORT,
				     .count = PORTS,
				     .in = fw_cfg_in,
				     .out = fw_cfg_out,
				     .opaque = fw_cfg };
}
