/* SPDX-License-Identifier: MIT */
/*
 * The timer of a local APIC, in its three modes. All functions are called under the APIC's lock.
 */
#ifndef VMM_LAPIC_TIMER_H
#define VMM_LAPIC_TIMER_H

#include "vmm/lapic.h"

#define LAPIC_ENABLED	 (1u << 8)  /* in the spurious-interrupt register */
#define LAPIC_LVT_MASKED (1u << 16) /* in an LVT entry */
#define LAPIC_LVT_TIMER	 1	    /* its index in lapic.lvt */

/* A new entry for the timer; another mode stops it. */
void lapic_timer_set_lvt(struct lapic *lapic, uint32_t value);

/* Initial count: starts the timer, 0 stops it. Without effect in TSC-deadline mode. */
void lapic_timer_set_initial(struct lapic *lapic, uint32_t count);
void lapic_timer_set_divide(struct lapic *lapic, uint32_t divide);
uint32_t lapic_timer_current(struct lapic *lapic);

/* IA32_TSC_DEADLINE: 0 disarms. Without effect, and 0, in the other modes. */
void lapic_timer_set_deadline(struct lapic *lapic, uint64_t deadline);
uint64_t lapic_timer_deadline(struct lapic *lapic);

#endif
