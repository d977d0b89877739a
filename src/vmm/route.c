// SPDX-License-Identifier: MIT
/*
 * From an interrupt's source to the vCPUs it is for.
 */
#include "vmm/vm.h"

/* A message-signalled interrupt's address (SDM volume 3, "Message address register format"). */
#define MSI_ADDRESS	   0xfee00000ull
#define MSI_ADDRESS_MASK   0xfff00000ull
#define MSI_LOGICAL	   (1u << 2)
#define MSI_DESTINATION(a) ((uint32_t)((a) >> 12 & 0xff))
#define MSI_EVERY_ID	   0xffu
#define MSI_DELIVERY(data) ((data) >> 8 & 7)

void vm_interrupt(struct vmm_vm *vm, unsigned index, uint8_t vector)
{
	vm_tell(vm, VM_EVENT_INTERRUPT, index, vector);
	irq_post(&vm->irq, index, index, vector);
	vm_wake(vm, index);
}

static void nmi(struct vmm_vm *vm, unsigned index)
{
	vm_tell(vm, VM_EVENT_NMI, index, 0);
	atomic_store(&vm->irq.nmi[index], true);
	if (!vm_wake(vm, index))
		host_kick_lp(vm->host, index);
}

static void deliver(struct vmm_vm *vm, unsigned index, const struct lapic_message *message)
{
	if (message->delivery == LAPIC_NMI)
		nmi(vm, index);
	else
		vm_interrupt(vm, index, message->vector);
}

/* What a TD can't be sent: INIT, start-up, SMI. It gets nothing then. */
static bool deliverable(const struct lapic_message *message)
{
	return message->delivery == LAPIC_NMI || (message->delivery <= LAPIC_LOWEST_PRIORITY &&
						  message->vector >= LAPIC_VECTOR_FIRST);
}

void vm_send(struct vmm_vm *vm, unsigned from, const struct lapic_message *message)
{
	if (!deliverable(message))
		return;
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		if (!lapic_message_is_for(message, from, i))
			continue;
		deliver(vm, i, message);
		if (message->delivery == LAPIC_LOWEST_PRIORITY)
			return;
	}
}

void vm_msi(struct vmm_vm *vm, uint64_t address, uint32_t data)
{
	const struct lapic_message message = {
		.destination = MSI_DESTINATION(address),
		.logical = address & MSI_LOGICAL,
		.all = MSI_DESTINATION(address) == MSI_EVERY_ID,
		.delivery = MSI_DELIVERY(data),
		.vector = (uint8_t)data,
	};

	if ((address & MSI_ADDRESS_MASK) == MSI_ADDRESS && !(address >> 32))
		vm_send(vm, 0, &message);
}
