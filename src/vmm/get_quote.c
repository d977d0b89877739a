// SPDX-License-Identifier: MIT
/*
 * TDVMCALL<GetQuote>: a quote over the report that lies in the guest's shared memory (Intel
 * Guest-Host Communication Interface). For a vCPU that wants to be notified it is made while the
 * guest goes on, else it is there when the call returns.
 */
#include <stddef.h>
#include <string.h>

#include "tdx/tdvmcall.h"
#include "vmm/dma.h"
#include "vmm/vm.h"

#define BUFFER_VERSION 1
#define REPORT_SIZE    1024u
#define MAX_QUOTE      16384u

#define STATUS_SUCCESS	   0ull
#define STATUS_ERROR	   0x8000000000000000ull
#define STATUS_UNAVAILABLE 0x8000000000000001ull
#define STATUS_IN_FLIGHT   UINT64_MAX

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
	const uint64_t base = gpa & ~vm->shared.bit;

	return gpa & vm->shared.bit && (range_holds(vm->image->ram[0], base, size) ||
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

static int set_status(struct vmm_vm *vm, uint64_t gpa, uint64_t status)
{
	return dma_write(vm, gpa + offsetof(struct quote_header, status), &status, sizeof(status));
}

/* The status last: with it the guest takes the quote as complete. */
static int put_back(struct vmm_vm *vm, uint64_t gpa, const struct quote_buffer *buffer)
{
	const struct quote_header *header = &buffer->header;

	return dma_write(vm, gpa + sizeof(*header), buffer->data, header->out_size) ||
	       dma_write(vm, gpa + offsetof(struct quote_header, out_size), &header->out_size,
			 sizeof(header->out_size)) ||
	       set_status(vm, gpa, header->status);
}

/* Reads the request, answers it. -1: the guest took the buffer away. */
static int make_quote(struct vmm_vm *vm, const struct quote_request *request)
{
	struct quote_buffer buffer;

	if (dma_read(vm, request->gpa, &buffer, sizeof(buffer.header) + REPORT_SIZE))
		return -1;
	answer(vm, &buffer, request->size - sizeof(buffer.header));
	return put_back(vm, request->gpa, &buffer);
}

void vm_make_quote(void *opaque, const struct quote_request *request)
{
	struct vmm_vm *vm = opaque;

	make_quote(vm, request);
	vm_interrupt(vm, request->vcpu, request->vector);
}

/* In flight before anyone works on it: the guest never sees that status after the quote. */
static uint64_t begin_quote(struct vmm_vm *vm, const struct quote_request *request)
{
	if (set_status(vm, request->gpa, STATUS_IN_FLIGHT))
		return TDX_VMCALL_INVALID_OPERAND;
	if (quotes_ask(&vm->quotes, request))
		return TDX_VMCALL_SUCCESS;
	set_status(vm, request->gpa, STATUS_UNAVAILABLE);
	return TDX_VMCALL_RETRY;
}

/* A guest that is not told of the end would wait a long time between its looks at the status. */
static uint64_t finish_quote(struct vmm_vm *vm, const struct quote_request *request)
{
	if (make_quote(vm, request))
		return TDX_VMCALL_INVALID_OPERAND;
	if (request->vector)
		vm_interrupt(vm, request->vcpu, request->vector);
	return TDX_VMCALL_SUCCESS;
}

uint64_t vm_get_quote(struct vmm_vcpu *vcpu, uint64_t gpa, uint64_t size)
{
	struct vmm_vm *vm = vcpu->vm;
	const struct quote_request request = {
		.gpa = gpa & ~vm->shared.bit,
		.size = size < sizeof(struct quote_buffer) ? size : sizeof(struct quote_buffer),
		.vcpu = vcpu->index,
		.vector = vcpu->notify_vector,
	};

	if (!vm->config.quote || !size || gpa % VMM_4K || size % VMM_4K ||
	    !is_shared_ram(vm, gpa, size))
		return TDX_VMCALL_INVALID_OPERAND;
	return request.vector && !vm->config.deterministic ? begin_quote(vm, &request)
							   : finish_quote(vm, &request);
}
