// SPDX-License-Identifier: MIT
/*
 * The MSRs of a TD without PERFMON and PKS whose XFAM is x87 and SSE, and whose CPUID shows the TSC
 * deadline: which work, which are #GP and which #VE, each way.
 */
#include "guest/apic.h"
#include "guest/attempt.h"
#include "guest/ve.h"

#define SKIP 300 /* not tried: the register has no such access, or it would end the guest */

struct msr_range {
	uint32_t first, last;
	unsigned read, write;
};

static const struct msr_range ranges[] = {
	{ 0x10, 0x10, NOTHING, VE },		      /* the TSC */
	{ 0x1b, 0x1b, VE, VE },			      /* APIC base */
	{ 0x33, 0x33, VE, VE },			      /* test control */
	{ 0x3a, 0x3b, VE, VE },			      /* feature control, TSC_ADJUST */
	{ 0x48, 0x48, NOTHING, NOTHING },	      /* speculation control */
	{ 0x49, 0x49, SKIP, NOTHING },		      /* prediction command */
	{ 0x79, 0x79, VE, VE },			      /* microcode update */
	{ 0x8b, 0x8b, VE, VE },			      /* microcode revision */
	{ 0x8c, 0x8f, GP, GP },			      /* SGX launch key */
	{ 0x98, 0x9b, GP, GP },			      /* WBINVDP and others */
	{ 0x9e, 0x9e, GP, GP },			      /* SMBASE */
	{ 0xbd, 0xbd, NOTHING, SKIP },		      /* xAPIC disable status */
	{ 0xc1, 0xc8, GP, GP },			      /* performance counters */
	{ 0xce, 0xcf, VE, VE },			      /* platform info, core capabilities */
	{ 0xe1, 0xe1, GP, GP },			      /* UMWAIT */
	{ 0xfe, 0xfe, VE, VE },			      /* MTRR capabilities */
	{ 0x10a, 0x10a, NOTHING, SKIP },	      /* architectural capabilities */
	{ 0x10b, 0x10b, SKIP, NOTHING },	      /* flush command */
	{ 0x122, 0x122, GP, GP },		      /* TSX control */
	{ 0x140, 0x140, VE, VE },		      /* miscellaneous features */
	{ 0x174, 0x176, NOTHING, NOTHING },	      /* SYSENTER */
	{ 0x179, 0x17b, VE, VE },		      /* machine check */
	{ 0x186, 0x18d, GP, GP },		      /* performance events */
	{ 0x19a, 0x19c, VE, VE },		      /* thermal control */
	{ 0x1a0, 0x1a0, NOTHING, VE },		      /* miscellaneous enables */
	{ 0x1c4, 0x1c5, GP, GP },		      /* XFD */
	{ 0x1d9, 0x1d9, NOTHING, NOTHING },	      /* DEBUGCTL */
	{ 0x200, 0x20f, VE, VE },		      /* MTRRs */
	{ 0x277, 0x277, NOTHING, NOTHING },	      /* PAT */
	{ 0x2ff, 0x2ff, VE, VE },		      /* MTRR default */
	{ 0x309, 0x30b, GP, GP },		      /* fixed counters */
	{ 0x345, 0x345, NOTHING, GP },		      /* performance capabilities */
	{ 0x38d, 0x391, GP, GP },		      /* performance control */
	{ 0x400, 0x403, VE, VE },		      /* machine check banks */
	{ 0x480, 0x480, NOTHING, GP },		      /* VMX capabilities */
	{ 0x481, 0x484, VE, GP },		      /* */
	{ 0x570, 0x572, GP, GP },		      /* processor trace */
	{ 0x600, 0x600, NOTHING, NOTHING },	      /* DS area */
	{ 0x6a0, 0x6a0, GP, GP },		      /* CET */
	{ 0x6e0, 0x6e0, VE, VE },		      /* TSC deadline */
	{ 0x6e1, 0x6e1, GP, GP },		      /* PKRS */
	{ 0x800, 0x801, GP, GP },		      /* x2APIC */
	{ 0x802, 0x803, VE, VE },		      /* its id and version */
	{ 0x804, 0x807, GP, GP },		      /* reserved */
	{ 0x808, 0x808, NOTHING, NOTHING },	      /* TPR */
	{ 0x80a, 0x80a, NOTHING, GP },		      /* PPR */
	{ 0x80b, 0x80b, SKIP, NOTHING },	      /* EOI */
	{ 0x80d, 0x80d, VE, VE },		      /* LDR */
	{ 0x80f, 0x80f, VE, VE },		      /* spurious vector */
	{ 0x810, 0x827, NOTHING, GP },		      /* ISR, TMR, IRR */
	{ 0x828, 0x828, VE, VE },		      /* error status */
	{ 0x829, 0x82e, GP, GP },		      /* reserved */
	{ 0x82f, 0x830, VE, VE },		      /* CMCI, interrupt command */
	{ 0x831, 0x831, GP, GP },		      /* reserved */
	{ 0x832, 0x839, VE, VE },		      /* local vectors, timer */
	{ 0x83e, 0x83e, VE, VE },		      /* divide configuration */
	{ 0x840, 0x8ff, GP, GP },		      /* reserved */
	{ 0x985, 0x98a, GP, GP },		      /* user interrupts */
	{ 0xc80, 0xc80, NOTHING, VE },		      /* debug interface */
	{ 0xd90, 0xd90, GP, GP },		      /* bounds */
	{ 0xd93, 0xd93, GP, GP },		      /* PASID */
	{ 0xda0, 0xda0, NOTHING, NOTHING },	      /* XSS */
	{ 0x14ce, 0x14cf, GP, GP },		      /* last branches */
	{ 0x1fff, 0x1fff, VE, VE },		      /* the last that the bitmap has */
	{ 0x2000, 0x2000, VE, VE },		      /* beyond it */
	{ 0x40000000, 0x40000001, VE, VE },	      /* a hypervisor's */
	{ 0x4b564d00, 0x4b564d05, VE, VE },	      /* KVM's */
	{ 0xc0000080, 0xc0000082, NOTHING, NOTHING }, /* EFER, STAR, LSTAR */
	{ 0xc0000083, 0xc0000083, VE, VE },	      /* CSTAR, which is AMD's */
	{ 0xc0000084, 0xc0000084, NOTHING, NOTHING }, /* FMASK */
	{ 0xc0000100, 0xc0000103, NOTHING, NOTHING }, /* bases, TSC_AUX */
	{ 0xc0001fff, 0xc0002000, VE, VE },	      /* the end of the bitmap, beyond it */
};

static const uint8_t rdmsr_code[] = { 0x0f, 0x32 }, wrmsr_code[] = { 0x0f, 0x30 };

static unsigned read(struct attempt *a, uint32_t msr)
{
	*a = (struct attempt){ .rax = 1, .rcx = msr, .rdx = 2 };
	return attempt(a, rdmsr_code, sizeof(rdmsr_code));
}

static unsigned write(struct attempt *a, uint32_t msr, uint64_t value)
{
	*a = (struct attempt){ .rax = (uint32_t)value, .rcx = msr, .rdx = value >> 32 };
	return attempt(a, wrmsr_code, sizeof(wrmsr_code));
}

static bool came_out(const struct attempt *a, unsigned expect, uint64_t reason)
{
	return expect == VE ? attempt_is_ve(a, reason, 0, 2)
			    : a->vector == expect && (a->vector != GP || !a->error);
}

/* What is written is what was read: it changes nothing. */
static void try_msr(const struct msr_range *range, uint32_t msr)
{
	struct attempt a;
	uint64_t value = 0;

	if (range->read != SKIP) {
		read(&a, msr);
		ve_expect(came_out(&a, range->read, TDX_EXIT_REASON_RDMSR),
			  "RDMSR does what it should with", msr);
		if (a.vector == NOTHING)
			value = a.rdx << 32 | a.rax;
		else
			ve_expect(a.rax == 1 && a.rdx == 2, "a fault leaves EDX:EAX", msr);
	}
	if (range->write == SKIP)
		return;
	write(&a, msr, value);
	ve_expect(came_out(&a, range->write, TDX_EXIT_REASON_WRMSR),
		  "WRMSR does what it should with", msr);
}

static void values(void)
{
	struct attempt a;

	check(rdmsr(0xbd) == 1, "MSR 0xBD: the legacy xAPIC is off");
	check((rdmsr(0x10a) & 0xf16b) == 0xf16b, "0x10A: not vulnerable to what TDX forbids");
	check(rdmsr(0x1a0) >> 12 & 1 && !(rdmsr(0x1a0) >> 7 & 1),
	      "0x1A0: no PEBS and no performance monitoring");
	check(!(rdmsr(0x1a0) >> 34 & 1) && !(rdmsr(0x1a0) >> 22 & 1),
	      "nor is NX disabled or CPUID limited");
	check(rdmsr(0xc0000080) == 0xd01, "EFER: SCE, LME, LMA, NXE");
	check(write(&a, 0xc0000080, 0xd00) == NOTHING && rdmsr(0xc0000080) == 0xd00,
	      "EFER.SCE is the guest's");
	check(write(&a, 0xc0000080, 0xd01) == NOTHING, "and back");
	write(&a, 0xc0000080, 0x501);
	check(attempt_is_ve(&a, TDX_EXIT_REASON_WRMSR, 0, 2), "clearing EFER.NXE is #VE");
	check(write(&a, 0xda0, 1 << 8) == GP, "XSS: a component that XFAM lacks is #GP");
	check(write(&a, 0x1d9, 1 << 3) == GP, "DEBUGCTL: a reserved bit is #GP");
	write(&a, 0x1d9, 1 << 6);
	check(attempt_is_ve(&a, TDX_EXIT_REASON_WRMSR, 0, 2),
	      "branch messages without BTS are #VE");
	check(write(&a, 0xc0000082, 1ull << 62) == GP, "LSTAR: no canonical address, #GP");
	check(write(&a, 0x277, 2) == GP, "PAT: a reserved memory type, #GP");
}

void ve_msrs(void)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		for (uint32_t msr = ranges[i].first; msr <= ranges[i].last; msr++)
			try_msr(&ranges[i], msr);
	}
	check(true, "MSRs: those that work, #GP and #VE, read and written");
	values();
}
