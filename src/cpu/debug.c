// SPDX-License-Identifier: MIT
/*
 * Breakpoints of the debug registers. While DR7 enables any, instructions are executed one by one;
 * pages with a data breakpoint, or with one of a probe's, are kept out of the TLB, so that each
 * access to them comes here.
 * I/O breakpoints are not here: what the guest's ports do is the consumer's.
 */
#include "cpu/internal.h"

enum { BREAK_EXECUTE, BREAK_WRITE, BREAK_IO, BREAK_ACCESS };

static bool enabled(const struct cpu *cpu, unsigned n)
{
	return cpu->s.dr[7] >> (2 * n) & 3;
}

static unsigned kind_of(const struct cpu *cpu, unsigned n)
{
	return cpu->s.dr[7] >> (16 + 4 * n) & 3;
}

static bool watches(const struct cpu *cpu, unsigned n)
{
	return enabled(cpu, n) &&
	       (kind_of(cpu, n) == BREAK_WRITE || kind_of(cpu, n) == BREAK_ACCESS);
}

/* Bytes that a breakpoint covers: LEN encodes 1, 2, 8, 4. */
static uint64_t length_of(const struct cpu *cpu, unsigned n)
{
	static const uint8_t length[] = { 1, 2, 8, 4 };

	return length[cpu->s.dr[7] >> (18 + 4 * n) & 3];
}

static uint64_t address_of(const struct cpu *cpu, unsigned n)
{
	return cpu->s.dr[n] & ~(length_of(cpu, n) - 1);
}

/* Debug registers have new values, or the probe other points. */
void debug_changed(struct cpu *cpu)
{
	bool before = cpu->watches;

	cpu->data_breaks = cpu->breaks = false;
	for (unsigned n = 0; n < 4; n++) {
		cpu->data_breaks |= watches(cpu, n);
		cpu->breaks |= enabled(cpu, n) && kind_of(cpu, n) == BREAK_EXECUTE;
	}
	cpu->watches = cpu->data_breaks || probe_watches(cpu);
	if (before || cpu->watches)
		cpu_flush_tlb(cpu);
	cpu_attention(cpu);
}

bool debug_watches_page(const struct cpu *cpu, uint64_t page)
{
	for (unsigned n = 0; n < 4; n++)
		if (watches(cpu, n) && (address_of(cpu, n) & PAGE_MASK) == page)
			return true;
	return probe_watches_page(cpu, page);
}

/* An access that will happen: which data breakpoints it meets. */
void debug_watch(struct cpu *cpu, uint64_t lin, unsigned size, uint32_t access)
{
	for (unsigned n = 0; n < 4; n++) {
		uint64_t at = address_of(cpu, n);

		if (watches(cpu, n) && lin < at + length_of(cpu, n) && at < lin + size &&
		    (access & CPU_WRITE || kind_of(cpu, n) == BREAK_ACCESS))
			cpu->watch_hits |= 1u << n;
	}
	if (probe_watches(cpu))
		probe_watch(cpu, lin, size, access);
}

/* Before an instruction: #DB, a fault, if it has a breakpoint that RF does not suppress. */
void debug_check_fetch(struct cpu *cpu)
{
	uint64_t lin = (cpu->s.rip + cpu->code_base) & cpu->lin_mask;
	uint32_t hits = 0;

	for (unsigned n = 0; n < 4; n++)
		if (enabled(cpu, n) && kind_of(cpu, n) == BREAK_EXECUTE && cpu->s.dr[n] == lin)
			hits |= 1u << n;
	if (!hits || (cpu->s.rflags & FLAG_RF))
		return;
	cpu->fault_address = hits;
	cpu_raise(cpu, NULL, EXC_DB);
}
