/* SPDX-License-Identifier: MIT */
/*
 * An I/O APIC (Intel 82093AA data sheet): lines of devices that become interrupt messages. Each
 * rise of a line is one message, whatever trigger mode its entry has: a TD's end of interrupt never
 * reaches the VMM, so that level-triggered interrupts can't be.
 */
#ifndef VMM_IOAPIC_H
#define VMM_IOAPIC_H

#include <stdint.h>

#include "vmm/lapic.h"

#define IOAPIC_LINES 24u
#define IOAPIC_SIZE  0x1000u

struct ioapic {
	void (*send)(void *opaque, const struct lapic_message *message);
	void *opaque;
	uint32_t select; /* which register the window shows */
	uint32_t id;
	uint64_t entry[IOAPIC_LINES];
};

/* All lines are masked. */
void ioapic_init(struct ioapic *ioapic,
		 void (*send)(void *opaque, const struct lapic_message *message), void *opaque);

/* Accesses to its page; `offset` in it. Others than the two registers read 0. */
uint32_t ioapic_read(const struct ioapic *ioapic, uint32_t offset);
void ioapic_write(struct ioapic *ioapic, uint32_t offset, uint32_t value);

/* A line goes up. Without an entry that is not masked nothing happens. */
void ioapic_raise(struct ioapic *ioapic, unsigned line);

#endif
