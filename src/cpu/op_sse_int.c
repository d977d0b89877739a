// SPDX-License-Identifier: MIT
/*
 * SSE integer arithmetic, logic, shuffles, insertions and extractions.
 */
#include "cpu/flags.h"
#include "cpu/sse.h"
#include "cpu/sse_ops.h"

#define HOST_OP(mn, name)                                                                          \
	HANDLER(name)                                                                              \
	{                                                                                          \
		vec s = sse_source(cpu, insn), d = *SSE_DST(cpu, insn);                            \
                                                                                                   \
		__asm__(#name " %1, %0" : "+x"(d) : "x"(s));                                       \
		*SSE_DST(cpu, insn) = d;                                                           \
		NEXT;                                                                              \
	}
VECTOR_OPS_BOTH(HOST_OP)
VECTOR_OPS_XMM(HOST_OP)

/* An immediate count goes through a register. */
#define HOST_SHIFT(mn, name)                                                                       \
	HOST_OP(mn, name)                                                                          \
	HANDLER(name##_imm)                                                                        \
	{                                                                                          \
		union lanes s = { .q = { insn->imm, 0 } };                                         \
		vec d = *SSE_DST(cpu, insn);                                                       \
                                                                                                   \
		__asm__(#name " %1, %0" : "+x"(d) : "x"(s.v));                                     \
		*SSE_DST(cpu, insn) = d;                                                           \
		NEXT;                                                                              \
	}
VECTOR_SHIFTS(HOST_SHIFT)

static bool emit_shift(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	handler_fn *const *forms = op->table;
	const struct opcode form = { .mnemonic = op->mnemonic, .table = (const void *)forms[0] };

	if (op_is_mmx(d, 0) || !op_is_imm(d, 1))
		return emit_sse(d, &form, insn);
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->imm = d->op[1].imm.value.u & 0xff;
	insn->fn = forms[1];
	return true;
}

/* Byte shifts of the whole register; also PALIGNR's work. */
static vec concat_right(vec high, vec low, unsigned n)
{
	uint8_t bytes[48] = { 0 };
	vec r = { 0 };

	memcpy(bytes, &low, 16);
	memcpy(bytes + 16, &high, 16);
	if (n < 32)
		memcpy(&r, bytes + n, 16);
	return r;
}

HANDLER(pslldq)
{
	vec zero = { 0 };
	unsigned n = (unsigned)insn->imm;

	*SSE_DST(cpu, insn) = n > 15 ? zero : concat_right(*SSE_DST(cpu, insn), zero, 16 - n);
	NEXT;
}

HANDLER(psrldq)
{
	vec zero = { 0 };

	*SSE_DST(cpu, insn) = concat_right(zero, *SSE_DST(cpu, insn), (unsigned)insn->imm);
	NEXT;
}

static bool emit_byte_shift(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->imm = d->op[1].imm.value.u & 0xff;
	insn->fn = (handler_fn *)op->table;
	return true;
}

HANDLER(palignr)
{
	vec s = sse_source(cpu, insn);

	*SSE_DST(cpu, insn) = concat_right(*SSE_DST(cpu, insn), s, (unsigned)insn->imm);
	NEXT;
}

/* Shuffles by immediate. */
HANDLER(pshufd)
{
	union lanes s = { .v = sse_source(cpu, insn) }, r;

	for (unsigned i = 0; i < 4; i++)
		r.d[i] = s.d[insn->imm >> 2 * i & 3];
	*SSE_DST(cpu, insn) = r.v;
	NEXT;
}

static vec shuffle_words(vec v, unsigned first, uint64_t imm)
{
	union lanes s = { .v = v }, r = s;

	for (unsigned i = 0; i < 4; i++)
		r.w[first + i] = s.w[first + (imm >> 2 * i & 3)];
	return r.v;
}

HANDLER(pshuflw)
{
	*SSE_DST(cpu, insn) = shuffle_words(sse_source(cpu, insn), 0, insn->imm);
	NEXT;
}

HANDLER(pshufhw)
{
	*SSE_DST(cpu, insn) = shuffle_words(sse_source(cpu, insn), 4, insn->imm);
	NEXT;
}

HANDLER(shufps)
{
	union lanes s = { .v = sse_source(cpu, insn) }, d = { .v = *SSE_DST(cpu, insn) }, r;

	for (unsigned i = 0; i < 4; i++)
		r.d[i] = (i < 2 ? d : s).d[insn->imm >> 2 * i & 3];
	*SSE_DST(cpu, insn) = r.v;
	NEXT;
}

HANDLER(shufpd)
{
	union lanes s = { .v = sse_source(cpu, insn) }, d = { .v = *SSE_DST(cpu, insn) }, r;

	r.q[0] = d.q[insn->imm & 1];
	r.q[1] = s.q[insn->imm >> 1 & 1];
	*SSE_DST(cpu, insn) = r.v;
	NEXT;
}

/* Blends: `size`-byte elements whose immediate bit is set come from the source. */
static void blend(struct cpu *cpu, struct insn *insn, unsigned size)
{
	union lanes s = { .v = sse_source(cpu, insn) }, d = { .v = *SSE_DST(cpu, insn) };

	for (unsigned i = 0; i < 16 / size; i++)
		if (insn->imm >> i & 1)
			memcpy(&d.b[i * size], &s.b[i * size], size);
	*SSE_DST(cpu, insn) = d.v;
}

HANDLER(pblendw)
{
	blend(cpu, insn, 2);
	NEXT;
}

HANDLER(blendps)
{
	blend(cpu, insn, 4);
	NEXT;
}

HANDLER(blendpd)
{
	blend(cpu, insn, 8);
	NEXT;
}

/* The same by the sign of XMM0's elements. */
static void blend_variable(struct cpu *cpu, struct insn *insn, unsigned size)
{
	union lanes s = { .v = sse_source(cpu, insn) }, d = { .v = *SSE_DST(cpu, insn) };
	const uint8_t *mask = cpu->s.fx.xmm[0];

	for (unsigned i = 0; i < 16; i += size)
		if (mask[i + size - 1] & 0x80)
			memcpy(&d.b[i], &s.b[i], size);
	*SSE_DST(cpu, insn) = d.v;
}

HANDLER(pblendvb)
{
	blend_variable(cpu, insn, 1);
	NEXT;
}

HANDLER(blendvps)
{
	blend_variable(cpu, insn, 4);
	NEXT;
}

HANDLER(blendvpd)
{
	blend_variable(cpu, insn, 8);
	NEXT;
}

HANDLER(ptest)
{
	vec s = sse_source(cpu, insn), d = *SSE_DST(cpu, insn);
	bool zf = !((s[0] & d[0]) | (s[1] & d[1])), cf = !((s[0] & ~d[0]) | (s[1] & ~d[1]));

	flags_load_arith(cpu, (zf ? FLAG_ZF : 0) | (cf ? FLAG_CF : 0));
	NEXT;
}

HANDLER(mpsadbw)
{
	union lanes s = { .v = sse_source(cpu, insn) }, d = { .v = *SSE_DST(cpu, insn) }, r;
	unsigned from = insn->imm & 4, block = 4 * (insn->imm & 3);

	for (unsigned i = 0; i < 8; i++) {
		unsigned sum = 0;

		for (unsigned k = 0; k < 4; k++) {
			int diff = d.b[from + i + k] - s.b[block + k];

			sum += (unsigned)(diff < 0 ? -diff : diff);
		}
		r.w[i] = (uint16_t)sum;
	}
	*SSE_DST(cpu, insn) = r.v;
	NEXT;
}

/* PEXTRx and PINSRx: aux is the element's size, imm its number. */
static uint64_t element(const struct cpu *cpu, unsigned off, unsigned size, uint64_t n)
{
	uint64_t v = 0;

	memcpy(&v, (const char *)cpu + off + (n & (16 / size - 1)) * size, size);
	return v;
}

HANDLER(extract_r)
{
	set_reg64(cpu, insn->dst, element(cpu, insn->src, insn->aux, insn->imm));
	NEXT;
}

HANDLER(extract_m)
{
	mem_store(cpu, insn, insn_lin(cpu, insn), element(cpu, insn->src, insn->aux, insn->imm),
		  insn->aux);
	NEXT;
}

static bool emit_extract(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	if (op_is_mmx(d, 1))
		return emit_mmx(d, op, insn);
	insn->src = decode_reg(d->op[1].reg.value);
	insn->imm = d->op[2].imm.value.u & 0xff;
	insn->aux = (uint8_t)op->arg;
	if (op_is_mem(d, 0)) {
		insn->fn = extract_m;
		return decode_mem(d, &d->op[0], insn);
	}
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->fn = extract_r;
	return true;
}

static void insert(struct cpu *cpu, struct insn *insn, uint64_t v)
{
	unsigned size = insn->aux;

	memcpy((char *)cpu + insn->dst + (insn->imm & (16 / size - 1)) * size, &v, size);
}

HANDLER(insert_r)
{
	insert(cpu, insn, reg64(cpu, insn->src));
	NEXT;
}

HANDLER(insert_m)
{
	insert(cpu, insn, mem_load(cpu, insn, insn_lin(cpu, insn), insn->aux));
	NEXT;
}

static bool emit_insert(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	if (op_is_mmx(d, 0))
		return emit_mmx(d, op, insn);
	insn->dst = decode_reg(d->op[0].reg.value);
	insn->imm = d->op[2].imm.value.u & 0xff;
	insn->aux = (uint8_t)op->arg;
	if (op_is_mem(d, 1)) {
		insn->fn = insert_m;
		return decode_mem(d, &d->op[1], insn);
	}
	insn->src = decode_reg(d->op[1].reg.value);
	insn->fn = insert_r;
	return true;
}

HANDLER(insertps)
{
	union lanes s = { .v = sse_source(cpu, insn) }, d = { .v = *SSE_DST(cpu, insn) };

	d.d[insn->imm >> 4 & 3] = s.d[insn->flags & INSN_MEM ? 0 : insn->imm >> 6];
	for (unsigned i = 0; i < 4; i++)
		if (insn->imm >> i & 1)
			d.d[i] = 0;
	*SSE_DST(cpu, insn) = d.v;
	NEXT;
}

#define ROW(mn, name)	      SSE(mn, name),
#define SHIFT_TABLE(mn, name) static handler_fn *const forms_##name[] = { name, name##_imm };
#define SHIFT_ROW(mn, name)   { ZYDIS_MNEMONIC_##mn, OP_SSE, 0, emit_shift, forms_##name },
#define BYTES(mn, fn)                                                                              \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_SSE, 0, emit_byte_shift, (const void *)fn                  \
	}
#define EXTRACT(mn, size)                                                                          \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_SSE, size, emit_extract, NULL                              \
	}
#define INSERT(mn, size)                                                                           \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_SSE, size, emit_insert, NULL                               \
	}

VECTOR_SHIFTS(SHIFT_TABLE)

static const struct opcode ops[] = {
	VECTOR_OPS_BOTH(ROW) VECTOR_OPS_XMM(ROW) VECTOR_SHIFTS(SHIFT_ROW) BYTES(PSLLDQ, pslldq),
	BYTES(PSRLDQ, psrldq),
	SSE_IMM(PALIGNR, palignr),
	SSE_IMM(PSHUFD, pshufd),
	SSE_IMM(PSHUFLW, pshuflw),
	SSE_IMM(PSHUFHW, pshufhw),
	SSE_IMM(SHUFPS, shufps),
	SSE_IMM(SHUFPD, shufpd),
	SSE_IMM(PBLENDW, pblendw),
	SSE_IMM(BLENDPS, blendps),
	SSE_IMM(BLENDPD, blendpd),
	SSE(PBLENDVB, pblendvb),
	SSE(BLENDVPS, blendvps),
	SSE(BLENDVPD, blendvpd),
	SSE(PTEST, ptest),
	SSE_IMM(MPSADBW, mpsadbw),
	SSE_IMM(INSERTPS, insertps),
	EXTRACT(PEXTRB, 1),
	EXTRACT(PEXTRW, 2),
	EXTRACT(PEXTRD, 4),
	EXTRACT(PEXTRQ, 8),
	EXTRACT(EXTRACTPS, 4),
	INSERT(PINSRB, 1),
	INSERT(PINSRW, 2),
	INSERT(PINSRD, 4),
	INSERT(PINSRQ, 8),
};
GROUP(cpu_ops_sse_int, ops);
