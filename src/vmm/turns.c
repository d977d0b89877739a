// SPDX-License-Identifier: MIT
/*
 * All vCPUs on the calling thread, each in its turn, on a machine whose time is counted in
 * instructions: the same guest makes the same run every time.
 */
#include "vmm/vm.h"

/* Instructions per turn; an interrupt for another vCPU waits at most for the turns in between. */
#define TURN 20000

/* So many instructions a turn may have: no more than there is time until the next timer. */
static uint64_t turn_length(struct vmm_vm *vm)
{
	uint64_t deadline = timers_next(&vm->timers), now;

	if (deadline == CLOCK_NEVER)
		return TURN;
	now = clock_now(&vm->clock);
	if (deadline <= now)
		return 1;
	return deadline - now < TURN ? deadline - now : TURN;
}

static void run_turn(struct vmm_vm *vm, struct vmm_vcpu *vcpu)
{
	struct seamless_machine *machine = vm->host->machine;
	uint64_t length = turn_length(vm), begun = seamless_instructions(machine, vcpu->index);
	uint64_t used = 0;

	do {
		seamless_set_quantum(machine, length - used);
		vcpu_run_once(vcpu);
		used = seamless_instructions(machine, vcpu->index) - begun;
	} while (used < length && vcpu->halt == HALT_NOT && !atomic_load(&vm->end));
	if (vcpu->halt != HALT_NOT)
		vcpu_sleeps(vcpu);
}

static void take_turn(struct vmm_vm *vm, struct vmm_vcpu *vcpu)
{
	struct vmm_error err;

	if (atomic_load(&vm->end) || !vcpu_is_awake(vcpu))
		return;
	if (host_enter_lp(vm->host, vcpu->index, &err)) {
		vm_end_error(vm, VM_FAILED, &err);
		return;
	}
	run_turn(vm, vcpu);
	host_leave_lp(vm->host);
}

static bool any_awake(struct vmm_vm *vm)
{
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		if (vcpu_is_awake(&vm->vcpu[i]))
			return true;
	}
	return false;
}

/* Nobody has anything to do before the next timer: its time comes at once. */
static void pass_idle_time(struct vmm_vm *vm)
{
	uint64_t deadline = timers_next(&vm->timers);

	if (deadline == CLOCK_NEVER)
		vm_check_rest(vm);
	else
		clock_advance(&vm->clock, deadline);
}

static void flush(struct vmm_vm *vm, unsigned index)
{
	struct vmm_error err;

	if (host_enter_lp(vm->host, index, &err)) {
		vm_end_error(vm, VM_FAILED, &err);
		return;
	}
	if (td_flush_vcpu(&vm->td, index, &err))
		vm_end_error(vm, VM_FAILED, &err);
	host_leave_lp(vm->host);
}

void vm_take_turns(struct vmm_vm *vm)
{
	while (!atomic_load(&vm->end)) {
		for (unsigned i = 0; i < vm->config.vcpus; i++) {
			take_turn(vm, &vm->vcpu[i]);
			timers_fire_due(&vm->timers);
		}
		if (!any_awake(vm))
			pass_idle_time(vm);
		timers_fire_due(&vm->timers);
	}
	seamless_set_quantum(vm->host->machine, 0);
	for (unsigned i = 0; i < vm->config.vcpus; i++)
		flush(vm, i);
}
