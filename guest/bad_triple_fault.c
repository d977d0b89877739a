// SPDX-License-Identifier: MIT
/*
 * A guest that triple-faults: an exception with no IDT to serve it. Compiled once more with an INSTRUCTION that the processor
 * does not have.
 */
#include "guest/guest.h"

#ifndef INSTRUCTION
#define INSTRUCTION "ud2"
#endif

void guest_main(const struct guest_boot *boot)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = { 0, 0 };

	(void)boot;
	put("about to triple-fault\n");
	__asm__ volatile("lidt %0\n\t" INSTRUCTION : : "m"(none));
}
