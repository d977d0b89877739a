// SPDX-License-Identifier: MIT
/*
 * MSI-X: from a vector to the message that the guest wrote into the table.
 */
#include <string.h>

#include "formats/bytes.h"
#include "vmm/msix.h"

#define CAPABILITY_ID  0x11
#define CONTROL	       2 /* in the capability */
#define CONTROL_ENABLE 0x8000u
#define CONTROL_MASKED 0x4000u
#define ENTRY_DATA     8
#define ENTRY_CONTROL  12
#define ENTRY_MASKED   1u

/* After a reset each vector is masked. */
static void reset(struct msix *msix)
{
	memset(msix->table, 0, sizeof(msix->table));
	for (unsigned i = 0; i < msix->vectors; i++)
		put_le32(msix->table + i * MSIX_ENTRY + ENTRY_CONTROL, ENTRY_MASKED);
	msix->pending = 0;
}

void msix_init(struct msix *msix, struct pci_function *function, unsigned at, uint8_t next,
	       uint32_t table, uint32_t pending)
{
	msix->function = function;
	msix->at = at;
	function->space[at] = CAPABILITY_ID;
	function->space[at + 1] = next;
	pci_set16(function, at + CONTROL, (uint16_t)(msix->vectors - 1),
		  CONTROL_ENABLE | CONTROL_MASKED);
	pci_set32(function, at + 4, table, 0);
	pci_set32(function, at + 8, pending, 0);
	reset(msix);
}

static uint16_t control(const struct msix *msix)
{
	return pci_get16(msix->function, msix->at + CONTROL);
}

static void send_or_keep(struct msix *msix, unsigned vector)
{
	const uint8_t *entry = msix->table + vector * MSIX_ENTRY;

	if (control(msix) & CONTROL_MASKED || get_le32(entry + ENTRY_CONTROL) & ENTRY_MASKED) {
		msix->pending |= 1ull << vector;
		return;
	}
	msix->pending &= ~(1ull << vector);
	msix->send(msix->opaque, get_le64(entry), get_le32(entry + ENTRY_DATA));
}

void msix_raise(struct msix *msix, unsigned vector)
{
	if (vector < msix->vectors && control(msix) & CONTROL_ENABLE)
		send_or_keep(msix, vector);
}

void msix_update(struct msix *msix)
{
	for (unsigned i = 0; i < msix->vectors; i++) {
		if (msix->pending >> i & 1)
			msix_raise(msix, i);
	}
}

static bool valid(const struct msix *msix, uint32_t offset, unsigned size)
{
	return (size == 4 || size == 8) && offset % size == 0 &&
	       bytes_fit(msix->vectors * MSIX_ENTRY, offset, size);
}

uint64_t msix_table_read(const struct msix *msix, uint32_t offset, unsigned size)
{
	uint64_t value = 0;

	if (valid(msix, offset, size))
		memcpy(&value, msix->table + offset, size);
	return value;
}

void msix_table_write(struct msix *msix, uint32_t offset, unsigned size, uint64_t value)
{
	if (!valid(msix, offset, size))
		return;
	memcpy(msix->table + offset, &value, size);
	msix_update(msix);
}
