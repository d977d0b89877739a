// SPDX-License-Identifier: MIT
/*
 * TDVMCALL<GetQuote>: a quote over the report that lies in the guest's shared memory (Intel
 * Guest-Host Communication Interface). The quote is there when the call returns, so the guest never
 * sees the status "in flight".
 */
#include <string.h>

#include "tdx/tdvmcall.h"
#include "vmm/dma.h"
#include "vmm/vm.h"

#define BUFFER_VERSION 1
#define REPORT_SIZE    1024u
#define MAX_QUOTE      16384u

#define STATUS_SUCCESS 0ull
#define STATUS_ERROR   0x8000000000000000ull

/* How the buffer begins; the data follow. */
struct quote_header {
	uint64_t version;
	uint64_t status;
	uint32_t in_size;
	uint32_t out_size;
};

struct quote_buffer {
	struct quote_header header;
	uint8_t data[MAX_QUOTE];
};

_Static_assert(sizeof(struct quote_header) == 24, "as the interface lays it out");

static bool is_shared_ram(const struct vmm_vm *vm, uint64_t gpa, uint64_t size)
{
	const uint64_t base = gpa & ~VM_SHARED_BIT;

	return gpa & VM_SHARED_BIT && (range_holds(vm->image->ram[0], base, size) ||
				       range_holds(vm->image->ram[1], base, size));
}

/* Leaves the quote, or nothing, and the status in the buffer. `room`: bytes of data. */
static void answer(struct vmm_vm *vm, struct quote_buffer *buffer, size_t room)
{
	struct quote_header *header = &buffer->header;
	uint8_t report[REPORT_SIZE];
	size_t size = 0;

	memcpy(report, buffer->data, sizeof(report));
	if (header->version == BUFFER_VERSION && header->in_size == REPORT_SIZE)
		size = vm->config.quote(vm->config.quote_opaque, report, buffer->data, room);
	header->status = size ? STATUS_SUCCESS : STATUS_ERROR;
	header->out_size = (uint32_t)size;
}

/* The header last: with it the guest takes the quote as complete. */
static int put_back(struct vmm_vm *vm, uint64_t gpa, const struct quote_buffer *buffer)
{
	const struct quote_header *header = &buffer->header;

	return dma_write(vm, gpa + sizeof(*header), buffer->data, header->out_size) ||
	       dma_write(vm, gpa, header, sizeof(*header));
}

uint64_t vm_get_quote(struct vmm_vm *vm, uint64_t gpa, uint64_t size)
{
	struct quote_buffer buffer;
	size_t used = size < sizeof(buffer) ? (size_t)size : sizeof(buffer);

	if (!vm->config.quote || !size || gpa % VMM_4K || size % VMM_4K ||
	    !is_shared_ram(vm, gpa, size))
		return TDX_VMCALL_INVALID_OPERAND;
	gpa &= ~VM_SHARED_BIT;
	if (dma_read(vm, gpa, &buffer, sizeof(buffer.header) + REPORT_SIZE))
		return TDX_VMCALL_INVALID_OPERAND;
	answer(vm, &buffer, used - sizeof(buffer.header));
	return put_back(vm, gpa, &buffer) ? TDX_VMCALL_INVALID_OPERAND : TDX_VMCALL_SUCCESS;
}
