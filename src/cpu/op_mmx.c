// SPDX-License-Identifier: MIT
/*
 * MMX: the vector instructions' forms on MM registers, which are the x87 registers' mantissas.
 */
#include "cpu/flags.h"
#include "cpu/sse.h"
#include "cpu/sse_ops.h"

#define FSW_TOP(fsw) ((fsw) >> 11 & 7u)

/* Any MMX instruction makes all registers valid and ST(0) the physical register 0. */
static void mmx_enter(struct cpu *cpu, struct insn *insn)
{
	struct cpu_fx *fx = &cpu->s.fx;
	unsigned top = FSW_TOP(fx->fsw);
	uint8_t st[8][16];

	if (fx->fsw & ~fx->fcw & 0x3f)
		cpu_raise(cpu, insn, EXC_MF);
	if (top) {
		for (unsigned i = 0; i < 8; i++)
			memcpy(st[i], fx->st[(i - top) & 7], 16);
		memcpy(fx->st, st, sizeof(st));
		fx->fsw &= 0xc7ff;
	}
	fx->ftw = 0xff;
}

static uint64_t mmx_get(const struct cpu *cpu, unsigned n)
{
	uint64_t v;

	memcpy(&v, cpu->s.fx.st[(n - FSW_TOP(cpu->s.fx.fsw)) & 7], 8);
	return v;
}

static void mmx_set(struct cpu *cpu, struct insn *insn, unsigned n, uint64_t v)
{
	mmx_enter(cpu, insn);
	memcpy(cpu->s.fx.st[n], &v, 8);
	memset(cpu->s.fx.st[n] + 8, 0xff, 2);
}

/* The source: an MM register, or memory that is read before anything changes. */
static uint64_t mmx_source(struct cpu *cpu, struct insn *insn)
{
	if (insn->flags & INSN_MEM)
		return mem_load(cpu, insn, insn_lin(cpu, insn), insn->size);
	return mmx_get(cpu, insn->src);
}

/* %0 is the destination's value, %1 the source's. */
#define MMX_CODE(name)                                                                             \
	__asm__("movq %0, %%mm0\n\tmovq %1, %%mm1\n\t" #name                                       \
		" %%mm1, %%mm0\n\tmovq %%mm0, %0\n\temms"                                          \
		: "+m"(d)                                                                          \
		: "m"(s)                                                                           \
		: "mm0", "mm1", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)",        \
		  "st(7)")

#define MMX_OP(mn, name)                                                                           \
	HANDLER(name)                                                                              \
	{                                                                                          \
		uint64_t s = mmx_source(cpu, insn), d = mmx_get(cpu, insn->dst);                   \
                                                                                                   \
		MMX_CODE(name);                                                                    \
		mmx_set(cpu, insn, insn->dst, d);                                                  \
		NEXT;                                                                              \
	}
VECTOR_OPS_BOTH(MMX_OP)

#define MMX_SHIFT(mn, name)                                                                        \
	MMX_OP(mn, name)                                                                           \
	HANDLER(name##_imm)                                                                        \
	{                                                                                          \
		uint64_t s = insn->imm, d = mmx_get(cpu, insn->dst);                               \
                                                                                                   \
		MMX_CODE(name);                                                                    \
		mmx_set(cpu, insn, insn->dst, d);                                                  \
		NEXT;                                                                              \
	}
VECTOR_SHIFTS(MMX_SHIFT)

HANDLER(palignr)
{
	uint64_t s = mmx_source(cpu, insn), d = mmx_get(cpu, insn->dst);
	unsigned n = (unsigned)insn->imm;
	unsigned __int128 v = (unsigned __int128)d << 64 | s;

	mmx_set(cpu, insn, insn->dst, n < 16 ? (uint64_t)(v >> 8 * n) : 0);
	NEXT;
}

HANDLER(pshufw)
{
	uint64_t s = mmx_source(cpu, insn), r = 0;

	for (unsigned i = 0; i < 4; i++)
		r |= (s >> 16 * (insn->imm >> 2 * i & 3) & 0xffff) << 16 * i;
	mmx_set(cpu, insn, insn->dst, r);
	NEXT;
}

/* Moves; size is what memory or the integer register holds. */
HANDLER(load)
{
	mmx_set(cpu, insn, insn->dst, mmx_source(cpu, insn));
	NEXT;
}

HANDLER(load_gpr)
{
	mmx_set(cpu, insn, insn->dst, reg_get(cpu, insn->src, insn->size));
	NEXT;
}

HANDLER(store)
{
	mem_store(cpu, insn, insn_lin(cpu, insn), mmx_get(cpu, insn->src), insn->size);
	mmx_enter(cpu, insn);
	NEXT;
}

HANDLER(store_gpr)
{
	reg_set(cpu, insn->dst, insn->size, mmx_get(cpu, insn->src));
	mmx_enter(cpu, insn);
	NEXT;
}

HANDLER(pmovmskb)
{
	uint64_t v = mmx_get(cpu, insn->src), m = 0;

	for (unsigned i = 0; i < 8; i++)
		m |= (v >> (8 * i + 7) & 1) << i;
	mmx_enter(cpu, insn);
	*reg64p(cpu, insn->dst) = m;
	NEXT;
}

HANDLER(pextrw)
{
	*reg64p(cpu, insn->dst) = mmx_get(cpu, insn->src) >> 16 * (insn->imm & 3) & 0xffff;
	mmx_enter(cpu, insn);
	NEXT;
}

HANDLER(pinsrw)
{
	uint64_t v = insn->flags & INSN_MEM ? load16(cpu, insn, insn_lin(cpu, insn))
					    : reg16(cpu, insn->src);
	unsigned shift = 16 * (insn->imm & 3);

	mmx_set(cpu, insn, insn->dst,
		(mmx_get(cpu, insn->dst) & ~(0xffffull << shift)) | v << shift);
	NEXT;
}

HANDLER(movq2dq)
{
	union lanes l = { .q = { mmx_get(cpu, insn->src), 0 } };

	mmx_enter(cpu, insn);
	*SSE_DST(cpu, insn) = l.v;
	NEXT;
}

HANDLER(movdq2q)
{
	mmx_set(cpu, insn, insn->dst, reg64(cpu, insn->src));
	NEXT;
}

/* Bytes whose mask has its top bit set go to DS:rDI. */
HANDLER(maskmovq)
{
	uint64_t lin = insn_lin(cpu, insn), v = mmx_get(cpu, insn->dst),
		 mask = mmx_get(cpu, insn->src);

	for (unsigned i = 0; i < 8; i++)
		if (mask >> (8 * i + 7) & 1)
			mem_probe_write(cpu, insn, (lin + i) & cpu->lin_mask, 1);
	mmx_enter(cpu, insn);
	for (unsigned i = 0; i < 8; i++)
		if (mask >> (8 * i + 7) & 1)
			store8(cpu, insn, (lin + i) & cpu->lin_mask, (uint8_t)(v >> 8 * i));
	NEXT;
}

static bool emit_maskmovq(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	for (unsigned i = 0; i < d->zi.operand_count; i++)
		if (op_is_mem(d, i))
			decode_mem(d, &d->op[i], insn);
	insn->dst = decode_reg(d->op[d->zi.operand_count_visible - 2].reg.value);
	insn->src = decode_reg(d->op[d->zi.operand_count_visible - 1].reg.value);
	insn->fn = maskmovq;
	return true;
}

/*
 * The x87 state changes even if a floating-point exception follows, as the processors that the
 * differential test ran on have it.
 * Conversions from two integers, by the instruction that converts an XMM register's.
 */
#define FROM_MMX(name, host, KEEP_HIGH)                                                            \
	HANDLER(name)                                                                              \
	{                                                                                          \
		union lanes l = { .q = { mmx_source(cpu, insn), 0 } };                             \
		vec s = l.v, d = l.v;                                                              \
                                                                                                   \
		if (!(insn->flags & INSN_MEM))                                                     \
			mmx_enter(cpu, insn);                                                      \
		SSE_FP(#host " %[s], %[d]");                                                       \
		l.v = d;                                                                           \
		if (KEEP_HIGH)                                                                     \
			l.q[1] = (*SSE_DST(cpu, insn))[1];                                         \
		*SSE_DST(cpu, insn) = l.v;                                                         \
		NEXT;                                                                              \
	}
FROM_MMX(cvtpi2ps, cvtdq2ps, true)
FROM_MMX(cvtpi2pd, cvtdq2pd, false)

/* Conversions to two integers; of single precision only the low half takes part. */
#define TO_MMX(name, host, LOW_HALF)                                                               \
	HANDLER(name)                                                                              \
	{                                                                                          \
		union lanes l = { .v = sse_source(cpu, insn) };                                    \
		vec s, d = { 0, 0 };                                                               \
                                                                                                   \
		if (LOW_HALF)                                                                      \
			l.q[1] = 0;                                                                \
		s = l.v;                                                                           \
		mmx_enter(cpu, insn);                                                              \
		SSE_FP(#host " %[s], %[d]");                                                       \
		l.v = d;                                                                           \
		mmx_set(cpu, insn, insn->dst, l.q[0]);                                             \
		NEXT;                                                                              \
	}
TO_MMX(cvtps2pi, cvtps2dq, true)
TO_MMX(cvttps2pi, cvttps2dq, true)
TO_MMX(cvtpd2pi, cvtpd2dq, false)
TO_MMX(cvttpd2pi, cvttpd2dq, false)

/* EMMS then empties them. */
HANDLER(emms)
{
	mmx_enter(cpu, insn);
	cpu->s.fx.ftw = 0;
	NEXT;
}

struct form {
	uint16_t mnemonic;
	handler_fn *fn, *imm;
};

#define FORM(mn, name)	     { ZYDIS_MNEMONIC_##mn, name, NULL },
#define SHIFT_FORM(mn, name) { ZYDIS_MNEMONIC_##mn, name, name##_imm },

static const struct form forms[] = {
	VECTOR_OPS_BOTH(FORM) VECTOR_SHIFTS(SHIFT_FORM){ ZYDIS_MNEMONIC_PALIGNR, palignr, NULL },
	{ ZYDIS_MNEMONIC_PMOVMSKB, pmovmskb, NULL },
	{ ZYDIS_MNEMONIC_PEXTRW, pextrw, NULL },
	{ ZYDIS_MNEMONIC_PINSRW, pinsrw, NULL },
};

static const struct form *find_form(unsigned mnemonic)
{
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].mnemonic == mnemonic)
			return &forms[i];
	return NULL;
}

static bool emit_move(const struct decode *d, struct insn *insn)
{
	bool to_mmx = op_is_mmx(d, 0);

	insn->dst = decode_reg(d->op[0].reg.value);
	if (op_is_mem(d, 0)) {
		insn->fn = store;
		insn->src = decode_reg(d->op[1].reg.value);
		return decode_mem(d, &d->op[0], insn);
	}
	if (op_is_mem(d, 1)) {
		insn->fn = load;
		return decode_mem(d, &d->op[1], insn);
	}
	insn->src = decode_reg(d->op[1].reg.value);
	insn->size = (uint8_t)(d->op[to_mmx].size / 8);
	insn->fn = !to_mmx ? store_gpr : op_is_mmx(d, 1) ? load : load_gpr;
	return true;
}

bool emit_mmx(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	const struct form *form = find_form(op->mnemonic);
	unsigned last = d->zi.operand_count_visible - 1u;

	if (op->mnemonic == ZYDIS_MNEMONIC_MOVD || op->mnemonic == ZYDIS_MNEMONIC_MOVQ)
		return emit_move(d, insn);
	if (!form)
		return false;
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->imm = op_is_imm(d, last) ? d->op[last].imm.value.u & 0xff : 0;
	insn->fn = last == 1 && op_is_imm(d, 1) ? form->imm : form->fn;
	if (op_is_mem(d, 1))
		return decode_mem(d, &d->op[1], insn);
	if (op_is_reg(d, 1))
		insn->src = decode_reg(d->op[1].reg.value);
	return insn->fn;
}

/* Instructions whose mnemonic has MMX operands only. table: handler. */
static bool emit_only(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->fn = (handler_fn *)op->table;
	if (op_is_mem(d, 0)) {
		insn->src = decode_reg(d->op[1].reg.value);
		return decode_mem(d, &d->op[0], insn);
	}
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->imm = d->zi.operand_count_visible == 3 ? d->op[2].imm.value.u & 0xff : 0;
	if (op_is_mem(d, 1))
		return decode_mem(d, &d->op[1], insn);
	insn->src = decode_reg(d->op[1].reg.value);
	return true;
}

#define ONLY(mn, fn)                                                                               \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_MMX, 0, emit_only, (const void *)fn                        \
	}

#define CONVERT(mn, fn)                                                                            \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_MMX | OP_BOTH, 0, emit_only, (const void *)fn              \
	}

static const struct opcode ops[] = {
	{ ZYDIS_MNEMONIC_MASKMOVQ, OP_MMX | OP_BOTH, 0, emit_maskmovq, NULL },
	CONVERT(CVTPI2PS, cvtpi2ps),
	CONVERT(CVTPI2PD, cvtpi2pd),
	CONVERT(CVTPS2PI, cvtps2pi),
	CONVERT(CVTTPS2PI, cvttps2pi),
	CONVERT(CVTPD2PI, cvtpd2pi),
	CONVERT(CVTTPD2PI, cvttpd2pi),
	PLAIN(EMMS, OP_MMX, emms),
	ONLY(PSHUFW, pshufw),
	ONLY(MOVNTQ, store),
	ONLY(MOVQ2DQ, movq2dq),
	ONLY(MOVDQ2Q, movdq2q),
};
GROUP(cpu_ops_mmx, ops);
