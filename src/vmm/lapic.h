/* SPDX-License-Identifier: MIT */
/*
 * The part of a vCPU's local APIC that the VMM has: the x2APIC registers (SDM volume 3, chapter 11)
 * that a TD reaches by TDVMCALL<Instruction.RDMSR> and WRMSR, the timer, and sending of
 * interprocessor interrupts. What the processor virtualizes (TPR, EOI, ISR, TMR, IRR, self-IPI)
 * never comes here.
 */
#ifndef VMM_LAPIC_H
#define VMM_LAPIC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LAPIC_MSR_FIRST	       0x800u
#define LAPIC_MSR_LAST	       0x83fu
#define LAPIC_MSR_TSC_DEADLINE 0x6e0u
#define LAPIC_LVTS	       7

/* The first vector that an APIC sends or accepts. */
#define LAPIC_VECTOR_FIRST 16

enum lapic_delivery { LAPIC_FIXED = 0, LAPIC_LOWEST_PRIORITY = 1, LAPIC_NMI = 4 };

/* An interrupt on its way: an IPI or a message-signalled one. */
struct lapic_message {
	uint32_t destination; /* x2APIC id, or logical: cluster 31:16, members 15:0 */
	bool logical;
	bool all, not_self; /* every vCPU; of those not the sender */
	uint8_t delivery;   /* enum lapic_delivery; others are dropped */
	uint8_t vector;
};

struct lapic;

/* What a local APIC needs of the machine around it. */
struct lapic_ops {
	uint64_t (*now)(void *opaque); /* the TD's TSC */
	/* Calls lapic_expire() when the TSC reaches `deadline`; CLOCK_NEVER: not any more. */
	void (*arm)(void *opaque, unsigned index, uint64_t deadline);
	void (*interrupt)(void *opaque, unsigned index, uint8_t vector); /* into its own vCPU */
	void (*send)(void *opaque, unsigned from, const struct lapic_message *message);
	void *opaque;
	uint32_t tick; /* the timer counts one down each so many TSC ticks, before its divider */
};

struct lapic {
	const struct lapic_ops *ops;
	unsigned index; /* of the vCPU, and its APIC id */
	pthread_mutex_t lock;
	uint32_t spurious, error, error_seen, divide, initial;
	uint64_t command;
	uint32_t lvt[LAPIC_LVTS];  /* CMCI, timer, thermal, performance, LINT0, LINT1, error */
	uint64_t started;	   /* when the one-shot or periodic timer began this round */
	_Atomic uint64_t deadline; /* when the timer expires; CLOCK_NEVER: it does not run */
};

void lapic_init(struct lapic *lapic, const struct lapic_ops *ops, unsigned index);
void lapic_free(struct lapic *lapic);

/* Is this one of the MSRs served here? */
bool lapic_has(uint32_t msr);

/* By the vCPU's thread. False: the guest sees an error. */
bool lapic_read(struct lapic *lapic, uint32_t msr, uint64_t *value);
bool lapic_write(struct lapic *lapic, uint32_t msr, uint64_t value);

/* The time that was armed has come, perhaps: any thread. */
void lapic_expire(struct lapic *lapic);

/* Will the timer ever raise an interrupt? Any thread; false only after that interrupt is on its
 * way. */
bool lapic_armed(const struct lapic *lapic);

/* The logical id that an x2APIC has by its id. */
uint32_t lapic_logical_id(unsigned id);

/* Does the message go to the vCPU with this index? Lowest priority: to any one of them. */
bool lapic_message_is_for(const struct lapic_message *message, unsigned from, unsigned index);

#endif
