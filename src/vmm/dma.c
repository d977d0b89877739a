// SPDX-License-Identifier: MIT
/*
 * The guest's memory as its devices and services reach it: the shared view of RAM, whatever the
 * guest has there. A page that the guest has not touched yet is made on the way.
 */
#include "vmm/dma.h"
#include "vmm/vm.h"

static bool is_ram(const struct vmm_vm *vm, uint64_t gpa, uint64_t size)
{
	return range_holds(vm->image->ram[0], gpa, size) ||
	       range_holds(vm->image->ram[1], gpa, size);
}

/* All pages of [gpa, gpa + size), which lies in RAM. */
static int map(struct vmm_vm *vm, uint64_t gpa, size_t size)
{
	struct vmm_error err;
	int result = 0;

	for (uint64_t page = align_down(gpa, VMM_4K); !result && page < gpa + size; page += VMM_4K)
		result = shared_map(&vm->shared, page | vm->shared.bit, &err);
	return result;
}

int dma_read(void *vm_opaque, uint64_t gpa, void *buffer, size_t size)
{
	struct vmm_vm *vm = vm_opaque;
	const uint64_t shared = gpa | vm->shared.bit;

	if (!is_ram(vm, gpa, size))
		return -1;
	if (!shared_read(&vm->shared, shared, buffer, size))
		return 0;
	return map(vm, gpa, size) ? -1 : shared_read(&vm->shared, shared, buffer, size);
}

int dma_write(void *vm_opaque, uint64_t gpa, const void *buffer, size_t size)
{
	struct vmm_vm *vm = vm_opaque;
	const uint64_t shared = gpa | vm->shared.bit;

	if (!is_ram(vm, gpa, size))
		return -1;
	if (!shared_write(&vm->shared, shared, buffer, size))
		return 0;
	return map(vm, gpa, size) ? -1 : shared_write(&vm->shared, shared, buffer, size);
}
