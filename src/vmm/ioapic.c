// SPDX-License-Identifier: MIT
/*
 * An I/O APIC.
 */
#include "vmm/ioapic.h"

enum { SELECT = 0x00, WINDOW = 0x10 };
enum { ID = 0, VERSION = 1, ARBITRATION = 2, ENTRIES = 0x10 };

#define VERSION_VALUE	(0x11u | (IOAPIC_LINES - 1) << 16)
#define ID_MASK		0x0f000000u
#define ENTRY_MASKED	(1ull << 16)
#define ENTRY_READ_ONLY (1ull << 12 | 1ull << 14) /* delivery status, remote IRR */
#define ENTRY_LOGICAL	(1u << 11)
#define DELIVERY(entry) ((entry) >> 8 & 7)
#define DESTINATION(e)	((uint32_t)((e) >> 56))
#define EVERY_ID	0xffu

void ioapic_init(struct ioapic *ioapic,
		 void (*send)(void *opaque, const struct lapic_message *message), void *opaque)
{
	*ioapic = (struct ioapic){ .send = send, .opaque = opaque };
	for (unsigned i = 0; i < IOAPIC_LINES; i++)
		ioapic->entry[i] = ENTRY_MASKED;
}

static uint32_t entry_number(const struct ioapic *ioapic)
{
	return (ioapic->select - ENTRIES) / 2; /* wraps for the registers before */
}

static uint32_t read_window(const struct ioapic *ioapic)
{
	uint32_t number = entry_number(ioapic);

	if (number < IOAPIC_LINES)
		return (uint32_t)(ioapic->entry[number] >> (ioapic->select & 1 ? 32 : 0));
	switch (ioapic->select) {
	case ID:
	case ARBITRATION: return ioapic->id;
	case VERSION: return VERSION_VALUE;
	default: return 0;
	}
}

uint32_t ioapic_read(const struct ioapic *ioapic, uint32_t offset)
{
	if (offset == SELECT)
		return ioapic->select;
	return offset == WINDOW ? read_window(ioapic) : 0;
}

static void write_window(struct ioapic *ioapic, uint32_t value)
{
	uint32_t number = entry_number(ioapic);
	unsigned shift = ioapic->select & 1 ? 32 : 0;
	uint64_t *entry = &ioapic->entry[number % IOAPIC_LINES];

	if (number < IOAPIC_LINES)
		*entry = ((*entry & ~(0xffffffffull << shift)) | (uint64_t)value << shift) &
			 ~ENTRY_READ_ONLY;
	else if (ioapic->select == ID)
		ioapic->id = value & ID_MASK;
}

void ioapic_write(struct ioapic *ioapic, uint32_t offset, uint32_t value)
{
	if (offset == SELECT)
		ioapic->select = value & 0xff;
	else if (offset == WINDOW)
		write_window(ioapic, value);
}

void ioapic_raise(struct ioapic *ioapic, unsigned line)
{
	uint64_t entry = ioapic->entry[line % IOAPIC_LINES];
	const struct lapic_message message = {
		.destination = DESTINATION(entry),
		.logical = entry & ENTRY_LOGICAL,
		.all = DESTINATION(entry) == EVERY_ID,
		.delivery = DELIVERY(entry),
		.vector = (uint8_t)entry,
	};

	if (!(entry & ENTRY_MASKED))
		ioapic->send(ioapic->opaque, &message);
}
