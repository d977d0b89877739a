/* SPDX-License-Identifier: MIT */
/*
 * What the SSE and MMX groups share. Vector arithmetic is done by the host's own instructions, so
 * results, rounding and exception flags are exact.
 */
#ifndef CPU_SSE_H
#define CPU_SSE_H

#include "cpu/decode.h"
#include "cpu/mem.h"

#if !defined(__x86_64__)
#error "the interpreter borrows SSE, x87 and CMPXCHG16B from an x86-64 host"
#endif

typedef uint64_t vec __attribute__((vector_size(16), may_alias));

/* A vector as its elements. */
union lanes {
	vec v;
	uint8_t b[16];
	uint16_t w[8];
	uint32_t d[4];
	uint64_t q[2];
	int8_t sb[16];
	int16_t sw[8];
	int32_t sd[4];
	float f[4];
	double df[2];
};

#define SSE_DST(cpu, insn) ((vec *)(void *)((char *)(cpu) + (insn)->dst))

static inline vec load128(struct cpu *cpu, struct insn *insn, uint64_t lin)
{
	const struct tlb_entry *e = tlb_slot(cpu, lin);
	vec v;

	if (likely(e->read_tag == tlb_tag(cpu, lin, 16)))
		memcpy(&v, (const void *)(e->addend + lin), 16);
	else
		mem_read(cpu, insn, lin, &v, 16);
	return v;
}

static inline void store128(struct cpu *cpu, struct insn *insn, uint64_t lin, vec v)
{
	const struct tlb_entry *e = tlb_slot(cpu, lin);

	if (likely(e->write_tag == tlb_tag(cpu, lin, 16)))
		memcpy((void *)(e->addend + lin), &v, 16);
	else
		mem_write(cpu, insn, lin, &v, 16);
}

/* Set in insn->aux when a 16-byte operand may be unaligned. */
#define SSE_UNALIGNED 0x80

static inline void check_aligned(struct cpu *cpu, struct insn *insn, uint64_t lin)
{
	if (unlikely(lin & 15) && !(insn->aux & SSE_UNALIGNED))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
}

/* The source operand; a shorter one in memory is zero-extended. */
static inline vec sse_source(struct cpu *cpu, struct insn *insn)
{
	union lanes l = { .q = { 0 } };
	uint64_t lin;

	if (!(insn->flags & INSN_MEM))
		return *(const vec *)(const void *)((const char *)cpu + insn->src);
	lin = insn_lin(cpu, insn);
	if (insn->size == 16) {
		check_aligned(cpu, insn, lin);
		return load128(cpu, insn, lin);
	}
	l.q[0] = mem_load(cpu, insn, lin, insn->size);
	return l.v;
}

/*
 * Floating point runs under the guest's MXCSR with exceptions masked; sse_flags() then merges the
 * flags raised and raises #XM if one of them is unmasked, before the result is stored.
 */
static inline uint32_t sse_mxcsr(const struct cpu *cpu)
{
	return (cpu->s.fx.mxcsr & 0xffc0) | 0x1f80;
}

void sse_flags(struct cpu *cpu, struct insn *insn, uint32_t mxcsr);

/*
 * STATEMENT is one or more instructions; %[d] is read and written, %[s] read. One thing differs
 * from hardware: when overflow or underflow is unmasked, UE and PE are those of the masked result.
 */
#define SSE_FP(STATEMENT)                                                                          \
	do {                                                                                       \
		uint32_t in = sse_mxcsr(cpu), out;                                                 \
                                                                                                   \
		__asm__ __volatile__("ldmxcsr %[in]\n\t" STATEMENT                                 \
				     "\n\tstmxcsr %[out]\n\tldmxcsr %[host]"                       \
				     : [d] "+x"(d), [out] "=m"(out)                                \
				     : [s] "x"(s), [in] "m"(in), [host] "m"(cpu->host_mxcsr));     \
		sse_flags(cpu, insn, out);                                                         \
	} while (0)

/* dst, src as XMM registers or memory; mmx.c does MMX registers. */
bool emit_sse(const struct decode *d, const struct opcode *op, struct insn *insn);
/* With an immediate as the third operand. */
bool emit_sse_imm(const struct decode *d, const struct opcode *op, struct insn *insn);

static inline bool op_is_mmx(const struct decode *d, unsigned i)
{
	return op_is_reg(d, i) && ZydisRegisterGetClass(d->op[i].reg.value) == ZYDIS_REGCLASS_MMX;
}

static inline bool op_is_xmm(const struct decode *d, unsigned i)
{
	return op_is_reg(d, i) && ZydisRegisterGetClass(d->op[i].reg.value) == ZYDIS_REGCLASS_XMM;
}

/* The instruction has MMX operands: its rules for faults are MMX's. */
bool emit_cmpsd(const struct decode *d, struct insn *insn);
bool emit_mmx(const struct decode *d, const struct opcode *op, struct insn *insn);

#define SSE(mn, handler)                                                                           \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_SSE, 0, emit_sse, (const void *)handler                    \
	}
#define SSE_IMM(mn, handler)                                                                       \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_SSE, 0, emit_sse_imm, (const void *)handler                \
	}

#endif
