// SPDX-License-Identifier: MIT
/*
 * vCPUs in HLT: a thread that waits until there is an interrupt for its vCPU, and how a machine is
 * noticed in which no vCPU will ever run again.
 */
#include "vmm/vm.h"

/* Something arrived since the vCPU halted. */
static bool woken(const struct vmm_vcpu *vcpu)
{
	const struct vmm_irq *irq = &vcpu->vm->irq;

	return atomic_load(&irq->nmi[vcpu->index]) ||
	       (vcpu->halt == HALT_OPEN && irq_posted(irq, vcpu->index));
}

/* Will an interrupt come that nobody in the machine has to ask for? */
static bool will_wake(const struct vmm_vcpu *vcpu)
{
	return !vcpu->asleep || (vcpu->halt == HALT_OPEN && lapic_armed(&vcpu->lapic)) ||
	       woken(vcpu);
}

/* Under vm->lock: one line about a machine that has come to rest, or VM_RUNNING. */
static enum vm_end rest(struct vmm_vm *vm, unsigned *waits)
{
	enum vm_end end = VM_HALTED;

	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		if (will_wake(&vm->vcpu[i]))
			return VM_RUNNING;
		if (vm->vcpu[i].halt == HALT_OPEN && end == VM_HALTED) {
			*waits = i;
			end = VM_WAITS;
		}
	}
	if (end == VM_WAITS &&
	    (atomic_load(&vm->quotes.waiting) || (vm->awaits_input && vm_input_interrupts(vm))))
		return VM_RUNNING;
	return end;
}

void vm_check_rest(struct vmm_vm *vm)
{
	unsigned waits = 0;
	enum vm_end end;

	pthread_mutex_lock(&vm->lock);
	end = rest(vm, &waits);
	pthread_mutex_unlock(&vm->lock);
	if (end == VM_HALTED)
		vm_end(vm, end, "the guest halted");
	else if (end == VM_WAITS)
		vm_end(vm, end,
		       "vCPU %u waits in HLT for an interrupt, but no timer is armed and nothing "
		       "else "
		       "raises one",
		       waits);
}

/* What the module holds already is no news to the descriptor. */
static bool goes_on(struct vmm_vcpu *vcpu)
{
	struct vmm_vm *vm = vcpu->vm;
	struct vmm_error err;
	bool held = false;

	if (!irq_held(&vm->irq, &vm->td, vcpu->index, vcpu->halt == HALT_OPEN, &held, &err))
		return held;
	vm_end_error(vm, VM_FAILED, &err);
	return true;
}

static void sleep_until_woken(struct vmm_vcpu *vcpu)
{
	struct vmm_vm *vm = vcpu->vm;

	pthread_mutex_lock(&vm->lock);
	while (!woken(vcpu) && !atomic_load(&vm->end))
		pthread_cond_wait(&vcpu->wake, &vm->lock);
	vcpu->asleep = false;
	pthread_mutex_unlock(&vm->lock);
	vm_tell(vm, VM_EVENT_WAKES, vcpu->index, 0);
}

bool vcpu_sleeps(struct vmm_vcpu *vcpu)
{
	struct vmm_vm *vm = vcpu->vm;

	if (goes_on(vcpu))
		return false;
	pthread_mutex_lock(&vm->lock);
	vcpu->asleep = true;
	pthread_mutex_unlock(&vm->lock);
	vm_tell(vm, VM_EVENT_SLEEPS, vcpu->index, 0);
	return true;
}

bool vcpu_is_awake(struct vmm_vcpu *vcpu)
{
	struct vmm_vm *vm = vcpu->vm;
	bool awake, wakes;

	pthread_mutex_lock(&vm->lock);
	wakes = vcpu->asleep && woken(vcpu);
	if (wakes)
		vcpu->asleep = false;
	awake = !vcpu->asleep;
	pthread_mutex_unlock(&vm->lock);
	if (wakes)
		vm_tell(vm, VM_EVENT_WAKES, vcpu->index, 0);
	return awake;
}

void vcpu_halted(struct vmm_vcpu *vcpu)
{
	if (!vcpu_sleeps(vcpu))
		return;
	vm_check_rest(vcpu->vm);
	sleep_until_woken(vcpu);
}

bool vm_wake(struct vmm_vm *vm, unsigned index)
{
	bool asleep;

	pthread_mutex_lock(&vm->lock);
	asleep = vm->vcpu[index].asleep;
	pthread_cond_signal(&vm->vcpu[index].wake);
	pthread_mutex_unlock(&vm->lock);
	return asleep;
}
