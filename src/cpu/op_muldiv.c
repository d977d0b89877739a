// SPDX-License-Identifier: MIT
/*
 * Multiplication and division: MUL IMUL DIV IDIV.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

typedef unsigned __int128 uint128_t;
typedef __int128 int128_t;

#define RAX (cpu->s.gpr[CPU_RAX])
#define RDX (cpu->s.gpr[CPU_RDX])

/* The product of two operands goes to AX, or to rDX:rAX. */
static void put_pair(struct cpu *cpu, unsigned size, uint64_t low, uint64_t high)
{
	if (size == 1) {
		set_reg16(cpu, offsetof(struct cpu, s.gpr),
			  (uint16_t)(low & 0xff) | (uint16_t)(high << 8));
		return;
	}
	reg_set(cpu, offsetof(struct cpu, s.gpr[CPU_RAX]), size, low);
	reg_set(cpu, offsetof(struct cpu, s.gpr[CPU_RDX]), size, high);
}

#define MUL(S, D)                                                                                  \
	static inline void do_mul##S(struct cpu *cpu, uint##S##_t b)                               \
	{                                                                                          \
		uint##D##_t r = (uint##D##_t)((uint##D##_t)(uint##S##_t)RAX * b);                  \
		bool over = r >> S;                                                                \
                                                                                                   \
		put_pair(cpu, S / 8, (uint##S##_t)r, (uint##S##_t)(r >> S));                       \
		flags_logic##S(cpu, (uint##S##_t)r);                                               \
		flags_set_carry(cpu, over, over);                                                  \
	}                                                                                          \
	static inline uint##S##_t product##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b,        \
					     uint##S##_t *high)                                    \
	{                                                                                          \
		int##D##_t r = (int##D##_t)((int##D##_t)(int##S##_t)a * (int##S##_t)b);            \
		bool over = r != (int##S##_t)r;                                                    \
                                                                                                   \
		*high = (uint##S##_t)((uint##D##_t)r >> S);                                        \
		flags_logic##S(cpu, (uint##S##_t)r);                                               \
		flags_set_carry(cpu, over, over);                                                  \
		return (uint##S##_t)r;                                                             \
	}                                                                                          \
	static inline void do_imul##S(struct cpu *cpu, uint##S##_t b)                              \
	{                                                                                          \
		uint##S##_t high, low = product##S(cpu, (uint##S##_t)RAX, b, &high);               \
                                                                                                   \
		put_pair(cpu, S / 8, low, high);                                                   \
	}
MUL(8, 16)
MUL(16, 32)
MUL(32, 64)
MUL(64, 128)

/* Dividend from AX, or rDX:rAX; quotient and remainder back to the pair. */
#define DIV(S, D)                                                                                  \
	static inline uint##D##_t dividend##S(const struct cpu *cpu)                               \
	{                                                                                          \
		if (S == 8)                                                                        \
			return (uint##D##_t)(uint16_t)RAX;                                         \
		return (uint##D##_t)((uint128_t)(uint##S##_t)RDX << S | (uint##S##_t)RAX);         \
	}                                                                                          \
	static inline bool do_udiv##S(struct cpu *cpu, uint##S##_t b)                              \
	{                                                                                          \
		uint##D##_t a = dividend##S(cpu), q;                                               \
                                                                                                   \
		if (!b)                                                                            \
			return false;                                                              \
		q = a / b;                                                                         \
		if (q != (uint##S##_t)q)                                                           \
			return false;                                                              \
		put_pair(cpu, S / 8, (uint##S##_t)q, (uint##S##_t)(a % b));                        \
		return true;                                                                       \
	}                                                                                          \
	static inline bool do_idiv##S(struct cpu *cpu, uint##S##_t b)                              \
	{                                                                                          \
		int##D##_t a = (int##D##_t)dividend##S(cpu), q;                                    \
		bool lowest = (uint##D##_t)a == (uint##D##_t)1 << (D - 1);                         \
                                                                                                   \
		if (!b || (lowest && b == (uint##S##_t) - 1))                                      \
			return false;                                                              \
		q = (int##D##_t)(a / (int##S##_t)b);                                               \
		if (q != (int##S##_t)q)                                                            \
			return false;                                                              \
		put_pair(cpu, S / 8, (uint##S##_t)q, (uint##S##_t)(a % (int##S##_t)b));            \
		return true;                                                                       \
	}
DIV(8, 16)
DIV(16, 32)
DIV(32, 64)
DIV(64, 128)

#define ONE(op, S)                                                                                 \
	HANDLER(op##_r##S)                                                                         \
	{                                                                                          \
		do_##op##S(cpu, reg##S(cpu, insn->src));                                           \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_m##S)                                                                         \
	{                                                                                          \
		do_##op##S(cpu, load##S(cpu, insn, insn_lin(cpu, insn)));                          \
		NEXT;                                                                              \
	}

#define ONE_CHECKED(op, S)                                                                         \
	HANDLER(op##_r##S)                                                                         \
	{                                                                                          \
		if (!do_##op##S(cpu, reg##S(cpu, insn->src)))                                      \
			cpu_raise(cpu, insn, EXC_DE);                                              \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_m##S)                                                                         \
	{                                                                                          \
		if (!do_##op##S(cpu, load##S(cpu, insn, insn_lin(cpu, insn))))                     \
			cpu_raise(cpu, insn, EXC_DE);                                              \
		NEXT;                                                                              \
	}

#define ONE_OP(M, op)                                                                              \
	M(op, 8)                                                                                   \
	M(op, 16) M(op, 32) M(op, 64) static const struct rm_op op = { BY_SIZE(op##_r),            \
								       BY_SIZE(op##_m),            \
								       { NULL } }

ONE_OP(ONE, mul);
ONE_OP(ONE, imul);
ONE_OP(ONE_CHECKED, udiv);
ONE_OP(ONE_CHECKED, idiv);

/* IMUL with two or three operands. */
#define IMUL2(S)                                                                                   \
	HANDLER(imul2_rr##S)                                                                       \
	{                                                                                          \
		uint##S##_t high;                                                                  \
                                                                                                   \
		set_reg##S(                                                                        \
			cpu, insn->dst,                                                            \
			product##S(cpu, reg##S(cpu, insn->dst), reg##S(cpu, insn->src), &high));   \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(imul2_rm##S)                                                                       \
	{                                                                                          \
		uint##S##_t high, b = load##S(cpu, insn, insn_lin(cpu, insn));                     \
                                                                                                   \
		set_reg##S(cpu, insn->dst, product##S(cpu, reg##S(cpu, insn->dst), b, &high));     \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(imul3_rr##S)                                                                       \
	{                                                                                          \
		uint##S##_t high;                                                                  \
                                                                                                   \
		set_reg##S(                                                                        \
			cpu, insn->dst,                                                            \
			product##S(cpu, reg##S(cpu, insn->src), (uint##S##_t)insn->imm, &high));   \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(imul3_rm##S)                                                                       \
	{                                                                                          \
		uint##S##_t high, b = load##S(cpu, insn, insn_lin(cpu, insn));                     \
                                                                                                   \
		set_reg##S(cpu, insn->dst, product##S(cpu, b, (uint##S##_t)insn->imm, &high));     \
		NEXT;                                                                              \
	}
IMUL2(16)
IMUL2(32)
IMUL2(64)

static const struct reg_rm imul2 = { BY_SIZE_NO8(imul2_rr), BY_SIZE_NO8(imul2_rm) };
static const struct reg_rm imul3 = { BY_SIZE_NO8(imul3_rr), BY_SIZE_NO8(imul3_rm) };

static bool emit_imul(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	struct opcode form = *op;

	if (d->zi.operand_count_visible == 1)
		return emit_rm(d, op, insn);
	form.table = d->zi.operand_count_visible == 2 ? &imul2 : &imul3;
	insn->imm = d->zi.operand_count_visible == 3 ? d->op[2].imm.value.u : 0;
	return emit_reg_rm(d, &form, insn);
}

static const struct opcode ops[] = {
	{ ZYDIS_MNEMONIC_MUL, 0, 0, emit_rm, &mul },
	{ ZYDIS_MNEMONIC_IMUL, 0, 0, emit_imul, &imul },
	{ ZYDIS_MNEMONIC_DIV, 0, 0, emit_rm, &udiv },
	{ ZYDIS_MNEMONIC_IDIV, 0, 0, emit_rm, &idiv },
};
GROUP(cpu_ops_muldiv, ops);
