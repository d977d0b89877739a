// SPDX-License-Identifier: MIT
/*
 * Data movement: MOV and its conditional and byte-swapping forms, LEA, XCHG, SETcc, sign extension
 * of the accumulator, XLAT.
 */
#include "cpu/decode.h"
#include "cpu/fast.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

#define MOV(S)                                                                                     \
	HANDLER(mov_rr##S)                                                                         \
	{                                                                                          \
		set_reg##S(cpu, insn->dst, reg##S(cpu, insn->src));                                \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(mov_ri##S)                                                                         \
	{                                                                                          \
		set_reg##S(cpu, insn->dst, (uint##S##_t)insn->imm);                                \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(mov_rm##S)                                                                         \
	{                                                                                          \
		set_reg##S(cpu, insn->dst, load##S(cpu, insn, insn_lin(cpu, insn)));               \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(mov_mr##S)                                                                         \
	{                                                                                          \
		store##S(cpu, insn, insn_lin(cpu, insn), reg##S(cpu, insn->src));                  \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(mov_mi##S)                                                                         \
	{                                                                                          \
		store##S(cpu, insn, insn_lin(cpu, insn), (uint##S##_t)insn->imm);                  \
		NEXT;                                                                              \
	}                                                                                          \
	FAST_LOAD(fast_mov_rm##S, S, set_reg##S(cpu, insn->dst, place->v))                         \
	FAST_STORE(fast_mov_mr##S, S, place->v = reg##S(cpu, insn->src))                           \
	FAST_STORE(fast_mov_mi##S, S, place->v = (uint##S##_t)insn->imm)                           \
	HANDLER(xchg_rr##S)                                                                        \
	{                                                                                          \
		uint##S##_t a = reg##S(cpu, insn->dst), b = reg##S(cpu, insn->src);                \
                                                                                                   \
		set_reg##S(cpu, insn->dst, b);                                                     \
		set_reg##S(cpu, insn->src, a);                                                     \
		NEXT;                                                                              \
	}                                                                                          \
	/* XCHG with memory is locked whether it says so or not. */                                \
	HANDLER(xchg_mr##S)                                                                        \
	{                                                                                          \
		struct unaligned##S *place = rmw##S(cpu, insn, insn_lin(cpu, insn));               \
		uint##S##_t v = reg##S(cpu, insn->src), old;                                       \
                                                                                                   \
		if (!mem_lockable(cpu, place, S / 8)) {                                            \
			mem_split_lock(cpu, place);                                                \
			old = place->v;                                                            \
			place->v = v;                                                              \
			mem_split_unlock(cpu, place);                                              \
		} else {                                                                           \
			old = __atomic_exchange_n((uint##S##_t *)(void *)place, v,                 \
						  __ATOMIC_SEQ_CST);                               \
			rmw_done(cpu, place);                                                      \
		}                                                                                  \
		set_reg##S(cpu, insn->src, old);                                                   \
		NEXT;                                                                              \
	}
MOV(8)
MOV(16)
MOV(32)
MOV(64)

#define FAST_MOV(S)                                                                                \
	FAST(mov_rm##S, fast_mov_rm##S), FAST(mov_mr##S, fast_mov_mr##S),                          \
		FAST(mov_mi##S, fast_mov_mi##S)
static const struct fast fast[] = { FAST_MOV(64), FAST_MOV(32), FAST_MOV(8), FAST_MOV(16) };
FAST_GROUP(cpu_fast_mov, fast);

static handler_fn *const mov_rr[] = BY_SIZE(mov_rr), *const mov_ri[] = BY_SIZE(mov_ri),
			 *const mov_rm[] = BY_SIZE(mov_rm), *const mov_mr[] = BY_SIZE(mov_mr),
			 *const mov_mi[] = BY_SIZE(mov_mi), *const xchg_rr[] = BY_SIZE(xchg_rr),
			 *const xchg_mr[] = BY_SIZE(xchg_mr);

static bool is_segment(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_REGISTER && op->reg.value >= ZYDIS_REGISTER_ES &&
	       op->reg.value <= ZYDIS_REGISTER_GS;
}

static bool is_system(const ZydisDecodedOperand *op)
{
	ZydisRegisterClass class = op->type == ZYDIS_OPERAND_TYPE_REGISTER
					   ? ZydisRegisterGetClass(op->reg.value)
					   : ZYDIS_REGCLASS_INVALID;

	return class == ZYDIS_REGCLASS_CONTROL || class == ZYDIS_REGCLASS_DEBUG;
}

/* MOV from a segment register: 16 bits to memory, zero-extended to a register. */
HANDLER(mov_from_seg_r)
{
	reg_set(cpu, insn->dst, insn->size, cpu->s.seg[insn->aux].selector);
	NEXT;
}

HANDLER(mov_from_seg_m)
{
	store16(cpu, insn, insn_lin(cpu, insn), cpu->s.seg[insn->aux].selector);
	NEXT;
}

static bool emit_mov_from_seg(const struct decode *d, struct insn *insn)
{
	insn->aux = (uint8_t)(d->op[1].reg.value - ZYDIS_REGISTER_ES);
	if (op_is_reg(d, 0)) {
		insn->dst = decode_reg(d->op[0].reg.value);
		insn->size = (uint8_t)(d->op[0].size / 8);
		insn->fn = mov_from_seg_r;
	} else {
		decode_mem(d, &d->op[0], insn);
		insn->fn = mov_from_seg_m;
	}
	return true;
}

/* MOV to a segment register: may change what blocks depend on, so it ends its block. */
HANDLER(mov_to_seg)
{
	uint16_t selector = insn->flags & INSN_MEM ? load16(cpu, insn, insn_lin(cpu, insn))
						   : reg16(cpu, insn->src);

	seg_load(cpu, insn, insn->aux, selector);
	if (insn->aux == CPU_SS)
		cpu->s.interruptibility |= CPU_BLOCKING_BY_MOV_SS;
	return cpu_end_block(cpu, insn);
}

static bool emit_mov_to_seg(const struct decode *d, struct insn *insn)
{
	insn->aux = (uint8_t)(d->op[0].reg.value - ZYDIS_REGISTER_ES);
	if (insn->aux == CPU_CS)
		return false;
	if (op_is_reg(d, 1))
		insn->src = decode_reg(d->op[1].reg.value);
	else
		decode_mem(d, &d->op[1], insn);
	insn->flags |= INSN_END;
	insn->fn = mov_to_seg;
	return true;
}

static bool emit_mov(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	unsigned i = decode_size_index(d->op[0].size);

	(void)op;
	if (is_system(&d->op[0]) || is_system(&d->op[1]))
		return emit_mov_system(d, insn);
	if (is_segment(&d->op[0]))
		return emit_mov_to_seg(d, insn);
	if (is_segment(&d->op[1]))
		return emit_mov_from_seg(d, insn);
	if (op_is_mem(d, 0)) {
		decode_mem(d, &d->op[0], insn);
		insn->imm = op_is_imm(d, 1) ? d->op[1].imm.value.u : 0;
		insn->src = op_is_imm(d, 1) ? insn->src : decode_reg(d->op[1].reg.value);
		insn->fn = op_is_imm(d, 1) ? mov_mi[i] : mov_mr[i];
		return true;
	}
	insn->dst = decode_reg(d->op[0].reg.value);
	if (op_is_imm(d, 1)) {
		insn->imm = d->op[1].imm.value.u;
		insn->fn = mov_ri[i];
	} else if (op_is_reg(d, 1)) {
		insn->src = decode_reg(d->op[1].reg.value);
		insn->fn = mov_rr[i];
	} else {
		decode_mem(d, &d->op[1], insn);
		insn->fn = mov_rm[i];
	}
	return true;
}

static bool emit_xchg(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	unsigned i = decode_size_index(d->op[0].size), m = op_is_mem(d, 1);

	(void)op;
	if (op_is_reg(d, 0) && op_is_reg(d, 1)) {
		insn->dst = decode_reg(d->op[0].reg.value);
		insn->src = decode_reg(d->op[1].reg.value);
		insn->fn = xchg_rr[i];
		return true;
	}
	decode_mem(d, &d->op[m], insn);
	insn->src = decode_reg(d->op[!m].reg.value);
	insn->fn = xchg_mr[i];
	return true;
}

#define LEA(S)                                                                                     \
	HANDLER(lea##S)                                                                            \
	{                                                                                          \
		set_reg##S(cpu, insn->dst, (uint##S##_t)insn_ea(cpu, insn));                       \
		NEXT;                                                                              \
	}
LEA(16)
LEA(32)
LEA(64)

static bool emit_lea(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	static handler_fn *const lea[] = BY_SIZE_NO8(lea);

	(void)op;
	decode_mem(d, &d->op[1], insn);
	insn->flags &= (uint8_t)~INSN_MEM;
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->fn = lea[decode_size_index(d->op[0].size)];
	return insn->fn;
}

/* X(condition, ...) for the sixteen conditions. */
#define ALL_CONDITIONS(X)                                                                          \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

/* CMOVcc reads its source, and clears the upper half of a 32-bit destination, whether it moves or
 * not. */
#define CMOV(cc, S)                                                                                \
	HANDLER(cmov##cc##_rr##S)                                                                  \
	{                                                                                          \
		uint##S##_t v = reg##S(cpu, insn->src);                                            \
                                                                                                   \
		set_reg##S(cpu, insn->dst, flags_condition(cpu, cc) ? v : reg##S(cpu, insn->dst)); \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(cmov##cc##_rm##S)                                                                  \
	{                                                                                          \
		uint##S##_t v = load##S(cpu, insn, insn_lin(cpu, insn));                           \
                                                                                                   \
		set_reg##S(cpu, insn->dst, flags_condition(cpu, cc) ? v : reg##S(cpu, insn->dst)); \
		NEXT;                                                                              \
	}
#define SETCC(cc)                                                                                  \
	HANDLER(set##cc##_r)                                                                       \
	{                                                                                          \
		set_reg8(cpu, insn->dst, flags_condition(cpu, cc));                                \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(set##cc##_m)                                                                       \
	{                                                                                          \
		store8(cpu, insn, insn_lin(cpu, insn), flags_condition(cpu, cc));                  \
		NEXT;                                                                              \
	}
#define CONDITION(cc) CMOV(cc, 16) CMOV(cc, 32) CMOV(cc, 64) SETCC(cc)
ALL_CONDITIONS(CONDITION)

#define CMOV_FORMS(cc)	{ BY_SIZE_NO8(cmov##cc##_rr), BY_SIZE_NO8(cmov##cc##_rm) },
#define SETCC_FORMS(cc) { { set##cc##_r }, { set##cc##_m }, { NULL } },
static const struct reg_rm cmov[16] = { ALL_CONDITIONS(CMOV_FORMS) };
static const struct rm_op setcc[16] = { ALL_CONDITIONS(SETCC_FORMS) };

HANDLER(bswap16) /* undefined by the architecture; processors clear the word */
{
	set_reg16(cpu, insn->dst, 0);
	NEXT;
}

HANDLER(bswap32)
{
	set_reg32(cpu, insn->dst, __builtin_bswap32(reg32(cpu, insn->dst)));
	NEXT;
}

HANDLER(bswap64)
{
	set_reg64(cpu, insn->dst, __builtin_bswap64(reg64(cpu, insn->dst)));
	NEXT;
}
static const struct rm_op bswap = { BY_SIZE_NO8(bswap), { NULL }, { NULL } };

#define MOVBE(S)                                                                                   \
	HANDLER(movbe_rm##S)                                                                       \
	{                                                                                          \
		set_reg##S(cpu, insn->dst,                                                         \
			   __builtin_bswap##S(load##S(cpu, insn, insn_lin(cpu, insn))));           \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(movbe_mr##S)                                                                       \
	{                                                                                          \
		store##S(cpu, insn, insn_lin(cpu, insn),                                           \
			 __builtin_bswap##S(reg##S(cpu, insn->src)));                              \
		NEXT;                                                                              \
	}
MOVBE(16)
MOVBE(32)
MOVBE(64)

static bool emit_movbe(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	static handler_fn *const rm[] = BY_SIZE_NO8(movbe_rm), *const mr[] = BY_SIZE_NO8(movbe_mr);
	unsigned i = decode_size_index(d->op[0].size);

	(void)op;
	if (op_is_mem(d, 0)) {
		decode_mem(d, &d->op[0], insn);
		insn->src = decode_reg(d->op[1].reg.value);
		insn->fn = mr[i];
	} else {
		decode_mem(d, &d->op[1], insn);
		insn->dst = decode_reg(d->op[0].reg.value);
		insn->fn = rm[i];
	}
	return insn->fn;
}

#define RAX_OFF offsetof(struct cpu, s.gpr[CPU_RAX])
#define RDX_OFF offsetof(struct cpu, s.gpr[CPU_RDX])

HANDLER(cbw)
{
	set_reg16(cpu, RAX_OFF, (uint16_t)(int8_t)reg8(cpu, RAX_OFF));
	NEXT;
}
HANDLER(cwde)
{
	set_reg32(cpu, RAX_OFF, (uint32_t)(int16_t)reg16(cpu, RAX_OFF));
	NEXT;
}
HANDLER(cdqe)
{
	set_reg64(cpu, RAX_OFF, (uint64_t)(int32_t)reg32(cpu, RAX_OFF));
	NEXT;
}
HANDLER(cwd)
{
	set_reg16(cpu, RDX_OFF, (uint16_t)((int16_t)reg16(cpu, RAX_OFF) >> 15));
	NEXT;
}
HANDLER(cdq)
{
	set_reg32(cpu, RDX_OFF, (uint32_t)((int32_t)reg32(cpu, RAX_OFF) >> 31));
	NEXT;
}
HANDLER(cqo)
{
	set_reg64(cpu, RDX_OFF, (uint64_t)((int64_t)reg64(cpu, RAX_OFF) >> 63));
	NEXT;
}

HANDLER(xlat)
{
	uint64_t ea = (cpu->s.gpr[CPU_RBX] + (uint8_t)cpu->s.gpr[CPU_RAX]) & insn->addr_mask;

	set_reg8(cpu, RAX_OFF, load8(cpu, insn, (ea + reg64(cpu, insn->seg)) & cpu->lin_mask));
	NEXT;
}

static bool emit_xlat(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	for (unsigned i = 0; i < d->zi.operand_count; i++)
		if (op_is_mem(d, i))
			decode_mem(d, &d->op[i], insn);
	insn->flags &= (uint8_t)~INSN_MEM;
	insn->fn = xlat;
	return true;
}

/* Non-temporal and direct stores are plain ones; MOVDIR64B needs an aligned destination. */
static bool emit_store(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	decode_mem(d, &d->op[0], insn);
	insn->src = decode_reg(d->op[1].reg.value);
	insn->fn = mov_mr[decode_size_index(d->op[0].size)];
	return true;
}

HANDLER(movdir64b)
{
	uint64_t to = ((reg64(cpu, insn->dst) & insn->addr_mask) +
		       cpu->s.seg[CPU_ES].base * (cpu->mode & MODE_64 ? 0 : 1)) &
		      cpu->lin_mask;
	uint8_t data[64];

	if (to & 63)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	mem_read(cpu, insn, insn_lin(cpu, insn), data, 64);
	mem_write(cpu, insn, to, data, 64);
	NEXT;
}

static bool emit_movdir64b(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	if (!op_is_reg(d, 0))
		return false;
	insn->dst = decode_reg(d->op[0].reg.value);
	decode_mem(d, &d->op[1], insn);
	insn->fn = movdir64b;
	return true;
}

#define CMOV_ROW(mn, cc)                                                                           \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, 0, 0, emit_reg_rm, &cmov[cc]                                  \
	}
#define SETCC_ROW(mn, cc)                                                                          \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, 0, 0, emit_rm, &setcc[cc]                                     \
	}

static const struct opcode ops[] = {
	{ ZYDIS_MNEMONIC_MOV, 0, 0, emit_mov, NULL },
	{ ZYDIS_MNEMONIC_BSWAP, 0, 0, emit_rm, &bswap },
	EMIT(XCHG, emit_xchg),
	EMIT(LEA, emit_lea),
	EMIT(MOVBE, emit_movbe),
	EMIT(XLAT, emit_xlat),
	EMIT(MOVNTI, emit_store),
	EMIT(MOVDIRI, emit_store),
	EMIT(MOVDIR64B, emit_movdir64b),
	CONDITIONS(CMOV_ROW, CMOV),
	CONDITIONS(SETCC_ROW, SET),
	PLAIN(CBW, 0, cbw),
	PLAIN(CWDE, 0, cwde),
	PLAIN(CDQE, 0, cdqe),
	PLAIN(CWD, 0, cwd),
	PLAIN(CDQ, 0, cdq),
	PLAIN(CQO, 0, cqo),
};
GROUP(cpu_ops_mov, ops);
