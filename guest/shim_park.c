// SPDX-License-Identifier: MIT
/*
 * Where every vCPU but the first waits until the kernel calls it: the mailbox of the ACPI
 * multiprocessor wake-up structure (ACPI 6.5, 5.2.12.19). The mailbox is private memory, so nobody
 * else can watch it for a vCPU that sleeps: it wakes up by its timer and looks.
 */
#include "guest/apic.h"
#include "guest/shim.h"
#include "tdx/tdx.h"

#define TIMER_VECTOR 0x20
#define LOOKS_PER_S  100
#define WAKE_UP	     1
#define CODE_SEGMENT 0x08 /* of the reset page's descriptor table */
#define GATE	     0x8e00

struct mailbox {
	_Atomic uint16_t command;
	uint16_t reserved;
	uint32_t apic_id;
	uint64_t vector;
};

struct gate {
	uint16_t offset0, selector, type, offset1;
	uint32_t offset2, zero;
};

extern struct mailbox shim_mailbox;
extern const uint8_t shim_timer_stub[];

static struct gate idt[TIMER_VECTOR + 1];

/* Every vCPU writes the same. */
static void load_idt(void)
{
	uint64_t to = (uint64_t)shim_timer_stub;
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uint64_t)idt };

	idt[TIMER_VECTOR] = (struct gate){ (uint16_t)to,	 CODE_SEGMENT,	       GATE,
					   (uint16_t)(to >> 16), (uint32_t)(to >> 32), 0 };
	__asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}

/* CPUID 0x15: TSC = ECX * EBX / EAX. */
static uint64_t tsc_hz(void)
{
	uint32_t a, b, c, d;

	__asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0x15), "c"(0));
	return a ? (uint64_t)c * b / a : 0;
}

static bool called(unsigned id)
{
	return shim_mailbox.command == WAKE_UP && shim_mailbox.apic_id == id;
}

/* As it was at reset; no interrupt of ours is left for the kernel to find. */
static void stop_timer(void)
{
	msr_tell(APIC_TSC_DEADLINE, 0);
	msr_tell(APIC_LVT_TIMER, LVT_MASKED);
	interrupts_on();
	__asm__ volatile("nop");
	interrupts_off();
	msr_tell(APIC_SPURIOUS, 0xff);
}

void shim_park(unsigned id)
{
	uint64_t interval = tsc_hz() / LOOKS_PER_S;
	void (*vector)(void);

	load_idt();
	apic_enable();
	msr_tell(APIC_LVT_TIMER, TIMER_TSC_DEADLINE | TIMER_VECTOR);
	while (!called(id)) {
		msr_tell(APIC_TSC_DEADLINE, rdtsc() + interval);
		wait_for_interrupt();
	}
	stop_timer();
	vector = (void (*)(void))shim_mailbox.vector;
	shim_mailbox.command = 0; /* taken: the kernel waits for it */
	vector();
	__builtin_unreachable();
}
