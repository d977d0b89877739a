// SPDX-License-Identifier: MIT
/*
 * RDMSR and WRMSR: the consumer is asked first, then the CPU's own registers.
 */
#include "cpu/msr.h"

#define MSR_TSC		   0x10
#define MSR_SYSENTER_CS	   0x174
#define MSR_SYSENTER_ESP   0x175
#define MSR_SYSENTER_EIP   0x176
#define MSR_PAT		   0x277
#define MSR_XSS		   0xda0
#define MSR_EFER	   0xc0000080
#define MSR_STAR	   0xc0000081
#define MSR_LSTAR	   0xc0000082
#define MSR_CSTAR	   0xc0000083
#define MSR_FMASK	   0xc0000084
#define MSR_FS_BASE	   0xc0000100
#define MSR_GS_BASE	   0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX	   0xc0000103

/* Without a clock of the consumer's, time is the count of instructions. */
uint64_t msr_tsc(struct cpu *cpu, unsigned ahead)
{
	return cpu->ops->rdtsc ? cpu->ops->rdtsc(cpu->opaque) : cpu->executed + ahead;
}

/* The register behind an MSR that is only storage. */
static uint64_t *storage(struct cpu *cpu, uint32_t index, bool *address)
{
	*address = true;
	switch (index) {
	case MSR_SYSENTER_ESP: return &cpu->s.sysenter_esp;
	case MSR_SYSENTER_EIP: return &cpu->s.sysenter_eip;
	case MSR_LSTAR: return &cpu->s.lstar;
	case MSR_CSTAR: return &cpu->s.cstar;
	case MSR_FS_BASE: return &cpu->s.seg[CPU_FS].base;
	case MSR_GS_BASE: return &cpu->s.seg[CPU_GS].base;
	case MSR_KERNEL_GS_BASE: return &cpu->s.kernel_gs_base;
	}
	*address = false;
	switch (index) {
	case MSR_SYSENTER_CS: return &cpu->s.sysenter_cs;
	case MSR_PAT: return &cpu->s.pat;
	case MSR_XSS: return &cpu->s.xss;
	case MSR_EFER: return &cpu->s.efer;
	case MSR_STAR: return &cpu->s.star;
	case MSR_FMASK: return &cpu->s.fmask;
	case MSR_TSC_AUX: return &cpu->s.tsc_aux;
	}
	return NULL;
}

enum cpu_msr_answer cpu_msr_read(struct cpu *cpu, uint32_t index, uint64_t *value)
{
	enum cpu_msr_answer answer =
		cpu->ops->rdmsr ? cpu->ops->rdmsr(cpu->opaque, index, value) : CPU_MSR_CPU;
	const uint64_t *reg;
	bool address;

	if (answer != CPU_MSR_CPU)
		return answer;
	if (index == MSR_TSC) {
		*value = msr_tsc(cpu, 0);
		return CPU_MSR_DONE;
	}
	reg = storage(cpu, index, &address);
	if (!reg)
		return CPU_MSR_FAULT;
	*value = *reg;
	return CPU_MSR_DONE;
}

static bool pat_valid(uint64_t v)
{
	for (unsigned i = 0; i < 8; i++, v >>= 8) {
		unsigned type = v & 0xff;

		if (type == 2 || type == 3 || type > 7)
			return false;
	}
	return true;
}

static bool write_efer(struct cpu *cpu, uint64_t v)
{
	uint64_t changed = v ^ cpu->s.efer;

	if ((v & ~(cpu->controls.efer_allowed | EFER_LMA)) ||
	    ((changed & EFER_LME) && (cpu->s.cr0 & CR0_PG)))
		return false;
	cpu->s.efer = (v & ~EFER_LMA) | (cpu->s.efer & EFER_LMA);
	if (changed & EFER_NXE)
		cpu_flush_tlb(cpu);
	return true;
}

/* Whether a register that is not an address may hold the value. */
static bool value_valid(const struct cpu *cpu, uint32_t index, uint64_t v)
{
	switch (index) {
	case MSR_PAT: return pat_valid(v);
	case MSR_XSS: return !(v & ~cpu->controls.xss_allowed);
	case MSR_FMASK:
	case MSR_TSC_AUX: return !(v >> 32);
	default: return true;
	}
}

enum cpu_msr_answer cpu_msr_write(struct cpu *cpu, uint32_t index, uint64_t value)
{
	enum cpu_msr_answer answer =
		cpu->ops->wrmsr ? cpu->ops->wrmsr(cpu->opaque, index, value) : CPU_MSR_CPU;
	uint64_t *reg;
	bool address;

	if (answer != CPU_MSR_CPU)
		return answer;
	if (index == MSR_EFER)
		return write_efer(cpu, value) ? CPU_MSR_DONE : CPU_MSR_FAULT;
	reg = storage(cpu, index, &address);
	if (!reg || (address ? !mmu_canonical(cpu, value) : !value_valid(cpu, index, value)))
		return CPU_MSR_FAULT;
	*reg = value;
	return CPU_MSR_DONE;
}
