// SPDX-License-Identifier: MIT
/*
 * The hypervisor's kernel, under test: a machine of Seamless. The thread that calls is one of its
 * processors, so nothing here needs to know which machine it is.
 */
#include "host.h"

#include <seamless/seamless.h>
#include <time.h>

void *host_ptr(uint64_t pa, uint64_t len)
{
	return seamless_shared(seamless_lp_machine(), pa, len);
}

unsigned host_cpus(void)
{
	return seamless_lps(seamless_lp_machine());
}

unsigned host_this_cpu(void)
{
	return seamless_lp_number();
}

unsigned host_packages(void)
{
	return seamless_packages(seamless_lp_machine());
}

/* A machine's processors are in its packages by turns. */
unsigned host_cpu_of_package(unsigned package)
{
	return package;
}

uint64_t host_rdmsr(uint32_t msr)
{
	return seamless_msr(seamless_lp_machine(), seamless_lp_number(), msr);
}

unsigned host_address_bits(void)
{
	return seamless_cpuid(seamless_lp_machine(), seamless_lp_number(), 0x80000008,
			      SEAMLESS_NO_SUBLEAF)
		       .eax &
	       0xff;
}

/* This thread is the other processor for a while: no other thread may be it meanwhile. */
int host_on_cpu(unsigned cpu, int (*fn)(void *opaque), void *opaque)
{
	struct seamless_machine *machine = seamless_lp_machine();
	unsigned here = seamless_lp_number();
	int result = -1;

	seamless_lp_leave();
	if (seamless_lp_enter(machine, cpu)) {
		result = fn(opaque);
		seamless_lp_leave();
	}
	return seamless_lp_enter(machine, here) ? result : -1;
}

void host_shoot_down(unsigned cpu)
{
	seamless_invept(seamless_lp_machine(), cpu);
	seamless_lp_kick(seamless_lp_machine(), cpu);
}

/* Not a mere pause: on a busy machine the other processor is a thread that wants to run. */
void host_relax(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
}
