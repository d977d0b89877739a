// SPDX-License-Identifier: MIT
/*
 * The x2APIC of a TD.
 */
#include "guest/apic.h"
#include "tdx/tdx.h"

uint64_t msr_ask(uint32_t msr)
{
	uint64_t value = 0;

	if (!tdx_answer_ok(tdg_vp_vmcall_instruction_rdmsr(tdx_msr(msr), &value)))
		guest_fail("the VMM refused RDMSR");
	return value;
}

void msr_tell(uint32_t msr, uint64_t value)
{
	if (!tdx_answer_ok(tdg_vp_vmcall_instruction_wrmsr(tdx_msr(msr), value)))
		guest_fail("the VMM refused WRMSR");
}

uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

void apic_enable(void)
{
	msr_tell(APIC_SPURIOUS, 0x1ff);
}

void interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

void interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

void wait_for_interrupt(void)
{
	tdg_vp_vmcall_instruction_hlt(0);
	__asm__ volatile("sti; nop; cli" : : : "memory");
}
