/* SPDX-License-Identifier: MIT */
/*
 * Guest memory from handlers. The fast path is a TLB hit inline; everything else (misses, page
 * crossings, faults, pages that hold decoded code) is in mem.c.
 */
#ifndef CPU_MEM_H
#define CPU_MEM_H

#include "cpu/internal.h"
#include "platform/memory.h"

uint64_t mem_load_slow(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned size);
void mem_store_slow(struct cpu *cpu, struct insn *insn, uint64_t lin, uint64_t value,
		    unsigned size);
void *mem_rmw_slow(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned size);
void mem_rmw_commit(struct cpu *cpu);
/* A locked operation on a place that the host can't change atomically, or not without a bus lock:
 * all other vCPUs of the group stand still meanwhile. */
void mem_split_lock(struct cpu *cpu, const void *place);
void mem_split_unlock(struct cpu *cpu, const void *place);
/* Any size; a fault happens before anything is copied to memory. */
void mem_read(struct cpu *cpu, struct insn *insn, uint64_t lin, void *out, unsigned size);
void mem_write(struct cpu *cpu, struct insn *insn, uint64_t lin, const void *in, unsigned size);
/* Proves that a later write can't fault. */
void mem_probe_write(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned size);
/* Supervisor accesses of the CPU's own: descriptor tables, TSS. Fault with s.rip as it is. */
void mem_read_system(struct cpu *cpu, uint64_t lin, void *out, unsigned size);
void mem_write_system(struct cpu *cpu, uint64_t lin, const void *in, unsigned size);
void mem_write_as(struct cpu *cpu, uint64_t lin, const void *in, unsigned size, unsigned context);
/* Host address of `lin` when this page can be read (or written) directly, else NULL; fills the TLB,
 * may fault. */
uint8_t *mem_page(struct cpu *cpu, struct insn *insn, uint64_t lin, uint32_t access);

/* An access that crosses into the next page has another page in its last byte, so it never matches.
 */
static inline struct tlb_entry *tlb_slot(struct cpu *cpu, uint64_t lin)
{
	return &cpu->dtlb[lin >> 12 & (TLB_SIZE - 1)];
}

static inline uint64_t tlb_tag(const struct cpu *cpu, uint64_t lin, unsigned size)
{
	return ((lin + size - 1) & PAGE_MASK) | cpu->tlb_gen;
}

#define DEFINE_MEM(S)                                                                              \
	struct unaligned##S {                                                                      \
		uint##S##_t v;                                                                     \
	} __attribute__((packed, may_alias));                                                      \
	static inline uint##S##_t load##S(struct cpu *cpu, struct insn *insn, uint64_t lin)        \
	{                                                                                          \
		const struct tlb_entry *e = tlb_slot(cpu, lin);                                    \
                                                                                                   \
		if (likely(e->read_tag == tlb_tag(cpu, lin, S / 8)))                               \
			return ((const struct unaligned##S *)(e->addend + lin))->v;                \
		return (uint##S##_t)mem_load_slow(cpu, insn, lin, S / 8);                          \
	}                                                                                          \
	static inline void store##S(struct cpu *cpu, struct insn *insn, uint64_t lin,              \
				    uint##S##_t v)                                                 \
	{                                                                                          \
		const struct tlb_entry *e = tlb_slot(cpu, lin);                                    \
                                                                                                   \
		if (likely(e->write_tag == tlb_tag(cpu, lin, S / 8)))                              \
			((struct unaligned##S *)(e->addend + lin))->v = v;                         \
		else                                                                               \
			mem_store_slow(cpu, insn, lin, v, S / 8);                                  \
	}                                                                                          \
	/* A writable place that holds the operand: guest memory, or a copy that rmw_done() writes \
	 * back. */                                                                                \
	static inline struct unaligned##S *rmw##S(struct cpu *cpu, struct insn *insn,              \
						  uint64_t lin)                                    \
	{                                                                                          \
		const struct tlb_entry *e = tlb_slot(cpu, lin);                                    \
                                                                                                   \
		if (likely(e->write_tag == tlb_tag(cpu, lin, S / 8)))                              \
			return (struct unaligned##S *)(e->addend + lin);                           \
		return mem_rmw_slow(cpu, insn, lin, S / 8);                                        \
	}
DEFINE_MEM(8)
DEFINE_MEM(16)
DEFINE_MEM(32)
DEFINE_MEM(64)

static inline void rmw_done(struct cpu *cpu, const void *place)
{
	if (unlikely((const uint8_t *)place == cpu->rmw_pending))
		mem_rmw_commit(cpu);
}

/* Whether the host's own locked instructions do: guest memory, within a line of the cache. */
static inline bool mem_lockable(const struct cpu *cpu, const void *place, unsigned size)
{
	return likely((const uint8_t *)place != cpu->bounce &&
		      ((uintptr_t)place & 63) + size <= 64);
}

static inline uint64_t mem_load(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned size)
{
	switch (size) {
	case 1: return load8(cpu, insn, lin);
	case 2: return load16(cpu, insn, lin);
	case 4: return load32(cpu, insn, lin);
	default: return load64(cpu, insn, lin);
	}
}

static inline void mem_store(struct cpu *cpu, struct insn *insn, uint64_t lin, uint64_t v,
			     unsigned size)
{
	switch (size) {
	case 1: store8(cpu, insn, lin, (uint8_t)v); break;
	case 2: store16(cpu, insn, lin, (uint16_t)v); break;
	case 4: store32(cpu, insn, lin, (uint32_t)v); break;
	default: store64(cpu, insn, lin, v);
	}
}

/* The stack: address of the byte at stack pointer value `sp`, and moving RSP within its width. */
static inline uint64_t stack_lin(const struct cpu *cpu, uint64_t sp)
{
	return ((sp & cpu->stack_mask) + cpu->stack_base) & cpu->lin_mask;
}

static inline void stack_set(struct cpu *cpu, uint64_t sp)
{
	uint64_t keep = cpu->stack_mask == 0xffff ? ~0xffffull : 0;

	cpu->s.gpr[CPU_RSP] = (cpu->s.gpr[CPU_RSP] & keep) | (sp & cpu->stack_mask);
}

/* A non-canonical stack pointer is #SS, also where the instruction's operand would be #GP. */
static inline void stack_check(struct cpu *cpu, struct insn *insn, uint64_t sp, unsigned size)
{
	uint64_t lin = stack_lin(cpu, sp);

	if ((cpu->mode & MODE_64) &&
	    unlikely(!mmu_canonical(cpu, lin) || !mmu_canonical(cpu, lin + size - 1)))
		cpu_raise_error(cpu, insn, EXC_SS, 0);
}

static inline void push_value(struct cpu *cpu, struct insn *insn, uint64_t v, unsigned size)
{
	uint64_t sp = cpu->s.gpr[CPU_RSP] - size;

	mem_store(cpu, insn, stack_lin(cpu, sp), v, size);
	stack_set(cpu, sp);
}

#endif
