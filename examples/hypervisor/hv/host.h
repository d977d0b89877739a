/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor takes from the kernel that it is part of. The kernel has its own; under test,
 * test/host.c does it on a machine of Seamless.
 */
#ifndef HOST_H
#define HOST_H

#include <stdint.h>

/* The kernel's pointer to physical memory that no TD owns. */
void *host_ptr(uint64_t pa, uint64_t len);

unsigned host_cpus(void);
unsigned host_this_cpu(void);
unsigned host_packages(void);
unsigned host_cpu_of_package(unsigned package);
uint64_t host_rdmsr(uint32_t msr);
unsigned host_address_bits(void); /* CPUID 0x80000008 */

/* Runs fn on another processor and waits for it; its result. */
int host_on_cpu(unsigned cpu, int (*fn)(void *opaque), void *opaque);

/* An interrupt for a processor, whose handler runs INVEPT. Does not wait. */
void host_shoot_down(unsigned cpu);

/* What a loop does that waits for another processor. */
void host_relax(void);

#endif
