// SPDX-License-Identifier: MIT
/*
 * Serves the guest's TDVMCALLs (Intel Guest-Host Communication Interface). A handler changes only
 * the registers that its call returns: every other one goes back to the guest as it came, for
 * guests keep their own values in registers that they expose.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "tdx/tdvmcall.h"
#include "vmm/regs.h"
#include "vmm/vm.h"

#define DONE	TDX_VMCALL_SUCCESS
#define INVALID TDX_VMCALL_INVALID_OPERAND

typedef uint64_t (*handler)(struct vmm_vcpu *vcpu, uint64_t *regs);

static bool valid_size(uint64_t size, uint64_t max)
{
	return size && size <= max && !(size & (size - 1));
}

static uint64_t call_info(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	(void)vcpu;
	if (regs[R12])
		return INVALID;
	regs[R11] = regs[R12] = regs[R13] = regs[R14] = 0;
	return DONE;
}

static uint64_t map_gpa(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	return vm_map_gpa(vcpu->vm, regs[R12], regs[R13], &regs[R11]);
}

static uint64_t get_quote(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	return vm_get_quote(vcpu, regs[R12], regs[R13]);
}

/* Vectors below 32 are the processor's own. */
static uint64_t setup_notify(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	if (regs[R12] < 32 || regs[R12] > UINT8_MAX)
		return INVALID;
	vcpu->notify_vector = (uint8_t)regs[R12];
	return DONE;
}

/* The text in the order in which guests place it; what can't be printed is left out. */
static void fatal_text(const uint64_t *regs, char text[65])
{
	static const uint8_t order[] = { R14, R15, RBX, RDI, RSI, R8, R9, RDX };
	size_t length = 0;

	for (size_t i = 0; i < 64; i++) {
		char c = (char)(regs[order[i / 8]] >> (8 * (i % 8)));

		if (!c)
			break;
		if (isprint((unsigned char)c))
			text[length++] = c;
	}
	text[length] = 0;
}

static uint64_t fatal_error(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	char text[65];

	fatal_text(regs, text);
	vm_end(vcpu->vm, VM_FATAL_ERROR, "the guest reported a fatal error 0x%" PRIx64 ": %s",
	       regs[R12], text);
	return DONE;
}

/*
 * Hypervisor leaves: KVM's signature, by which Linux chooses the paths that suit a TD. Others:
 * topology and zeros.
 */
static void cpuid_values(const struct vmm_vcpu *vcpu, uint32_t leaf, uint32_t subleaf,
			 uint64_t *regs)
{
	uint32_t value[4] = { 0 };

	switch (leaf) {
	case 0x40000000:
		value[0] = 0x40000001;
		memcpy(&value[1], "KVMKVMKVM\0\0\0", 12);
		break;
	case 0x40000001:
		value[0] = 1u << 1; /* no delay needed after port I/O */
		break;
	case 0xb:
	case 0x1f:
		value[0] = 0;
		value[1] = subleaf < 2 ? 1 : 0;
		value[2] = subleaf | (subleaf < 2 ? (subleaf + 1) << 8 : 0);
		value[3] = vcpu->index;
		break;
	default: break;
	}
	for (int i = 0; i < 4; i++)
		regs[R12 + i] = value[i];
}

static uint64_t instruction_cpuid(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	cpuid_values(vcpu, (uint32_t)regs[R12], (uint32_t)regs[R13], regs);
	return DONE;
}

static uint64_t instruction_io(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	struct vmm_vm *vm = vcpu->vm;
	unsigned size = (unsigned)regs[R12];

	if (!valid_size(regs[R12], 4) || regs[R13] > 1 || regs[R14] > 0xffff)
		return INVALID;
	pthread_mutex_lock(&vm->devices);
	if (regs[R13])
		bus_out(&vm->bus, (uint16_t)regs[R14], size, (uint32_t)regs[R15]);
	else
		regs[R11] = bus_in(&vm->bus, (uint16_t)regs[R14], size);
	pthread_mutex_unlock(&vm->devices);
	return DONE;
}

static uint64_t instruction_rdmsr(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	uint32_t msr = (uint32_t)regs[R12];

	if (regs[R12] > UINT32_MAX)
		return INVALID;
	return (lapic_has(msr) ? lapic_read(&vcpu->lapic, msr, &regs[R11])
			       : vcpu_msr_read(&vcpu->msrs, msr, &regs[R11]))
		       ? DONE
		       : INVALID;
}

static uint64_t instruction_wrmsr(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	uint32_t msr = (uint32_t)regs[R12];

	if (regs[R12] > UINT32_MAX)
		return INVALID;
	return (lapic_has(msr) ? lapic_write(&vcpu->lapic, msr, regs[R13])
			       : vcpu_msr_write(&vcpu->msrs, msr, regs[R13]))
		       ? DONE
		       : INVALID;
}

/* The vCPU's thread waits after the call was served. R12: are interrupts blocked? */
static uint64_t instruction_hlt(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	vcpu->halt = regs[R12] ? HALT_BLOCKED : HALT_OPEN;
	return DONE;
}

static const struct vmm_range ioapic = { BOARD_IOAPIC_BASE, IOAPIC_SIZE };
static const struct vmm_range ecam = { BOARD_ECAM_BASE, BOARD_ECAM_SIZE };

/* PCI configuration space and the memory of PCI functions; elsewhere reads give all ones. */
static uint64_t mmio_read(struct vmm_vm *vm, uint64_t gpa, unsigned size)
{
	if (size <= 4 && range_holds(ecam, gpa, size))
		return pci_ecam_read(&vm->pci, (uint32_t)(gpa - ecam.base), size);
	if (size <= 4 && range_holds(ioapic, gpa, size))
		return ioapic_read(&vm->ioapic, (uint32_t)(gpa - ioapic.base));
	return pci_memory_read(&vm->pci, gpa, size);
}

static void mmio_write(struct vmm_vm *vm, uint64_t gpa, unsigned size, uint64_t value)
{
	if (size <= 4 && range_holds(ecam, gpa, size))
		pci_ecam_write(&vm->pci, (uint32_t)(gpa - ecam.base), size, (uint32_t)value);
	else if (size <= 4 && range_holds(ioapic, gpa, size))
		ioapic_write(&vm->ioapic, (uint32_t)(gpa - ioapic.base), (uint32_t)value);
	else
		pci_memory_write(&vm->pci, gpa, size, value);
}

static uint64_t request_mmio(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	struct vmm_vm *vm = vcpu->vm;
	uint64_t gpa = regs[R14] & ~vm->shared.bit;
	unsigned size = (unsigned)regs[R12];

	if (!valid_size(regs[R12], 8) || regs[R13] > 1)
		return INVALID;
	pthread_mutex_lock(&vm->devices);
	if (regs[R13])
		mmio_write(vm, gpa, size, regs[R15]);
	else
		regs[R11] = mmio_read(vm, gpa, size) &
			    (size == 8 ? UINT64_MAX : (1ull << (8 * size)) - 1);
	pthread_mutex_unlock(&vm->devices);
	return DONE;
}

/* Memory is coherent with the devices of this machine. */
static uint64_t instruction_wbinvd(struct vmm_vcpu *vcpu, uint64_t *regs)
{
	(void)vcpu;
	return regs[R12] > 1 ? INVALID : DONE;
}

static handler find_handler(uint64_t number)
{
	switch (number) {
	case TDX_VMCALL_FN_GET_TD_VM_CALL_INFO: return call_info;
	case TDX_VMCALL_FN_MAP_GPA: return map_gpa;
	case TDX_VMCALL_FN_GET_QUOTE: return get_quote;
	case TDX_VMCALL_FN_SETUP_EVENT_NOTIFY_INTERRUPT: return setup_notify;
	case TDX_VMCALL_FN_REPORT_FATAL_ERROR: return fatal_error;
	case TDX_VMCALL_FN_INSTRUCTION_CPUID: return instruction_cpuid;
	case TDX_VMCALL_FN_INSTRUCTION_HLT: return instruction_hlt;
	case TDX_VMCALL_FN_INSTRUCTION_IO: return instruction_io;
	case TDX_VMCALL_FN_INSTRUCTION_RDMSR: return instruction_rdmsr;
	case TDX_VMCALL_FN_INSTRUCTION_WRMSR: return instruction_wrmsr;
	case TDX_VMCALL_FN_REQUEST_MMIO: return request_mmio;
	case TDX_VMCALL_FN_INSTRUCTION_WBINVD: return instruction_wbinvd;
	default: return NULL;
	}
}

static void count_call(struct vmm_vm *vm)
{
	uint64_t calls = atomic_fetch_add(&vm->counts.vmcalls, 1) + 1;

	if (vm->config.stop_after && calls == vm->config.stop_after)
		vm_end(vm, VM_ENOUGH, "%" PRIu64 " TDVMCALLs served", calls);
}

void vmcall_serve(struct vmm_vcpu *vcpu)
{
	uint64_t *regs = vcpu->regs;
	handler serve = regs[R10] ? NULL : find_handler(regs[R11]);

	/* R10 other than 0 names a call of a vendor; this host has none. */
	regs[R10] = serve ? serve(vcpu, regs) : INVALID;
	vcpu->vmcalls++;
	vcpu->fault_repeats = 0;
	count_call(vcpu->vm);
}
