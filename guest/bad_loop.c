// SPDX-License-Identifier: MIT
/*
 * A guest that never ends.
 */
#include "guest/guest.h"

void guest_main(const struct guest_boot *boot)
{
	(void)boot;
	put("about to loop\n");
	for (;;)
		__asm__ volatile("" : : : "memory");
}
