// SPDX-License-Identifier: MIT
/*
 * What is typed, on its way to the guest's console.
 */
#include <time.h>

#include "vmm/vm.h"

/* Input goes to the console that printed last. The guest's next look at its console is waited for,
 * the run's end looked for this often. */
#define LOOK_NS 5000000

void vm_input_opened(struct vmm_vm *vm, bool open)
{
	pthread_mutex_lock(&vm->lock);
	vm->awaits_input = open;
	pthread_mutex_unlock(&vm->lock);
	if (!open)
		vm_check_rest(vm);
}

bool vm_takes_input(const struct vmm_vm *vm)
{
	return atomic_load(&vm->hvc_printed) || atomic_load(&vm->uart.looked);
}

bool vm_input_interrupts(const struct vmm_vm *vm)
{
	return atomic_load(&vm->hvc_printed) || atomic_load(&vm->uart.listens);
}

static size_t give(struct vmm_vm *vm, const uint8_t *bytes, size_t size)
{
	size_t taken;

	pthread_mutex_lock(&vm->devices);
	taken = atomic_load(&vm->hvc_printed) ? virtio_console_type(&vm->hvc, bytes, size)
					      : uart_receive(&vm->uart, bytes, size);
	pthread_mutex_unlock(&vm->devices);
	return taken;
}

size_t vm_type(struct vmm_vm *vm, const uint8_t *bytes, size_t size)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	size_t done = give(vm, bytes, size);

	while (done < size && !atomic_load(&vm->end)) {
		nanosleep(&look, NULL);
		done += give(vm, bytes + done, size - done);
	}
	return done;
}
