// SPDX-License-Identifier: MIT
/*
 * Integer arithmetic and logic: ADD OR ADC SBB AND SUB XOR CMP TEST, INC DEC NEG NOT.
 */
#include "cpu/decode.h"
#include "cpu/fast.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

struct alu_op {
	handler_fn *rr[4], *ri[4], *rm[4], *mr[4], *mi[4], *lock_mr[4], *lock_mi[4];
};

/* The operations: result of a and b, flags set. */
#define DEFINE_OPS(S)                                                                              \
	static inline uint##S##_t do_add##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b)         \
	{                                                                                          \
		uint##S##_t r = (uint##S##_t)(a + b);                                              \
                                                                                                   \
		flags_add##S(cpu, a, b, r);                                                        \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_adc##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b)         \
	{                                                                                          \
		uint##S##_t r = (uint##S##_t)(a + b + flag_cf(cpu));                               \
                                                                                                   \
		flags_add##S(cpu, a, b, r);                                                        \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_sub##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b)         \
	{                                                                                          \
		uint##S##_t r = (uint##S##_t)(a - b);                                              \
                                                                                                   \
		flags_sub##S(cpu, a, b, r);                                                        \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_sbb##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b)         \
	{                                                                                          \
		uint##S##_t r = (uint##S##_t)(a - b - flag_cf(cpu));                               \
                                                                                                   \
		flags_sub##S(cpu, a, b, r);                                                        \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_and##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b)         \
	{                                                                                          \
		flags_logic##S(cpu, a &b);                                                         \
		return a & b;                                                                      \
	}                                                                                          \
	static inline uint##S##_t do_or##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b)          \
	{                                                                                          \
		flags_logic##S(cpu, a | b);                                                        \
		return a | b;                                                                      \
	}                                                                                          \
	static inline uint##S##_t do_xor##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b)         \
	{                                                                                          \
		flags_logic##S(cpu, a ^ b);                                                        \
		return a ^ b;                                                                      \
	}                                                                                          \
	/* INC and DEC leave CF: bit 63 of the carries is kept, bit 62 follows to keep OF. */      \
	static inline void keep_cf##S(struct cpu *cpu, bool cf)                                    \
	{                                                                                          \
		flags_set_carry(cpu, cf, flag_of(cpu));                                            \
	}                                                                                          \
	static inline uint##S##_t do_inc##S(struct cpu *cpu, uint##S##_t a)                        \
	{                                                                                          \
		bool cf = flag_cf(cpu);                                                            \
		uint##S##_t r = do_add##S(cpu, a, 1);                                              \
                                                                                                   \
		keep_cf##S(cpu, cf);                                                               \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_dec##S(struct cpu *cpu, uint##S##_t a)                        \
	{                                                                                          \
		bool cf = flag_cf(cpu);                                                            \
		uint##S##_t r = do_sub##S(cpu, a, 1);                                              \
                                                                                                   \
		keep_cf##S(cpu, cf);                                                               \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_neg##S(struct cpu *cpu, uint##S##_t a)                        \
	{                                                                                          \
		return do_sub##S(cpu, 0, a);                                                       \
	}                                                                                          \
	static inline uint##S##_t do_not##S(struct cpu *cpu, uint##S##_t a)                        \
	{                                                                                          \
		(void)cpu;                                                                         \
		return (uint##S##_t) ~a;                                                           \
	}
DEFINE_OPS(8)
DEFINE_OPS(16)
DEFINE_OPS(32)
DEFINE_OPS(64)

/* A locked read-modify-write: compare-and-exchange until it succeeds; under the group's lock when
 * not in place. */
#define LOCKED(S, EXPR)                                                                            \
	struct unaligned##S *place = rmw##S(cpu, insn, insn_lin(cpu, insn));                       \
	uint64_t carry = cpu->cc_carry;                                                            \
	uint##S##_t a, r;                                                                          \
	if (!mem_lockable(cpu, place, S / 8)) {                                                    \
		mem_split_lock(cpu, place);                                                        \
		a = place->v;                                                                      \
		place->v = EXPR;                                                                   \
		mem_split_unlock(cpu, place);                                                      \
		NEXT;                                                                              \
	}                                                                                          \
	a = __atomic_load_n((uint##S##_t *)(void *)place, __ATOMIC_RELAXED);                       \
	do {                                                                                       \
		cpu->cc_carry = carry;                                                             \
		r = EXPR;                                                                          \
	} while (!__atomic_compare_exchange_n((uint##S##_t *)(void *)place, &a, r, false,          \
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));                \
	rmw_done(cpu, place);                                                                      \
	NEXT

#define BINARY(op, S)                                                                              \
	HANDLER(op##_rr##S)                                                                        \
	{                                                                                          \
		set_reg##S(cpu, insn->dst,                                                         \
			   do_##op##S(cpu, reg##S(cpu, insn->dst), reg##S(cpu, insn->src)));       \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_ri##S)                                                                        \
	{                                                                                          \
		set_reg##S(cpu, insn->dst,                                                         \
			   do_##op##S(cpu, reg##S(cpu, insn->dst), (uint##S##_t)insn->imm));       \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_rm##S)                                                                        \
	{                                                                                          \
		uint##S##_t b = load##S(cpu, insn, insn_lin(cpu, insn));                           \
                                                                                                   \
		set_reg##S(cpu, insn->dst, do_##op##S(cpu, reg##S(cpu, insn->dst), b));            \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_mr##S)                                                                        \
	{                                                                                          \
		struct unaligned##S *place = rmw##S(cpu, insn, insn_lin(cpu, insn));               \
                                                                                                   \
		place->v = do_##op##S(cpu, place->v, reg##S(cpu, insn->src));                      \
		rmw_done(cpu, place);                                                              \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_mi##S)                                                                        \
	{                                                                                          \
		struct unaligned##S *place = rmw##S(cpu, insn, insn_lin(cpu, insn));               \
                                                                                                   \
		place->v = do_##op##S(cpu, place->v, (uint##S##_t)insn->imm);                      \
		rmw_done(cpu, place);                                                              \
		NEXT;                                                                              \
	}                                                                                          \
	FAST_LOAD(fast_##op##_rm##S, S,                                                            \
		  set_reg##S(cpu, insn->dst, do_##op##S(cpu, reg##S(cpu, insn->dst), place->v)))   \
	FAST_STORE(fast_##op##_mr##S, S,                                                           \
		   place->v = do_##op##S(cpu, place->v, reg##S(cpu, insn->src)))                   \
	FAST_STORE(fast_##op##_mi##S, S,                                                           \
		   place->v = do_##op##S(cpu, place->v, (uint##S##_t)insn->imm))                   \
	HANDLER(op##_lock_mr##S)                                                                   \
	{                                                                                          \
		LOCKED(S, do_##op##S(cpu, a, reg##S(cpu, insn->src)));                             \
	}                                                                                          \
	HANDLER(op##_lock_mi##S)                                                                   \
	{                                                                                          \
		LOCKED(S, do_##op##S(cpu, a, (uint##S##_t)insn->imm));                             \
	}

/* CMP and TEST only read. */
#define COMPARE(op, fn, S)                                                                         \
	HANDLER(op##_rr##S)                                                                        \
	{                                                                                          \
		fn##S(cpu, reg##S(cpu, insn->dst), reg##S(cpu, insn->src));                        \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_ri##S)                                                                        \
	{                                                                                          \
		fn##S(cpu, reg##S(cpu, insn->dst), (uint##S##_t)insn->imm);                        \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_rm##S)                                                                        \
	{                                                                                          \
		uint##S##_t b = load##S(cpu, insn, insn_lin(cpu, insn));                           \
                                                                                                   \
		fn##S(cpu, reg##S(cpu, insn->dst), b);                                             \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_mr##S)                                                                        \
	{                                                                                          \
		uint##S##_t a = load##S(cpu, insn, insn_lin(cpu, insn));                           \
                                                                                                   \
		fn##S(cpu, a, reg##S(cpu, insn->src));                                             \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_mi##S)                                                                        \
	{                                                                                          \
		uint##S##_t a = load##S(cpu, insn, insn_lin(cpu, insn));                           \
                                                                                                   \
		fn##S(cpu, a, (uint##S##_t)insn->imm);                                             \
		NEXT;                                                                              \
	}                                                                                          \
	FAST_LOAD(fast_##op##_rm##S, S, fn##S(cpu, reg##S(cpu, insn->dst), place->v))              \
	FAST_LOAD(fast_##op##_mr##S, S, fn##S(cpu, place->v, reg##S(cpu, insn->src)))              \
	FAST_LOAD(fast_##op##_mi##S, S, fn##S(cpu, place->v, (uint##S##_t)insn->imm))

#define UNARY(op, S)                                                                               \
	HANDLER(op##_r##S)                                                                         \
	{                                                                                          \
		set_reg##S(cpu, insn->dst, do_##op##S(cpu, reg##S(cpu, insn->dst)));               \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_m##S)                                                                         \
	{                                                                                          \
		struct unaligned##S *place = rmw##S(cpu, insn, insn_lin(cpu, insn));               \
                                                                                                   \
		place->v = do_##op##S(cpu, place->v);                                              \
		rmw_done(cpu, place);                                                              \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_lock##S)                                                                      \
	{                                                                                          \
		LOCKED(S, do_##op##S(cpu, a));                                                     \
	}

#define ALL_SIZES(M, ...) M(__VA_ARGS__, 8) M(__VA_ARGS__, 16) M(__VA_ARGS__, 32) M(__VA_ARGS__, 64)

#define BINARY_OP(op)                                                                              \
	ALL_SIZES(BINARY, op)                                                                      \
	static const struct alu_op op = { BY_SIZE(op##_rr),	BY_SIZE(op##_ri),                  \
					  BY_SIZE(op##_rm),	BY_SIZE(op##_mr),                  \
					  BY_SIZE(op##_mi),	BY_SIZE(op##_lock_mr),             \
					  BY_SIZE(op##_lock_mi) }

#define COMPARE_OP(op, fn)                                                                         \
	ALL_SIZES(COMPARE, op, fn)                                                                 \
	static const struct alu_op op = { BY_SIZE(op##_rr), BY_SIZE(op##_ri), BY_SIZE(op##_rm),    \
					  BY_SIZE(op##_mr), BY_SIZE(op##_mi), { NULL },            \
					  { NULL } }

#define UNARY_OP(op)                                                                               \
	ALL_SIZES(UNARY, op)                                                                       \
	static const struct rm_op op = { BY_SIZE(op##_r), BY_SIZE(op##_m), BY_SIZE(op##_lock) }

BINARY_OP(add);
BINARY_OP(or);
BINARY_OP(adc);
BINARY_OP(sbb);
BINARY_OP(and);
BINARY_OP(sub);
BINARY_OP(xor);
COMPARE_OP(cmp, do_sub);
COMPARE_OP(test, do_and);
UNARY_OP(inc);
UNARY_OP(dec);
UNARY_OP(neg);
UNARY_OP(not );

#define FAST_FORMS(op, S)                                                                          \
	FAST(op##_rm##S, fast_##op##_rm##S), FAST(op##_mr##S, fast_##op##_mr##S),                  \
		FAST(op##_mi##S, fast_##op##_mi##S)
#define FAST_OP(op) FAST_FORMS(op, 64), FAST_FORMS(op, 32), FAST_FORMS(op, 16), FAST_FORMS(op, 8)

static const struct fast fast[] = {
	FAST_OP(cmp), FAST_OP(add), FAST_OP(test), FAST_OP(sub), FAST_OP(and),
	FAST_OP(or),  FAST_OP(xor), FAST_OP(adc),  FAST_OP(sbb),
};
FAST_GROUP(cpu_fast_alu, fast);

/* xor r, r and sub r, r as compilers zero registers with. */
HANDLER(zero_r)
{
	*reg64p(cpu, insn->dst) = 0;
	flags_logic64(cpu, 0);
	NEXT;
}

static bool emit_alu_mem(const struct decode *d, const struct alu_op *t, struct insn *insn,
			 unsigned i)
{
	bool lock = insn->flags & INSN_LOCK;

	decode_mem(d, &d->op[0], insn);
	if (op_is_imm(d, 1)) {
		insn->imm = d->op[1].imm.value.u;
		insn->fn = lock ? t->lock_mi[i] : t->mi[i];
	} else {
		insn->src = decode_reg(d->op[1].reg.value);
		insn->fn = lock ? t->lock_mr[i] : t->mr[i];
	}
	return insn->fn;
}

static bool emit_alu(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	const struct alu_op *t = op->table;
	unsigned i = decode_size_index(d->op[0].size);

	if (op_is_mem(d, 0))
		return emit_alu_mem(d, t, insn, i);
	insn->dst = decode_reg(d->op[0].reg.value);
	if (op_is_imm(d, 1)) {
		insn->imm = d->op[1].imm.value.u;
		insn->fn = t->ri[i];
	} else if (op_is_reg(d, 1)) {
		insn->src = decode_reg(d->op[1].reg.value);
		insn->fn = t->rr[i];
		if (insn->src == insn->dst && i >= 2 && (t == &xor || t == &sub))
			insn->fn = zero_r;
	} else {
		decode_mem(d, &d->op[1], insn);
		insn->fn = t->rm[i];
	}
	return insn->fn;
}

#define ALU(mn, t)                                                                                 \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, 0, 0, emit_alu, &t                                            \
	}
#define UN(mn, t)                                                                                  \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, 0, 0, emit_rm, &t                                             \
	}

static const struct opcode ops[] = {
	ALU(ADD, add), ALU(OR, or),   ALU(ADC, adc), ALU(SBB, sbb),   ALU(AND, and),
	ALU(SUB, sub), ALU(XOR, xor), ALU(CMP, cmp), ALU(TEST, test), UN(INC, inc),
	UN(DEC, dec),  UN(NEG, neg),  UN(NOT, not ),
};
GROUP(cpu_ops_alu, ops);
