/* SPDX-License-Identifier: MIT */
/*
 * From bytes to struct insn. Zydis decodes; the entry of the mnemonic in a group's table of opcodes
 * picks the handler and resolves operands. Each group of instructions (op_*.c) has one such table.
 */
#ifndef CPU_DECODE_H
#define CPU_DECODE_H

#include <Zydis/Zydis.h>

#include "cpu/internal.h"

struct decode {
	ZydisDecodedInstruction zi;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	uint32_t mode;
	uint64_t rip;
	const uint8_t *bytes;
};

#define OP_END	(1u << 0) /* ends the block */
#define OP_SSE	(1u << 1) /* #UD or #NM unless SSE is enabled */
#define OP_X87	(1u << 2) /* #NM if CR0.EM or TS */
#define OP_MMX	(1u << 3) /* #UD if CR0.EM, #NM if TS; pending x87 exceptions */
#define OP_CPL0 (1u << 4) /* #GP(0) unless CPL is 0 */
#define OP_64	(1u << 5) /* #UD outside 64-bit mode */
#define OP_NO64 (1u << 6) /* #UD in 64-bit mode */
#define OP_TS	(1u << 7) /* #NM if CR0.TS */
#define OP_BOTH (1u << 8) /* MMX operands, and yet SSE's conditions too */

/* Picks insn->fn. Returns false when the form has no handler. */
struct opcode;
typedef bool emit_fn(const struct decode *d, const struct opcode *op, struct insn *insn);

struct opcode {
	uint16_t mnemonic;
	uint16_t flags;
	uint32_t arg;
	emit_fn *emit;
	const void *table;
};

struct opcode_group {
	const struct opcode *ops;
	unsigned nr;
};

extern const struct opcode_group cpu_ops_alu, cpu_ops_shift, cpu_ops_muldiv, cpu_ops_bit,
	cpu_ops_mov, cpu_ops_atomic, cpu_ops_stack,

	cpu_ops_control, cpu_ops_far, cpu_ops_string, cpu_ops_flag, cpu_ops_system, cpu_ops_exit,
	cpu_ops_sse_mov, cpu_ops_sse_int, cpu_ops_sse_fp, cpu_ops_sse_text, cpu_ops_crypto,
	cpu_ops_x87, cpu_ops_mmx, cpu_ops_xstate, cpu_ops_segment, cpu_ops_legacy, cpu_ops_cr,
	cpu_ops_hint, cpu_ops_extend;

/* Handlers by operand size: index 0 to 3 for 8 to 64 bits. */
#define BY_SIZE(name)                                                                              \
	{                                                                                          \
		name##8, name##16, name##32, name##64                                              \
	}
#define BY_SIZE_NO8(name)                                                                          \
	{                                                                                          \
		NULL, name##16, name##32, name##64                                                 \
	}

bool decode_insn(struct cpu *cpu, uint32_t mode, uint64_t rip, const uint8_t *bytes, unsigned len,
		 struct insn *insn, bool *end);
const struct opcode **decode_index(void);
bool decode_lacks(const struct insn *insn);
bool decode_invalid(const struct insn *insn);
ZydisMnemonic decode_mnemonic(uint32_t mode, const uint8_t *bytes, unsigned len);

/* Operands. */
uint16_t decode_reg(ZydisRegister reg);
bool decode_mem(const struct decode *d, const ZydisDecodedOperand *op, struct insn *insn);
unsigned decode_size_index(unsigned bits);

static inline bool op_is_reg(const struct decode *d, unsigned i)
{
	return d->op[i].type == ZYDIS_OPERAND_TYPE_REGISTER;
}

static inline bool op_is_mem(const struct decode *d, unsigned i)
{
	return d->op[i].type == ZYDIS_OPERAND_TYPE_MEMORY;
}

static inline bool op_is_imm(const struct decode *d, unsigned i)
{
	return d->op[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
}

/* emit functions that several groups use */
/* One handler, no operands. table: handler_fn. */
bool emit_plain(const struct decode *d, const struct opcode *op, struct insn *insn);
/* reg, r/m of one size; table: struct reg_rm. */
struct reg_rm {
	handler_fn *rr[4], *rm[4];
};
bool emit_reg_rm(const struct decode *d, const struct opcode *op, struct insn *insn);
/* r/m alone; table: struct rm_op. */
struct rm_op {
	handler_fn *r[4], *m[4], *lock[4];
};
bool emit_rm(const struct decode *d, const struct opcode *op, struct insn *insn);

/* One operand, register or memory, that the handler tells apart; table: handler_fn. */
bool emit_operand(const struct decode *d, const struct opcode *op, struct insn *insn);
#define OPERAND(mn, fl, handler)                                                                   \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, fl, 0, emit_operand, (const void *)handler                    \
	}

/* MOV to and from control and debug registers. */
bool emit_mov_system(const struct decode *d, struct insn *insn);

/* Far JMP, CALL and RET. */
enum { FAR_JMP, FAR_CALL, FAR_RET };
bool emit_far(const struct decode *d, unsigned kind, struct insn *insn);
/* MOVSD and CMPSD on XMM registers, which share their mnemonics with string instructions. */
bool emit_sse_dword(const struct decode *d, const struct opcode *op, struct insn *insn);

/* The mnemonics of condition codes 0 to 15. */
#define CONDITIONS(M, X)                                                                           \
	M(X##O, 0), M(X##NO, 1), M(X##B, 2), M(X##NB, 3), M(X##Z, 4), M(X##NZ, 5), M(X##BE, 6),    \
		M(X##NBE, 7), M(X##S, 8), M(X##NS, 9), M(X##P, 10), M(X##NP, 11), M(X##L, 12),     \
		M(X##NL, 13), M(X##LE, 14), M(X##NLE, 15)
#define EMIT(mn, emit)                                                                             \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, 0, 0, emit, NULL                                              \
	}
#define PLAIN(mn, fl, handler)                                                                     \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, fl, 0, emit_plain, (const void *)handler                      \
	}
#define GROUP(name, array)                                                                         \
	const struct opcode_group name = { array, sizeof(array) / sizeof((array)[0]) }

#endif
