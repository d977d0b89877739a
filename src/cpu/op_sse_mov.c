// SPDX-License-Identifier: MIT
/*
 * SSE data movement: whole, half and scalar moves, moves from and to integer registers, masks,
 * duplications, MXCSR.
 */
#include "cpu/flags.h"
#include "cpu/sse.h"

#define BEFORE_RESULT                                                                              \
	0x07u /* invalid, denormal, divide by zero: if unmasked, no result is computed */

void sse_flags(struct cpu *cpu, struct insn *insn, uint32_t mxcsr)
{
	uint32_t raised = mxcsr & 0x3f, masks = cpu->s.fx.mxcsr >> 7;

	if (unlikely(raised & ~masks & BEFORE_RESULT))
		raised &= BEFORE_RESULT;
	cpu->s.fx.mxcsr |= raised;
	if (unlikely(raised & ~masks))
		cpu_raise(cpu, insn, cpu->s.cr4 & CR4_OSXMMEXCPT ? EXC_XM : EXC_UD);
}

static bool source_operand(const struct decode *d, unsigned i, struct insn *insn)
{
	if (op_is_mem(d, i))
		return decode_mem(d, &d->op[i], insn);
	insn->src = decode_reg(d->op[i].reg.value);
	return true;
}

bool emit_sse(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	if (op_is_mmx(d, 0) || op_is_mmx(d, 1))
		return emit_mmx(d, op, insn);
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->fn = (handler_fn *)op->table;
	insn->aux = (uint8_t)op->arg;
	return source_operand(d, 1, insn);
}

bool emit_sse_imm(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	if (op_is_mmx(d, 0) || op_is_mmx(d, 1))
		return emit_mmx(d, op, insn);
	insn->imm = d->op[2].imm.value.u & 0xff;
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->fn = (handler_fn *)op->table;
	insn->aux = (uint8_t)op->arg;
	return source_operand(d, 1, insn);
}

/* Whole vectors. */
HANDLER(mov_load)
{
	*SSE_DST(cpu, insn) = sse_source(cpu, insn);
	NEXT;
}

HANDLER(mov_store)
{
	uint64_t lin = insn_lin(cpu, insn);

	check_aligned(cpu, insn, lin);
	store128(cpu, insn, lin, *(const vec *)(const void *)((const char *)cpu + insn->src));
	NEXT;
}

static bool emit_whole(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	if (op_is_mmx(d, 0) || op_is_mmx(d, 1))
		return false;
	insn->aux = (uint8_t)op->arg;
	if (!op_is_mem(d, 0)) {
		insn->dst = decode_reg(d->op[0].reg.value);
		insn->fn = mov_load;
		return source_operand(d, 1, insn);
	}
	decode_mem(d, &d->op[0], insn);
	insn->src = decode_reg(d->op[1].reg.value);
	insn->fn = mov_store;
	return true;
}

/* Scalars: a load clears the rest of the register, a register move keeps it. Size is the scalar's.
 */
HANDLER(scalar_merge)
{
	memcpy((char *)cpu + insn->dst, (const char *)cpu + insn->src, insn->aux);
	NEXT;
}

HANDLER(scalar_store)
{
	mem_store(cpu, insn, insn_lin(cpu, insn), reg64(cpu, insn->src), insn->size);
	NEXT;
}

static bool emit_scalar(const struct decode *d, unsigned size, struct insn *insn)
{
	insn->aux = (uint8_t)size;
	if (op_is_mem(d, 0)) {
		decode_mem(d, &d->op[0], insn);
		insn->src = decode_reg(d->op[1].reg.value);
		insn->fn = scalar_store;
		return true;
	}
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->fn = op_is_mem(d, 1) ? mov_load : scalar_merge;
	return source_operand(d, 1, insn);
}

static bool emit_movss(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	return emit_scalar(d, 4, insn);
}

/* MOVD and MOVQ between vectors, integer registers and memory. aux: bytes moved. */
HANDLER(movq_zero)
{
	union lanes l = { .q = { reg64(cpu, insn->src), 0 } };

	*SSE_DST(cpu, insn) = l.v;
	NEXT;
}

HANDLER(movd_from_gpr)
{
	union lanes l = { .q = { reg_get(cpu, insn->src, insn->aux), 0 } };

	*SSE_DST(cpu, insn) = l.v;
	NEXT;
}

HANDLER(movd_to_gpr)
{
	reg_set(cpu, insn->dst, insn->aux, reg64(cpu, insn->src));
	NEXT;
}

static bool emit_movd(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	bool to_vector = op_is_xmm(d, 0);

	if (op_is_mmx(d, 0) || op_is_mmx(d, 1))
		return emit_mmx(d, op, insn);
	if (op_is_mem(d, 0) || op_is_mem(d, 1))
		return emit_scalar(d, d->op[op_is_mem(d, 1)].size / 8, insn);
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->src = decode_reg(d->op[1].reg.value);
	insn->aux = (uint8_t)(d->op[to_vector].size / 8);
	if (to_vector && op_is_xmm(d, 1))
		insn->fn = movq_zero;
	else
		insn->fn = to_vector ? movd_from_gpr : movd_to_gpr;
	return true;
}

/* Halves: MOVLPS and MOVHPS with memory, MOVHLPS and MOVLHPS with registers. aux is the
 * destination's half. */
HANDLER(half_load)
{
	uint64_t v = mem_load(cpu, insn, insn_lin(cpu, insn), 8);

	*reg64p(cpu, insn->dst + 8u * insn->aux) = v;
	NEXT;
}

HANDLER(half_store)
{
	store64(cpu, insn, insn_lin(cpu, insn), reg64(cpu, insn->src + 8u * insn->aux));
	NEXT;
}

HANDLER(half_swap)
{
	*reg64p(cpu, insn->dst + 8u * insn->aux) = reg64(cpu, insn->src + 8u * !insn->aux);
	NEXT;
}

static bool emit_half(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->aux = (uint8_t)op->arg;
	if (op_is_mem(d, 0)) {
		decode_mem(d, &d->op[0], insn);
		insn->src = decode_reg(d->op[1].reg.value);
		insn->fn = half_store;
		return true;
	}
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->fn = op_is_mem(d, 1) ? half_load : half_swap;
	return source_operand(d, 1, insn);
}

/* Sign masks to integer registers. */
HANDLER(movmskps)
{
	const union lanes *l = (const void *)((const char *)cpu + insn->src);
	uint64_t m = 0;

	for (unsigned i = 0; i < 4; i++)
		m |= (uint64_t)(l->d[i] >> 31) << i;
	*reg64p(cpu, insn->dst) = m;
	NEXT;
}

HANDLER(movmskpd)
{
	const union lanes *l = (const void *)((const char *)cpu + insn->src);

	*reg64p(cpu, insn->dst) = l->q[0] >> 63 | l->q[1] >> 63 << 1;
	NEXT;
}

HANDLER(pmovmskb)
{
	const union lanes *l = (const void *)((const char *)cpu + insn->src);
	uint64_t m = 0;

	for (unsigned i = 0; i < 16; i++)
		m |= (uint64_t)(l->b[i] >> 7) << i;
	*reg64p(cpu, insn->dst) = m;
	NEXT;
}

/* MASKMOVDQU: bytes whose mask has its top bit set go to DS:rDI. */
HANDLER(maskmovdqu)
{
	const union lanes *v = (const void *)((const char *)cpu + insn->dst);
	const union lanes *mask = (const void *)((const char *)cpu + insn->src);
	uint64_t lin = insn_lin(cpu, insn);

	for (unsigned i = 0; i < 16; i++)
		if (mask->b[i] & 0x80)
			mem_probe_write(cpu, insn, lin + i, 1);
	for (unsigned i = 0; i < 16; i++)
		if (mask->b[i] & 0x80)
			store8(cpu, insn, (lin + i) & cpu->lin_mask, v->b[i]);
	NEXT;
}

/* Zydis puts the hidden memory operand last. */
static bool emit_maskmov(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->src = decode_reg(d->op[1].reg.value);
	decode_mem(d, &d->op[2], insn);
	insn->flags &= (uint8_t)~INSN_MEM;
	insn->fn = maskmovdqu;
	return true;
}

HANDLER(ldmxcsr)
{
	uint32_t v = load32(cpu, insn, insn_lin(cpu, insn));

	if (v >> 16)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	cpu->s.fx.mxcsr = v;
	NEXT;
}

HANDLER(stmxcsr)
{
	store32(cpu, insn, insn_lin(cpu, insn), cpu->s.fx.mxcsr);
	NEXT;
}

static bool emit_mxcsr(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->fn = (handler_fn *)op->table;
	return decode_mem(d, &d->op[0], insn);
}

/* Duplications. */
HANDLER(movddup)
{
	union lanes l = { .v = sse_source(cpu, insn) };

	l.q[1] = l.q[0];
	*SSE_DST(cpu, insn) = l.v;
	NEXT;
}

HANDLER(movsldup)
{
	union lanes l = { .v = sse_source(cpu, insn) };

	l.d[1] = l.d[0];
	l.d[3] = l.d[2];
	*SSE_DST(cpu, insn) = l.v;
	NEXT;
}

HANDLER(movshdup)
{
	union lanes l = { .v = sse_source(cpu, insn) };

	l.d[0] = l.d[1];
	l.d[2] = l.d[3];
	*SSE_DST(cpu, insn) = l.v;
	NEXT;
}

/* MOVSD and CMPSD of the string group's mnemonics. */
bool emit_sse_dword(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->flags &= (uint8_t) ~(INSN_REP | INSN_REPNE);
	if (op->mnemonic == ZYDIS_MNEMONIC_CMPSD)
		return emit_cmpsd(d, insn);
	return emit_scalar(d, 8, insn);
}

#define WHOLE(mn, arg)                                                                             \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_SSE, arg, emit_whole, NULL                                 \
	}
#define HALF(mn, half)                                                                             \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_SSE, half, emit_half, NULL                                 \
	}
#define MXCSR(mn, fn)                                                                              \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_SSE, 0, emit_mxcsr, (const void *)fn                       \
	}

static const struct opcode ops[] = {
	WHOLE(MOVAPS, 0),
	WHOLE(MOVAPD, 0),
	WHOLE(MOVDQA, 0),
	WHOLE(MOVNTPS, 0),
	WHOLE(MOVNTPD, 0),
	WHOLE(MOVNTDQ, 0),
	WHOLE(MOVNTDQA, 0),
	WHOLE(MOVUPS, SSE_UNALIGNED),
	WHOLE(MOVUPD, SSE_UNALIGNED),
	WHOLE(MOVDQU, SSE_UNALIGNED),
	WHOLE(LDDQU, SSE_UNALIGNED),
	{ ZYDIS_MNEMONIC_MOVSS, OP_SSE, 0, emit_movss, NULL },
	{ ZYDIS_MNEMONIC_MOVD, OP_SSE, 0, emit_movd, NULL },
	{ ZYDIS_MNEMONIC_MOVQ, OP_SSE, 0, emit_movd, NULL },
	HALF(MOVLPS, 0),
	HALF(MOVLPD, 0),
	HALF(MOVHPS, 1),
	HALF(MOVHPD, 1),
	HALF(MOVHLPS, 0),
	HALF(MOVLHPS, 1),
	SSE(MOVMSKPS, movmskps),
	SSE(MOVMSKPD, movmskpd),
	SSE(PMOVMSKB, pmovmskb),
	{ ZYDIS_MNEMONIC_MASKMOVDQU, OP_SSE, 0, emit_maskmov, NULL },
	MXCSR(LDMXCSR, ldmxcsr),
	MXCSR(STMXCSR, stmxcsr),
	SSE(MOVDDUP, movddup),
	SSE(MOVSLDUP, movsldup),
	SSE(MOVSHDUP, movshdup),
};
GROUP(cpu_ops_sse_mov, ops);
