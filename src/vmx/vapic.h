/* SPDX-License-Identifier: MIT */
/*
 * The virtual APIC of a VM in x2APIC mode, as the processor has it with APIC-register virtualization, virtual-interrupt
 * delivery and posted interrupts (SDM volume 3, chapter 30).
 */
#ifndef VMX_VAPIC_H
#define VMX_VAPIC_H

#include <stdbool.h>
#include <stdint.h>
#include "vmx/vmcs.h"

#define VAPIC_TPR 0x080u
#define VAPIC_PPR 0x0a0u
#define VAPIC_ISR 0x100u
#define VAPIC_IRR 0x200u
#define VAPIC_PRIORITY(vector) ((vector) & 0xf0u)

#define X2APIC_FIRST 0x800u
#define X2APIC_LAST 0x8ffu

/* The posted-interrupt descriptor: 256 request bits, then the byte with the notification bit. */
#define POSTED_DESCRIPTOR_BYTES 64u

struct vapic {
	uint8_t *page;
	struct vmcs *vmcs; /* whose interrupt status goes with the page */
	uint8_t *posted;   /* NULL: no posted interrupts */
};

/* Takes what was posted into the page, whether notified or not: the highest vector, 0 if there is none. */
unsigned vapic_take_posted(const struct vapic *a);
/* Has the vector delivered when its turn comes. */
void vapic_request(const struct vapic *a, unsigned vector);
/* An interrupt may be delivered: its priority is above that of what runs. */
bool vapic_pending(const struct vapic *a);

/* The vector to be delivered, -1 for none; and that it has been. */
int vapic_vector(const struct vapic *a);
void vapic_deliver(const struct vapic *a, unsigned vector);

/* The task priority. */
void vapic_set_tpr(const struct vapic *a, uint8_t tpr);

/* RDMSR and WRMSR of an x2APIC register that does not exit. False: #GP. */
bool vapic_rdmsr(const struct vapic *a, uint32_t msr, uint64_t *value);
bool vapic_wrmsr(const struct vapic *a, uint32_t msr, uint64_t value);

#endif
