// SPDX-License-Identifier: MIT
/*
 * Start of a bare guest.
 */
#include "guest/guest.h"

#define VECTORS 256

struct gate {
	uint16_t offset0;
	uint16_t selector;
	uint16_t type; /* 0x8E00: present, interrupt gate */
	uint16_t offset1;
	uint32_t offset2;
	uint32_t zero;
};

uint64_t guest_shared_bit;

static struct gate idt[VECTORS] __attribute__((aligned(16)));
extern const uint8_t guest_stubs[VECTORS][16];

static void set_gates(void)
{
	for (unsigned i = 0; i < VECTORS; i++) {
		uint64_t to = (uint64_t)&guest_stubs[i];

		idt[i] = (struct gate){ (uint16_t)to,	      0x08, 0x8e00, (uint16_t)(to >> 16),
					(uint32_t)(to >> 32), 0 };
	}
}

static void load_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}

void guest_start(unsigned gpaw, unsigned vcpu, uint64_t memory)
{
	const struct guest_boot boot = { gpaw, vcpu, memory };

	guest_shared_bit = 1ull << (gpaw - 1);
	set_gates();
	load_idt();
	guest_main(&boot);
	guest_halt();
}
