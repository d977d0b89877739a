// SPDX-License-Identifier: MIT
/*
 * SSE4.2 string comparisons: PCMPESTRI PCMPESTRM PCMPISTRI PCMPISTRM.
 */
#include "cpu/flags.h"
#include "cpu/sse.h"

/* Fields of the immediate. */
#define IMM_WORDS	     1u
#define IMM_SIGNED	     2u
#define IMM_AGGREGATION(imm) ((imm) >> 2 & 3)
#define IMM_POLARITY(imm)    ((imm) >> 4 & 3)
#define IMM_OUTPUT	     0x40u

struct text {
	union lanes v;
	unsigned len; /* valid elements */
};

struct comparison {
	struct text a, b;
	unsigned n; /* elements of a register */
	uint64_t imm;
};

static int value(const struct comparison *c, const struct text *t, unsigned i)
{
	if (c->imm & IMM_WORDS)
		return c->imm & IMM_SIGNED ? t->v.sw[i] : t->v.w[i];
	return c->imm & IMM_SIGNED ? t->v.sb[i] : t->v.b[i];
}

static bool any_or_range(const struct comparison *c, unsigned j, bool range)
{
	int v = value(c, &c->b, j);

	for (unsigned i = 0; i < c->a.len; i += 1 + range) {
		if (!range && value(c, &c->a, i) == v)
			return true;
		if (range && i + 1 < c->a.len && value(c, &c->a, i) <= v &&
		    v <= value(c, &c->a, i + 1))
			return true;
	}
	return false;
}

static bool each(const struct comparison *c, unsigned j)
{
	if (j >= c->a.len || j >= c->b.len)
		return j >= c->a.len && j >= c->b.len;
	return value(c, &c->a, j) == value(c, &c->b, j);
}

static bool ordered(const struct comparison *c, unsigned j)
{
	for (unsigned i = 0; i < c->a.len && i + j < c->n; i++)
		if (i + j >= c->b.len || value(c, &c->a, i) != value(c, &c->b, i + j))
			return false;
	return true;
}

static uint32_t compare(const struct comparison *c)
{
	uint32_t all = (1u << c->n) - 1, valid = (1u << c->b.len) - 1, r = 0;

	for (unsigned j = 0; j < c->n; j++) {
		bool match;

		switch (IMM_AGGREGATION(c->imm)) {
		case 0: match = j < c->b.len && any_or_range(c, j, false); break;
		case 1: match = j < c->b.len && any_or_range(c, j, true); break;
		case 2: match = each(c, j); break;
		default: match = ordered(c, j);
		}
		r |= (uint32_t)match << j;
	}
	if (IMM_POLARITY(c->imm) == 1)
		r ^= all;
	else if (IMM_POLARITY(c->imm) == 3)
		r ^= valid;
	return r;
}

static unsigned implicit_length(const struct comparison *c, const struct text *t)
{
	unsigned i;

	for (i = 0; i < c->n && value(c, t, i); i++)
		;
	return i;
}

/* The magnitude of a length register, at most the number of elements. */
static unsigned explicit_length(const struct comparison *c, uint64_t v, bool wide)
{
	int64_t length = wide ? (int64_t)v : (int32_t)v;
	uint64_t magnitude = length < 0 ? 0 - (uint64_t)length : (uint64_t)length;

	return magnitude > c->n ? c->n : (unsigned)magnitude;
}

/* aux bit 0: the lengths are in RAX and RDX; bit 8 of the immediate: in all 64 bits. */
#define EXPLICIT_WIDE 0x100u

static uint32_t run(struct cpu *cpu, struct insn *insn, struct comparison *c)
{
	uint32_t r;

	c->b.v.v = sse_source(cpu, insn);
	c->a.v.v = *SSE_DST(cpu, insn);
	c->imm = insn->imm;
	c->n = insn->imm & IMM_WORDS ? 8 : 16;
	if (insn->aux & 1) {
		c->a.len = explicit_length(c, cpu->s.gpr[CPU_RAX], insn->imm & EXPLICIT_WIDE);
		c->b.len = explicit_length(c, cpu->s.gpr[CPU_RDX], insn->imm & EXPLICIT_WIDE);
	} else {
		c->a.len = implicit_length(c, &c->a);
		c->b.len = implicit_length(c, &c->b);
	}
	r = compare(c);
	flags_load_arith(cpu, (r ? FLAG_CF : 0) | (c->b.len < c->n ? FLAG_ZF : 0) |
				      (c->a.len < c->n ? FLAG_SF : 0) | (r & 1 ? FLAG_OF : 0));
	return r;
}

HANDLER(text_index)
{
	struct comparison c;
	uint32_t r = run(cpu, insn, &c);
	unsigned i = !r			      ? c.n
		     : insn->imm & IMM_OUTPUT ? 31u - (unsigned)__builtin_clz(r)
					      : (unsigned)__builtin_ctz(r);

	cpu->s.gpr[CPU_RCX] = i;
	NEXT;
}

HANDLER(text_mask)
{
	union lanes m = { .q = { 0 } };
	struct comparison c;
	uint32_t r = run(cpu, insn, &c);

	if (!(insn->imm & IMM_OUTPUT))
		m.d[0] = r;
	else
		for (unsigned i = 0; i < 16; i++)
			m.b[i] = r >> (c.n == 16 ? i : i / 2) & 1 ? 0xff : 0;
	memcpy(cpu->s.fx.xmm[0], &m, 16);
	NEXT;
}

static bool emit_text(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	bool wide = (d->zi.attributes & ZYDIS_ATTRIB_HAS_REX) && d->zi.raw.rex.W;

	emit_sse_imm(d, op, insn);
	insn->aux |= SSE_UNALIGNED;
	insn->imm |= wide ? EXPLICIT_WIDE : 0;
	return true;
}

#define TEXT(mn, explicit, fn)                                                                     \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_SSE, explicit, emit_text, (const void *)fn                 \
	}

static const struct opcode ops[] = {
	TEXT(PCMPESTRI, 1, text_index),
	TEXT(PCMPESTRM, 1, text_mask),
	TEXT(PCMPISTRI, 0, text_index),
	TEXT(PCMPISTRM, 0, text_mask),
};
GROUP(cpu_ops_sse_text, ops);
