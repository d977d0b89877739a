// SPDX-License-Identifier: MIT
/*
 * What both kinds of image share.
 */
#include <stdlib.h>

#include "vmm/image.h"

/*
 * Above it: PCI configuration space, MMIO, firmware. OVMF wants low RAM to end at or below
 * 0xB0000000.
 */
#define LOW_RAM (2 * VMM_1G)

void image_set_ram(struct vmm_image *image, uint64_t size)
{
	uint64_t low = size < LOW_RAM ? size : LOW_RAM;

	image->ram[0] = (struct vmm_range){ 0, low };
	image->ram[1] = (struct vmm_range){ VMM_4G, size - low };
}

bool image_is_ram(const struct vmm_image *image, uint64_t gpa)
{
	return range_holds(image->ram[0], gpa, VMM_4K) || range_holds(image->ram[1], gpa, VMM_4K);
}

void image_free(struct vmm_image *image)
{
	free(image->hob);
	free(image->boot);
	free(image->firmware);
	image->hob = NULL;
	image->boot = NULL;
	image->firmware = NULL;
}
