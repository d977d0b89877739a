// SPDX-License-Identifier: MIT
/*
 * Shifts and rotates: SHL SHR SAR ROL ROR RCL RCR, SHLD SHRD.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

/* Count from the immediate or from CL. */
struct shift_op {
	handler_fn *r[4], *m[4];
};

/* OF is what the processors give for one-bit shifts, whatever the count. */
#define DEFINE_SHIFTS(S)                                                                           \
	static inline void shift_flags##S(struct cpu *cpu, uint##S##_t r, bool cf, bool of)        \
	{                                                                                          \
		cpu->cc_res = (uint64_t)(int64_t)(int##S##_t)r;                                    \
		cpu->cc_misc = 0;                                                                  \
		flags_set_carry(cpu, cf, of);                                                      \
	}                                                                                          \
	static inline uint##S##_t do_shl##S(struct cpu *cpu, uint##S##_t a, unsigned n)            \
	{                                                                                          \
		uint##S##_t r = n < S ? (uint##S##_t)(a << n) : 0;                                 \
		bool cf = n <= S && a >> (S - n) & 1;                                              \
                                                                                                   \
		shift_flags##S(cpu, r, cf, (r >> (S - 1)) ^ cf);                                   \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_shr##S(struct cpu *cpu, uint##S##_t a, unsigned n)            \
	{                                                                                          \
		uint##S##_t r = n < S ? (uint##S##_t)(a >> n) : 0;                                 \
		bool cf = n <= S && a >> (n - 1) & 1;                                              \
                                                                                                   \
		shift_flags##S(cpu, r, cf, (r << 1 ^ r) >> (S - 1) & 1);                           \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_sar##S(struct cpu *cpu, uint##S##_t a, unsigned n)            \
	{                                                                                          \
		unsigned m = n < S ? n : S - 1;                                                    \
		uint##S##_t r = (uint##S##_t)((int##S##_t)a >> m);                                 \
                                                                                                   \
		shift_flags##S(cpu, r, n < S ? a >> (n - 1) & 1 : a >> (S - 1), false);            \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_rol##S(struct cpu *cpu, uint##S##_t a, unsigned n)            \
	{                                                                                          \
		unsigned m = n % S;                                                                \
		uint##S##_t r = m ? (uint##S##_t)(a << m | a >> (S - m)) : a;                      \
                                                                                                   \
		flags_set_carry(cpu, r & 1, (r >> (S - 1) ^ r) & 1);                               \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_ror##S(struct cpu *cpu, uint##S##_t a, unsigned n)            \
	{                                                                                          \
		unsigned m = n % S;                                                                \
		uint##S##_t r = m ? (uint##S##_t)(a >> m | a << (S - m)) : a;                      \
                                                                                                   \
		flags_set_carry(cpu, r >> (S - 1), (r ^ r << 1) >> (S - 1) & 1);                   \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_rcl##S(struct cpu *cpu, uint##S##_t a, unsigned n)            \
	{                                                                                          \
		bool cf = flag_cf(cpu);                                                            \
                                                                                                   \
		for (n %= S + 1; n; n--) {                                                         \
			bool out = a >> (S - 1);                                                   \
                                                                                                   \
			a = (uint##S##_t)(a << 1 | cf);                                            \
			cf = out;                                                                  \
		}                                                                                  \
		flags_set_carry(cpu, cf, (a >> (S - 1)) ^ cf);                                     \
		return a;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_rcr##S(struct cpu *cpu, uint##S##_t a, unsigned n)            \
	{                                                                                          \
		bool cf = flag_cf(cpu);                                                            \
                                                                                                   \
		for (n %= S + 1; n; n--) {                                                         \
			bool out = a & 1;                                                          \
                                                                                                   \
			a = (uint##S##_t)(a >> 1 | (uint##S##_t)cf << (S - 1));                    \
			cf = out;                                                                  \
		}                                                                                  \
		flags_set_carry(cpu, cf, (a ^ a << 1) >> (S - 1) & 1);                             \
		return a;                                                                          \
	}
DEFINE_SHIFTS(8)
DEFINE_SHIFTS(16)
DEFINE_SHIFTS(32)
DEFINE_SHIFTS(64)

/* Counts are taken modulo 32, or 64 for 64-bit operands; zero leaves the flags alone. */
#define COUNT(S, v) ((unsigned)(v) & ((S) == 64 ? 63 : 31))

#define SHIFT(op, S, form, VALUE)                                                                  \
	HANDLER(op##_r##form##S)                                                                   \
	{                                                                                          \
		unsigned n = COUNT(S, VALUE);                                                      \
		uint##S##_t a = reg##S(cpu, insn->dst);                                            \
                                                                                                   \
		set_reg##S(cpu, insn->dst, n ? do_##op##S(cpu, a, n) : a);                         \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_m##form##S)                                                                   \
	{                                                                                          \
		unsigned n = COUNT(S, VALUE);                                                      \
		struct unaligned##S *place = rmw##S(cpu, insn, insn_lin(cpu, insn));               \
                                                                                                   \
		if (n)                                                                             \
			place->v = do_##op##S(cpu, place->v, n);                                   \
		rmw_done(cpu, place);                                                              \
		NEXT;                                                                              \
	}

#define SHIFT_SIZE(op, S) SHIFT(op, S, i, insn->imm) SHIFT(op, S, c, cpu->s.gpr[CPU_RCX])
#define SHIFT_OP(op)                                                                               \
	SHIFT_SIZE(op, 8)                                                                          \
	SHIFT_SIZE(op, 16) SHIFT_SIZE(op, 32) SHIFT_SIZE(                                          \
		op, 64) static const struct shift_op op[2] = {                                     \
		{ BY_SIZE(op##_ri), BY_SIZE(op##_mi) }, { BY_SIZE(op##_rc), BY_SIZE(op##_mc) }     \
	}

SHIFT_OP(shl);
SHIFT_OP(shr);
SHIFT_OP(sar);
SHIFT_OP(rol);
SHIFT_OP(ror);
SHIFT_OP(rcl);
SHIFT_OP(rcr);

static bool emit_shift(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	const struct shift_op *t = (const struct shift_op *)op->table + !op_is_imm(d, 1);
	unsigned i = decode_size_index(d->op[0].size);

	insn->imm = op_is_imm(d, 1) ? d->op[1].imm.value.u : 0;
	if (op_is_reg(d, 0)) {
		insn->dst = decode_reg(d->op[0].reg.value);
		insn->fn = t->r[i];
	} else {
		decode_mem(d, &d->op[0], insn);
		insn->fn = t->m[i];
	}
	return true;
}

/* SHLD and SHRD: bits shifted in come from a register. Counts above the size of 16-bit operands are
 * undefined. */
#define DEFINE_DOUBLE(S)                                                                           \
	static inline uint##S##_t do_shld##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b,        \
					     unsigned n)                                           \
	{                                                                                          \
		unsigned m = n % S;                                                                \
		uint##S##_t r = m ? (uint##S##_t)(a << m | b >> (S - m)) : n ? b : a;              \
		bool cf = m ? a >> (S - m) & 1 : a & 1;                                            \
                                                                                                   \
		shift_flags##S(cpu, r, cf, (a ^ r) >> (S - 1));                                    \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_shrd##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b,        \
					     unsigned n)                                           \
	{                                                                                          \
		unsigned m = n % S;                                                                \
		uint##S##_t r = m ? (uint##S##_t)(a >> m | b << (S - m)) : n ? b : a;              \
		bool cf = m ? a >> (m - 1) & 1 : a >> (S - 1);                                     \
                                                                                                   \
		shift_flags##S(cpu, r, cf, (a ^ r) >> (S - 1));                                    \
		return r;                                                                          \
	}
DEFINE_DOUBLE(16)
DEFINE_DOUBLE(32)
DEFINE_DOUBLE(64)

#define DOUBLE(op, S, form, VALUE)                                                                 \
	HANDLER(op##_r##form##S)                                                                   \
	{                                                                                          \
		unsigned n = COUNT(S, VALUE);                                                      \
		uint##S##_t a = reg##S(cpu, insn->dst);                                            \
                                                                                                   \
		set_reg##S(cpu, insn->dst, n ? do_##op##S(cpu, a, reg##S(cpu, insn->src), n) : a); \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_m##form##S)                                                                   \
	{                                                                                          \
		unsigned n = COUNT(S, VALUE);                                                      \
		struct unaligned##S *place = rmw##S(cpu, insn, insn_lin(cpu, insn));               \
                                                                                                   \
		if (n)                                                                             \
			place->v = do_##op##S(cpu, place->v, reg##S(cpu, insn->src), n);           \
		rmw_done(cpu, place);                                                              \
		NEXT;                                                                              \
	}

#define DOUBLE_SIZE(op, S) DOUBLE(op, S, i, insn->imm) DOUBLE(op, S, c, cpu->s.gpr[CPU_RCX])
#define DOUBLE_OP(op)                                                                              \
	DOUBLE_SIZE(op, 16)                                                                        \
	DOUBLE_SIZE(op, 32) DOUBLE_SIZE(op, 64) static const struct shift_op op[2] = {             \
		{ BY_SIZE_NO8(op##_ri), BY_SIZE_NO8(op##_mi) },                                    \
		{ BY_SIZE_NO8(op##_rc), BY_SIZE_NO8(op##_mc) }                                     \
	}
DOUBLE_OP(shld);
DOUBLE_OP(shrd);

static bool emit_double(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	const struct shift_op *t = (const struct shift_op *)op->table + !op_is_imm(d, 2);
	unsigned i = decode_size_index(d->op[0].size);

	insn->src = decode_reg(d->op[1].reg.value);
	insn->imm = op_is_imm(d, 2) ? d->op[2].imm.value.u : 0;
	if (op_is_reg(d, 0)) {
		insn->dst = decode_reg(d->op[0].reg.value);
		insn->fn = t->r[i];
	} else {
		decode_mem(d, &d->op[0], insn);
		insn->fn = t->m[i];
	}
	return insn->fn;
}

#define SH(mn, t)                                                                                  \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, 0, 0, emit_shift, t                                           \
	}
#define DBL(mn, t)                                                                                 \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, 0, 0, emit_double, t                                          \
	}

static const struct opcode ops[] = {
	SH(SHL, shl), SH(SHR, shr), SH(SAR, sar),    SH(ROL, rol),    SH(ROR, ror),
	SH(RCL, rcl), SH(RCR, rcr), DBL(SHLD, shld), DBL(SHRD, shrd),
};
GROUP(cpu_ops_shift, ops);
