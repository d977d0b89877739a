/* SPDX-License-Identifier: MIT */
/*
 * Interrupts for bare guests: the x2APIC, its timer, and waiting.
 */
#ifndef GUEST_APIC_H
#define GUEST_APIC_H

#include "guest/guest.h"

#define APIC_ID		  0x802
#define APIC_TPR	  0x808
#define APIC_EOI	  0x80b
#define APIC_SPURIOUS	  0x80f
#define APIC_ERROR	  0x828
#define APIC_COMMAND	  0x830
#define APIC_LVT_TIMER	  0x832
#define APIC_INITIAL	  0x838
#define APIC_CURRENT	  0x839
#define APIC_DIVIDE	  0x83e
#define APIC_SELF_IPI	  0x83f
#define APIC_TSC_DEADLINE 0x6e0

#define TIMER_ONE_SHOT	   0u
#define TIMER_PERIODIC	   (1u << 17)
#define TIMER_TSC_DEADLINE (2u << 17)
#define LVT_MASKED	   (1u << 16)

#define COMMAND_NMI	  (4u << 8)
#define COMMAND_LOGICAL	  (1u << 11)
#define COMMAND_TO_SELF	  (1u << 18)
#define COMMAND_TO_ALL	  (2u << 18)
#define COMMAND_TO_OTHERS (3u << 18)

/* MSRs that the VMM has, by TDVMCALL; a refusal is fatal. */
uint64_t msr_ask(uint32_t msr);
void msr_tell(uint32_t msr, uint64_t value);

/* MSRs by the instruction. */
uint64_t rdmsr(uint32_t msr);
void wrmsr(uint32_t msr, uint64_t value);
uint64_t rdtsc(void);

/* Switches the APIC on: spurious-interrupt register, bit 8. */
void apic_enable(void);

/*
 * TDVMCALL<Instruction.HLT> with interrupts off in the processor but not blocked for the call, as a
 * kernel's idle loop does it, then interrupts on for an instruction.
 */
void wait_for_interrupt(void);

/* Interrupts on and off. */
void interrupts_on(void);
void interrupts_off(void);

#endif
