/* SPDX-License-Identifier: MIT */
/*
 * QEMU's firmware configuration device (docs/specs/fw_cfg in QEMU): items by number, read byte by
 * byte from a port or all at once by DMA. OVMF finds there what it is to boot.
 */
#ifndef VMM_FW_CFG_H
#define VMM_FW_CFG_H

#include "vmm/bus.h"
#include "vmm/image.h"
#include "vmm/virtqueue.h"

#define FW_CFG_PORT 0x510

struct fw_cfg {
	const struct image_item *item;
	size_t items;
	struct virtio_memory memory;
	const struct image_item *selected; /* NULL: there is none of that number */
	size_t at;
	uint32_t address_high; /* of the next DMA descriptor */
};

/* The items stay the caller's. */
void fw_cfg_init(struct fw_cfg *fw_cfg, const struct image_item *item, size_t items,
		 const struct virtio_memory *memory);

struct port_device fw_cfg_device(struct fw_cfg *fw_cfg);

#endif
