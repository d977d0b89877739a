/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine that is a trust domain: memory, devices, and a thread per vCPU. What `seamless
 * run` runs.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/bus.h"
#include "vmm/clock.h"
#include "vmm/error.h"
#include "vmm/fw_cfg.h"
#include "vmm/image.h"
#include "vmm/ioapic.h"
#include "vmm/irq.h"
#include "vmm/lapic.h"
#include "vmm/msr.h"
#include "vmm/pci.h"
#include "vmm/pm.h"
#include "vmm/quotes.h"
#include "vmm/rtc.h"
#include "vmm/shared.h"
#include "vmm/td.h"
#include "vmm/timers.h"
#include "vmm/uart.h"
#include "vmm/virtio_console.h"

/* Why a run ended. */
enum vm_end {
	VM_RUNNING = 0,
	VM_HALTED,	 /* every vCPU halted with interrupts blocked: the guest's own end */
	VM_POWERED_OFF,	 /* by the guest */
	VM_RESET,	 /* asked for by the guest */
	VM_ENOUGH,	 /* the number of calls asked for was reached */
	VM_FATAL_ERROR,	 /* TDVMCALL<ReportFatalError> */
	VM_TRIPLE_FAULT, /* or another end of a vCPU that the module does not recover from */
	VM_WAITS,	 /* every vCPU halted, one for an interrupt that nothing will raise */
	VM_BAD_ACCESS,	 /* private memory that is not there, or was never accepted */
	VM_STOPPED,	 /* vm_stop(): a signal, a timeout */
	VM_FAILED,	 /* a call of the module failed */
};

struct vmm_vm;

/* TDVMCALL<Instruction.HLT>: whether maskable interrupts end it. */
enum vcpu_halt { HALT_NOT, HALT_OPEN, HALT_BLOCKED };

struct vmm_vcpu {
	struct vmm_vm *vm;
	unsigned index;
	/*
	 * General registers in x86 register-index order. TDH.VP.ENTER takes them from here and
	 * leaves them here.
	 */
	uint64_t regs[16];
	struct vcpu_msrs msrs;
	struct lapic lapic;
	uint8_t notify_vector; /* SetupEventNotifyInterrupt; 0: none */
	pthread_t thread;
	bool started;
	enum vcpu_halt halt;	/* what the last exit was */
	uint64_t vmcalls;	/* made by this vCPU */
	bool asleep;		/* its thread waits in HLT; under vm->lock */
	pthread_cond_t wake;	/* with vm->lock */
	uint64_t fault_gpa;	/* of the last EPT violation */
	unsigned fault_repeats; /* of it, since something was mapped for it or the guest called */
	unsigned timeouts;	/* exits in a row in which the guest failed on a lock */
};

/* Whether a private page that the guest did not accept yet raises #VE in it. */
enum vm_pending_ve {
	PENDING_VE_OFF, /* ATTRIBUTES.SEPT_VE_DISABLE: it exits to the VMM */
	PENDING_VE_ON,
	PENDING_VE_FLEXIBLE, /* on, and the guest may turn it off: TD_CTLS.PENDING_VE_DISABLE */
};

/* What a run does beside the calls that the machine's trace tells of. */
enum vm_event {
	VM_EVENT_SLEEPS, /* in HLT */
	VM_EVENT_WAKES,
	VM_EVENT_INTERRUPT, /* on its way into the vCPU, with a vector */
	VM_EVENT_NMI,
	VM_EVENT_TIMER, /* the vCPU's timer expired */
};

struct vm_config {
	unsigned vcpus;
	unsigned gpaw; /* 48, or 52 with a 5-level EPT; 0: 48 */
	enum vm_pending_ve pending_ve;
	/*
	 * All vCPUs in turns on the thread of vm_run(), instead of a thread each, on a machine
	 * whose TSC counts instructions: a run repeats exactly.
	 */
	bool deterministic;
	/* Told on the thread where it happens, several at a time. NULL: nobody is. */
	void (*tell)(void *opaque, enum vm_event event, unsigned vcpu, uint8_t vector);
	void *tell_opaque;
	uint64_t stop_after; /* end with VM_ENOUGH after this many TDVMCALLs; 0: no limit */
	void (*console)(void *opaque, uint8_t byte);
	void *console_opaque;
	/*
	 * Answers TDVMCALL<GetQuote>: a quote over a TDREPORT of 1024 bytes. Returns its size, 0:
	 * no quote. vCPUs may call it at the same time. NULL: there is no quoting service and the
	 * call is refused.
	 */
	size_t (*quote)(void *opaque, const uint8_t *report, uint8_t *quote, size_t room);
	void *quote_opaque;
};

struct vm_counts {
	_Atomic uint64_t vmcalls;
	_Atomic uint64_t augmented; /* pages added on demand, in 4 KiB */
	_Atomic uint64_t exits;
};

struct vmm_vm {
	struct vmm_host *host;
	const struct vmm_image *image;
	struct vm_config config;
	struct vmm_td td;
	uint8_t mrtd[TD_MRTD_SIZE];
	uint64_t pages_added;
	struct vmm_shared shared;
	struct port_bus bus;
	struct uart uart;
	struct ioapic ioapic;
	struct rtc rtc;
	struct fw_cfg fw_cfg;
	struct pm pm;
	struct pci pci;
	struct virtio_console hvc; /* hvc0 in Linux */
	struct vmm_clock clock;
	_Atomic bool clock_runs;
	pthread_mutex_t starting; /* of the clock */
	struct vmm_timers timers;
	struct vmm_irq irq;
	struct vmm_quotes quotes;
	struct lapic_ops lapic_ops;
	pthread_mutex_t devices;  /* one vCPU at a time in the devices */
	pthread_rwlock_t mapping; /* held while memory is converted between private and shared */
	struct vmm_vcpu vcpu[TD_MAX_VCPUS];
	struct vm_counts counts;

	pthread_mutex_t lock;
	_Atomic int end; /* enum vm_end; the first that is set stays */
	_Atomic bool
		hvc_printed; /* the virtio console was the last to print, not the serial port */
	bool awaits_input;   /* something may be typed yet; under lock */
	struct vmm_error
		reason; /* one line about the end, under lock until the threads are joined */
};

/*
 * Prepares a machine; nothing of it exists in the module yet. vm_stop() and vm_destroy() are legal
 * from here on.
 */
void vm_init(struct vmm_vm *vm, struct vmm_host *host, const struct vmm_image *image,
	     const struct vm_config *config);

/*
 * Builds the TD from the image: adds and measures memory, creates vCPUs, finalizes. The calling
 * thread must be a logical processor. On failure vm_destroy() undoes what was done.
 */
int vm_build(struct vmm_vm *vm, struct vmm_error *err);

/*
 * Runs the vCPUs, each in a thread of its own on the logical processor of its number, until the run
 * ends. The calling thread must not be a logical processor. Returns the end; vm->reason has the
 * line about it.
 */
enum vm_end vm_run(struct vmm_vm *vm);

/* Ends a run from any thread, with a line about why. */
void vm_stop(struct vmm_vm *vm, const char *why);

/* Takes the TD apart (see td_destroy). The calling thread must not be a logical processor. */
int vm_destroy(struct vmm_vm *vm, uint64_t *freed, struct vmm_error *err);

/* Input for the guest's console may come from now on, or will not any more. Any thread. */
void vm_input_opened(struct vmm_vm *vm, bool open);

/* Has the guest ever looked whether something was typed? Any thread. */
bool vm_takes_input(const struct vmm_vm *vm);

/*
 * Types into the guest's console. Waits for the guest to take it, or for the run to end; returns
 * how many bytes were taken. Any thread that is not a vCPU's.
 */
size_t vm_type(struct vmm_vm *vm, const uint8_t *bytes, size_t size);

/* For the VMM's own files. */

/* Ends the run: only the first end counts. */
void vm_end(struct vmm_vm *vm, enum vm_end end, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void vm_end_error(struct vmm_vm *vm, enum vm_end end, const struct vmm_error *err);

/* Tells whoever watches. Any thread. */
static inline void vm_tell(const struct vmm_vm *vm, enum vm_event event, unsigned vcpu,
			   uint8_t vector)
{
	if (vm->config.tell)
		vm->config.tell(vm->config.tell_opaque, event, vcpu, vector);
}

/* Makes every vCPU but the caller's own, which is out already, leave the guest once. */
void vm_kick(struct vmm_vm *vm);

/* The vCPU's thread: runs it until it or the run ends. */
void *vcpu_thread(void *vcpu);

/* Will the guest be interrupted when something is typed? Any thread. */
bool vm_input_interrupts(const struct vmm_vm *vm);

/* Serves the TDVMCALL that the vCPU's registers hold; vcpu->halt says whether it was HLT. */
void vmcall_serve(struct vmm_vcpu *vcpu);

/* One stay in the guest, and what its end asks for. On the processor of the vCPU's number. */
void vcpu_run_once(struct vmm_vcpu *vcpu);

/* Runs all vCPUs in turns until the run ends. The calling thread must not be a processor. */
void vm_take_turns(struct vmm_vm *vm);

/*
 * After HLT: false if there is an interrupt for the vCPU already, else it sleeps from now on; and
 * whether it is awake (again).
 */
bool vcpu_sleeps(struct vmm_vcpu *vcpu);
bool vcpu_is_awake(struct vmm_vcpu *vcpu);

/* In the vCPU's thread after HLT: returns when there is an interrupt for it, or the run ends. */
void vcpu_halted(struct vmm_vcpu *vcpu);

/* Makes a vCPU in HLT look for its interrupts. False: it is not in HLT. Any thread. */
bool vm_wake(struct vmm_vm *vm, unsigned index);

/* Ends the run if all vCPUs are in HLT and nothing will ever wake one. Any thread. */
void vm_check_rest(struct vmm_vm *vm);

/* An interrupt into a vCPU, and a message to whomever it is addressed. Any thread. */
void vm_interrupt(struct vmm_vm *vm, unsigned index, uint8_t vector);
void vm_send(struct vmm_vm *vm, unsigned from, const struct lapic_message *message);

/* A message-signalled interrupt, as a PCI device writes it. Any thread. */
void vm_msi(struct vmm_vm *vm, uint64_t address, uint32_t data);

/* TDVMCALL<MapGPA>: returns R10; *failed_gpa is where a retry goes on. */
uint64_t vm_map_gpa(struct vmm_vm *vm, uint64_t gpa, uint64_t size, uint64_t *failed_gpa);

/* TDVMCALL<GetQuote>: returns R10. */
uint64_t vm_get_quote(struct vmm_vcpu *vcpu, uint64_t gpa, uint64_t size);

/* Makes a quote that was asked for, and notifies the vCPU. In the quotes' thread. */
void vm_make_quote(void *vm, const struct quote_request *request);

/* An EPT violation, as TDH.VP.ENTER reports it. */
struct vm_fault {
	uint64_t gpa;
	bool fetch;	  /* the access was an instruction fetch */
	bool pending;	  /* to a page that is there but was not accepted */
	int accept_level; /* the size that TDG.MEM.PAGE.ACCEPT asked for; -1: a plain access */
};

void vm_memory_fault(struct vmm_vcpu *vcpu, const struct vm_fault *fault);

#endif
