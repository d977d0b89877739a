// SPDX-License-Identifier: MIT
/*
 * A guest that triple-faults: an exception with no IDT to serve it.
 */
#include "guest/guest.h"

void guest_main(const struct guest_boot *boot)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = { 0, 0 };

	(void)boot;
	put("about to triple-fault\n");
	__asm__ volatile("lidt %0\n\tud2" : : "m"(none));
}
