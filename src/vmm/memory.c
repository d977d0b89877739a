// SPDX-License-Identifier: MIT
/*
 * The guest's memory while it runs: pages added when the guest wants to accept them, and conversion
 * between private and shared.
 */
#include <inttypes.h>

#include "tdx/tdvmcall.h"
#include "vmm/vm.h"

/*
 * The same page faulting this often in a row, although there was nothing to map for it and the
 * guest called nobody, is not progress: two vCPUs that race need a few.
 */
#define FAULT_LIMIT 64

/*
 * The most that one MapGPA converts: 64 MiB is the least that Linux converts for its bounce
 * buffers, and more than firmware ever does, of which some takes no notice of RETRY.
 */
#define MAP_PIECE (64ull << 20)

static bool is_shared(const struct vmm_vm *vm, uint64_t gpa)
{
	return gpa & vm->shared.bit;
}

static bool repeats(struct vmm_vcpu *vcpu, uint64_t gpa)
{
	if (vcpu->fault_gpa != gpa)
		vcpu->fault_repeats = 0;
	vcpu->fault_gpa = gpa;
	return ++vcpu->fault_repeats > FAULT_LIMIT;
}

/* These return whether something was mapped for the fault. */

static bool shared_fault(struct vmm_vm *vm, uint64_t gpa)
{
	struct vmm_error err;
	bool ram = image_is_ram(vm->image, gpa & ~vm->shared.bit);
	uint8_t byte;
	bool there = !shared_read(&vm->shared, gpa, &byte, 1);

	if (ram ? shared_map(&vm->shared, gpa, &err) : shared_map_mmio(&vm->shared, gpa, &err))
		vm_end_error(vm, VM_FAILED, &err);
	return ram && !there;
}

/* Can a 2 MiB page be added around `gpa`? */
static bool large_fits(const struct vmm_vm *vm, uint64_t gpa)
{
	uint64_t base = align_down(gpa, VMM_2M);

	return range_holds(vm->image->ram[0], base, VMM_2M) ||
	       range_holds(vm->image->ram[1], base, VMM_2M);
}

static bool augment(struct vmm_vm *vm, uint64_t gpa, enum vmm_level level)
{
	struct vmm_error err;
	enum td_aug result = TD_AUG_PRESENT;

	if (level == VMM_LEVEL_2M && large_fits(vm, gpa))
		result = td_aug(&vm->td, align_down(gpa, VMM_2M), VMM_LEVEL_2M, &err);
	else
		level = VMM_LEVEL_4K;
	/* Without a large frame a small page makes the guest's ACCEPT fall back to small pages. */
	if (level == VMM_LEVEL_4K || result == TD_AUG_FAILED) {
		level = VMM_LEVEL_4K;
		result = td_aug(&vm->td, gpa, VMM_LEVEL_4K, &err);
	}
	if (result == TD_AUG_FAILED)
		vm_end_error(vm, VM_FAILED, &err);
	if (result == TD_AUG_DONE)
		atomic_fetch_add(&vm->counts.augmented, level_size(level) / VMM_4K);
	return result == TD_AUG_DONE;
}

/*
 * A page that is blocked because a neighbour of it is being converted faults like one that is not
 * there: the end of the conversion tells which it is.
 */
static bool private_fault(struct vmm_vm *vm, const struct vm_fault *fault)
{
	bool mapped;

	pthread_rwlock_rdlock(&vm->mapping);
	mapped = augment(vm, fault->gpa, fault->accept_level > 0 ? VMM_LEVEL_2M : VMM_LEVEL_4K);
	pthread_rwlock_unlock(&vm->mapping);
	return mapped;
}

/* Why the access can't be served; NULL when it can. */
static const char *refusal(struct vmm_vcpu *vcpu, const struct vm_fault *fault)
{
	if (repeats(vcpu, fault->gpa))
		return "no progress: the same access faults again and again:";
	if (is_shared(vcpu->vm, fault->gpa))
		return fault->fetch ? "executes shared memory:" : NULL;
	if (!image_is_ram(vcpu->vm->image, fault->gpa))
		return "uses private memory where there is none:";
	return fault->pending ? "uses private memory that it did not accept:" : NULL;
}

void vm_memory_fault(struct vmm_vcpu *vcpu, const struct vm_fault *fault)
{
	struct vmm_vm *vm = vcpu->vm;
	const char *why = refusal(vcpu, fault);

	if (why)
		vm_end(vm, VM_BAD_ACCESS, "vCPU %u: %s 0x%" PRIx64, vcpu->index, why, fault->gpa);
	else if (is_shared(vm, fault->gpa) ? shared_fault(vm, fault->gpa)
					   : private_fault(vm, fault))
		vcpu->fault_repeats = 0;
}

static void kick_all(void *vm)
{
	vm_kick(vm);
}

static int to_shared(struct vmm_vm *vm, uint64_t base, uint64_t size, struct vmm_error *err)
{
	return td_remove_range(&vm->td, base, size, kick_all, vm, err);
}

static int to_private(struct vmm_vm *vm, uint64_t base, uint64_t size, struct vmm_error *err)
{
	for (uint64_t gpa = base; gpa < base + size; gpa += VMM_4K)
		shared_unmap(&vm->shared, gpa | vm->shared.bit);
	return td_track(&vm->td, kick_all, vm, err);
}

/*
 * The part of the range that is RAM, or the window in which a guest finds its files; what is
 * neither is MMIO and shared as it is.
 */
static int convert(struct vmm_vm *vm, struct vmm_range ram, uint64_t gpa, uint64_t size,
		   struct vmm_error *err)
{
	uint64_t base = gpa & ~vm->shared.bit, end = base + size;

	if (base < ram.base)
		base = ram.base;
	if (end > range_end(ram))
		end = range_end(ram);
	if (base >= end)
		return 0;
	return is_shared(vm, gpa) ? to_shared(vm, base, end - base, err)
				  : to_private(vm, base, end - base, err);
}

/* What a range has of RAM is converted in pieces, so that no call keeps a vCPU for long. */
static uint64_t piece(const struct vmm_vm *vm, uint64_t base, uint64_t size)
{
	const struct vmm_range range = { base, size };
	bool memory = range_overlaps(range, vm->image->ram[0]) ||
		      range_overlaps(range, vm->image->ram[1]);

	return memory && size > MAP_PIECE ? MAP_PIECE : size;
}

uint64_t vm_map_gpa(struct vmm_vm *vm, uint64_t gpa, uint64_t size, uint64_t *failed_gpa)
{
	uint64_t base = gpa & ~vm->shared.bit;
	struct vmm_error err;
	uint64_t now;
	int result;

	if (gpa % VMM_4K || size % VMM_4K)
		return TDX_VMCALL_ALIGN_ERROR;
	if (!size || base >= vm->shared.bit || size > vm->shared.bit - base)
		return TDX_VMCALL_INVALID_OPERAND;
	now = piece(vm, base, size);
	pthread_rwlock_wrlock(&vm->mapping);
	result = convert(vm, vm->image->ram[0], gpa, now, &err) ||
		 convert(vm, vm->image->ram[1], gpa, now, &err) ||
		 convert(vm, vm->image->window_range, gpa, now, &err);
	pthread_rwlock_unlock(&vm->mapping);
	/* Half of the range may be converted: nothing that the guest could be told is true of it.
	 */
	if (result)
		vm_end_error(vm, VM_FAILED, &err);
	if (!result && now == size)
		return TDX_VMCALL_SUCCESS;
	*failed_gpa = result ? gpa : gpa + now;
	return result ? TDX_VMCALL_INVALID_OPERAND : TDX_VMCALL_RETRY;
}
