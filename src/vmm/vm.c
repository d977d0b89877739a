// SPDX-License-Identifier: MIT
/*
 * A virtual machine: building it, running its vCPUs as threads, ending it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tdx/structures.h"
#include "vmm/board.h"
#include "vmm/dma.h"
#include "vmm/load.h"
#include "vmm/vm.h"

/* The local APIC's timer at 25 MHz, as CPUID 0x15 says, in ticks of the TD's TSC. */
#define TIMER_TICK (TD_TSC_HZ / 25000000u)

#define EPOCH 1735689600u /* 2025-01-01, in seconds of Unix */

#define CPUID_1_TSC_DEADLINE (1u << 24)

static void power_off(void *vm)
{
	vm_end(vm, VM_POWERED_OFF, "the guest powered the machine off");
}

static void reset(void *vm)
{
	vm_end(vm, VM_RESET, "the guest reset the machine");
}

/*
 * The first to ask is a vCPU that sets its timer. A run without timers makes no call whose answer
 * depends on the time, and its recording replays.
 */
static void start_clock(struct vmm_vm *vm)
{
	struct vmm_error err;

	pthread_mutex_lock(&vm->starting);
	if (!atomic_load(&vm->clock_runs) && clock_init(&vm->clock, &vm->td, &err))
		vm_end_error(vm, VM_FAILED, &err);
	atomic_store(&vm->clock_runs, true);
	pthread_mutex_unlock(&vm->starting);
}

static uint64_t lapic_now(void *opaque)
{
	struct vmm_vm *vm = opaque;

	if (!atomic_load(&vm->clock_runs))
		start_clock(vm);
	return clock_now(&vm->clock);
}

static uint64_t now_ns(void *opaque)
{
	struct vmm_vm *vm = opaque;
	struct timespec ts;

	if (vm->config.deterministic)
		return lapic_now(vm);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* A run that must repeat begins at the same moment each time. */
static time_t now_seconds(void *opaque)
{
	struct vmm_vm *vm = opaque;

	return vm->config.deterministic ? (time_t)(EPOCH + lapic_now(vm) / 1000000000u)
					: time(NULL);
}

static void lapic_arm(void *opaque, unsigned index, uint64_t deadline)
{
	struct vmm_vm *vm = opaque;

	timers_set(&vm->timers, index, deadline);
}

static void lapic_interrupt(void *vm, unsigned index, uint8_t vector)
{
	vm_interrupt(vm, index, vector);
}

static void lapic_send(void *vm, unsigned from, const struct lapic_message *message)
{
	vm_send(vm, from, message);
}

static void timer_fires(void *opaque, unsigned index)
{
	struct vmm_vm *vm = opaque;

	vm_tell(vm, VM_EVENT_TIMER, index, 0);
	lapic_expire(&vm->vcpu[index].lapic);
	vm_check_rest(vm); /* it may have been the last that could wake a vCPU, and masked */
}

static void init_vcpus(struct vmm_vm *vm)
{
	vm->lapic_ops = (struct lapic_ops){ .now = lapic_now,
					    .arm = lapic_arm,
					    .interrupt = lapic_interrupt,
					    .send = lapic_send,
					    .opaque = vm,
					    .tick = vm->image->fast_timer ? 1 : TIMER_TICK };
	timers_init(&vm->timers, &vm->clock, timer_fires, vm);
	for (unsigned i = 0; i < TD_MAX_VCPUS; i++) {
		vm->vcpu[i].vm = vm;
		vm->vcpu[i].index = i;
		vcpu_msr_init(&vm->vcpu[i].msrs, i);
		lapic_init(&vm->vcpu[i].lapic, &vm->lapic_ops, i);
		pthread_cond_init(&vm->vcpu[i].wake, NULL);
	}
}

static void free_vcpus(struct vmm_vm *vm)
{
	for (unsigned i = 0; i < TD_MAX_VCPUS; i++) {
		lapic_free(&vm->vcpu[i].lapic);
		pthread_cond_destroy(&vm->vcpu[i].wake);
	}
	timers_free(&vm->timers);
}

static void ioapic_sends(void *opaque, const struct lapic_message *message)
{
	vm_send(opaque, 0, message);
}

static void uart_rises(void *opaque)
{
	struct vmm_vm *vm = opaque;

	ioapic_raise(&vm->ioapic, BOARD_UART_LINE);
}

static void serial_prints(void *opaque, uint8_t byte)
{
	struct vmm_vm *vm = opaque;

	atomic_store(&vm->hvc_printed, false);
	vm->config.console(vm->config.console_opaque, byte);
}

static void hvc_prints(void *opaque, uint8_t byte)
{
	struct vmm_vm *vm = opaque;

	atomic_store(&vm->hvc_printed, true);
	vm->config.console(vm->config.console_opaque, byte);
}

static void send_msi(void *vm, uint64_t address, uint32_t data)
{
	vm_msi(vm, address, data);
}

/* On the same terminal as the serial port: the guest's command line says which it uses. */
static void add_hvc(struct vmm_vm *vm)
{
	struct virtio_console *hvc = &vm->hvc;

	hvc->sink = hvc_prints;
	hvc->sink_opaque = vm;
	hvc->virtio.memory = (struct virtio_memory){ dma_read, dma_write, vm };
	hvc->virtio.msix.send = send_msi;
	hvc->virtio.msix.opaque = vm;
	virtio_console_init(hvc, &vm->pci, BOARD_CONSOLE_DEVICE, BOARD_CONSOLE_BAR);
}

/* For firmware only. */
static void add_fw_cfg(struct vmm_vm *vm)
{
	const struct virtio_memory memory = { dma_read, dma_write, vm };
	struct port_device device = fw_cfg_device(&vm->fw_cfg);

	if (!vm->image->items)
		return;
	fw_cfg_init(&vm->fw_cfg, vm->image->item, vm->image->items, &memory);
	bus_add(&vm->bus, &device);
}

static void add_devices(struct vmm_vm *vm)
{
	struct port_device uart = uart_device(&vm->uart, UART_COM1), rtc = rtc_device(&vm->rtc);
	struct port_device pci = pci_device(&vm->pci);

	ioapic_init(&vm->ioapic, ioapic_sends, vm);
	uart_init(&vm->uart, serial_prints, vm);
	vm->uart.rise = uart_rises;
	vm->uart.rise_opaque = vm;
	rtc_init(&vm->rtc, now_seconds, vm);
	rtc_set_memory(&vm->rtc, vm->image->ram[0].size, vm->image->ram[1].size);
	vm->pm = (struct pm){
		.now_ns = now_ns, .power_off = power_off, .reset = reset, .opaque = vm
	};
	bus_add(&vm->bus, &uart);
	bus_add(&vm->bus, &rtc);
	pm_add(&vm->pm, &vm->bus); /* its reset port lies among those of PCI and goes first */
	pci_init(&vm->pci);
	bus_add(&vm->bus, &pci);
	add_fw_cfg(vm);
	add_hvc(vm);
}

static int add_vcpus(struct vmm_vm *vm, struct vmm_error *err)
{
	uint64_t ram = vm->image->ram[0].size + vm->image->ram[1].size;

	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		if (td_add_vcpu(&vm->td, ram, err) ||
		    td_set_shared_ept(&vm->td, i, vm->shared.root, err) ||
		    irq_add_vcpu(&vm->irq, &vm->td, i, err) || td_flush_vcpu(&vm->td, i, err))
			return -1;
	}
	return 0;
}

static uint64_t attributes(const struct vm_config *config)
{
	return config->pending_ve == PENDING_VE_OFF ? TDX_TD_ATTRIBUTES_SEPT_VE_DISABLE_MASK : 0;
}

static uint64_t config_flags(const struct vm_config *config)
{
	return (config->gpaw == 52 ? TDX_CONFIG_FLAGS_GPAW_MASK : 0) |
	       (config->pending_ve == PENDING_VE_FLEXIBLE
			? TDX_CONFIG_FLAGS_FLEXIBLE_PENDING_VE_MASK
			: 0);
}

static int build(struct vmm_vm *vm, struct vmm_error *err)
{
	const struct td_config config = {
		.attributes = attributes(&vm->config),
		.config_flags = config_flags(&vm->config),
		.xfam = TDX_XFAM_X87_MASK | TDX_XFAM_SSE_MASK,
		.max_vcpus = (uint16_t)vm->config.vcpus,
		.cpuid = { { .leaf = 1, .subleaf = UINT32_MAX, .ecx = CPUID_1_TSC_DEADLINE } },
		.cpuids = 1,
	};

	if (td_create(&vm->td, vm->host, &config, err) ||
	    shared_init(&vm->shared, vm->host, vm->config.gpaw, err) ||
	    irq_init(&vm->irq, vm->host, err))
		return -1;
	if (load_image(&vm->td, vm->image, &vm->end, &vm->pages_added, err))
		return -1;
	if (load_windows(&vm->shared, vm->image, err))
		return -1;
	return add_vcpus(vm, err) || td_finalize(&vm->td, vm->mrtd, err) ? -1 : 0;
}

/* It may have been the last that could wake a vCPU. */
static void quote_made(void *vm)
{
	vm_check_rest(vm);
}

void vm_init(struct vmm_vm *vm, struct vmm_host *host, const struct vmm_image *image,
	     const struct vm_config *config)
{
	memset(vm, 0, sizeof(*vm));
	vm->host = host;
	vm->image = image;
	vm->config = *config;
	vm->config.gpaw = config->gpaw ? config->gpaw : 48;
	vm->shared.bit = 1ull << (vm->config.gpaw - 1);
	vm->td.tdr = VMM_NO_FRAME;
	vm->shared.root = VMM_NO_FRAME;
	vm->irq.page = VMM_NO_FRAME;
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->devices, NULL);
	pthread_mutex_init(&vm->starting, NULL);
	pthread_rwlock_init(&vm->mapping, NULL);
	quotes_init(&vm->quotes, vm_make_quote, quote_made, vm);
	init_vcpus(vm);
	add_devices(vm);
}

int vm_build(struct vmm_vm *vm, struct vmm_error *err)
{
	if (!vm->config.vcpus || vm->config.vcpus > TD_MAX_VCPUS ||
	    vm->config.vcpus > vm->host->lps)
		return vmm_fail(err, "%u vCPUs: the platform has %u logical processors",
				vm->config.vcpus, vm->host->lps);
	return build(vm, err);
}

static void wake_all(struct vmm_vm *vm)
{
	for (unsigned i = 0; i < vm->config.vcpus; i++)
		vm_wake(vm, i);
}

void vm_end_error(struct vmm_vm *vm, enum vm_end end, const struct vmm_error *err)
{
	pthread_mutex_lock(&vm->lock);
	if (!atomic_load(&vm->end)) {
		vm->reason = *err;
		atomic_store(&vm->end, end);
	}
	pthread_mutex_unlock(&vm->lock);
	vm_kick(vm);
	wake_all(vm);
}

void vm_end(struct vmm_vm *vm, enum vm_end end, const char *format, ...)
{
	struct vmm_error err = { 0 };
	va_list ap;

	va_start(ap, format);
	vsnprintf(err.text, sizeof(err.text), format, ap);
	va_end(ap);
	vm_end_error(vm, end, &err);
}

void vm_stop(struct vmm_vm *vm, const char *why)
{
	vm_end(vm, VM_STOPPED, "%s", why);
}

void vm_kick(struct vmm_vm *vm)
{
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		if (!host_is_lp(vm->host, i))
			host_kick_lp(vm->host, i);
	}
}

static void run_threads(struct vmm_vm *vm)
{
	if (timers_start(&vm->timers))
		vm_end(vm, VM_FAILED, "no thread for the timers");
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		vm->vcpu[i].started =
			!pthread_create(&vm->vcpu[i].thread, NULL, vcpu_thread, &vm->vcpu[i]);
		if (!vm->vcpu[i].started)
			vm_end(vm, VM_FAILED, "no thread for vCPU %u", i);
	}
	for (unsigned i = 0; i < vm->config.vcpus; i++) {
		if (vm->vcpu[i].started)
			pthread_join(vm->vcpu[i].thread, NULL);
	}
	timers_stop(&vm->timers);
}

enum vm_end vm_run(struct vmm_vm *vm)
{
	if (vm->config.deterministic)
		vm_take_turns(vm);
	else
		run_threads(vm);
	return (enum vm_end)atomic_load(&vm->end);
}

int vm_destroy(struct vmm_vm *vm, uint64_t *freed, struct vmm_error *err)
{
	int result;

	quotes_free(&vm->quotes);
	result = td_destroy(&vm->td, freed, err);

	shared_free(&vm->shared);
	irq_free(&vm->irq);
	free_vcpus(vm);
	pthread_mutex_destroy(&vm->lock);
	pthread_mutex_destroy(&vm->devices);
	pthread_mutex_destroy(&vm->starting);
	pthread_rwlock_destroy(&vm->mapping);
	return result;
}
