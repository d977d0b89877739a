// SPDX-License-Identifier: MIT
/*
 * MOVZX, MOVSX and MOVSXD.
 */
#include "cpu/decode.h"
#include "cpu/fast.h"
#include "cpu/mem.h"

/* MOVZX, MOVSX, MOVSXD: D is the destination's size, S the source's. */
#define EXTEND(name, D, S, TYPE)                                                                   \
	HANDLER(name##_rr##D##_##S)                                                                \
	{                                                                                          \
		set_reg##D(cpu, insn->dst, (uint##D##_t)(TYPE)reg##S(cpu, insn->src));             \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(name##_rm##D##_##S)                                                                \
	{                                                                                          \
		set_reg##D(cpu, insn->dst,                                                         \
			   (uint##D##_t)(TYPE)load##S(cpu, insn, insn_lin(cpu, insn)));            \
		NEXT;                                                                              \
	}                                                                                          \
	FAST_LOAD(fast_##name##_rm##D##_##S, S,                                                    \
		  set_reg##D(cpu, insn->dst, (uint##D##_t)(TYPE)place->v))
#define EXTEND_BOTH(D, S) EXTEND(movzx, D, S, uint##S##_t) EXTEND(movsx, D, S, int##S##_t)
EXTEND_BOTH(16, 8)
EXTEND_BOTH(32, 8)
EXTEND_BOTH(64, 8)
EXTEND_BOTH(16, 16)
EXTEND_BOTH(32, 16)
EXTEND_BOTH(64, 16)
EXTEND_BOTH(32, 32)
EXTEND_BOTH(64, 32)

/* By source size, then destination size. */
#define EXTEND_TABLE(name, form)                                                                   \
	{                                                                                          \
		{ NULL, name##form##16_8, name##form##32_8, name##form##64_8 },                    \
			{ NULL, name##form##16_16, name##form##32_16, name##form##64_16 },         \
			{ NULL, NULL, name##form##32_32, name##form##64_32 },                      \
	}
static handler_fn *const extend[2][2][3][4] = {
	{ EXTEND_TABLE(movzx, _rr), EXTEND_TABLE(movzx, _rm) },
	{ EXTEND_TABLE(movsx, _rr), EXTEND_TABLE(movsx, _rm) },
};

static bool emit_extend(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	unsigned from = decode_size_index(d->op[1].size), to = decode_size_index(d->op[0].size);

	if (from > 2)
		return false;
	if (to == 1 && from == 2)
		from = 1; /* MOVSXD with a 16-bit operand size moves 16 bits */
	insn->dst = decode_reg(d->op[0].reg.value);
	if (op_is_reg(d, 1))
		insn->src = decode_reg(d->op[1].reg.value);
	else
		decode_mem(d, &d->op[1], insn);
	insn->fn = extend[op->arg][op_is_mem(d, 1)][from][to];
	return insn->fn;
}

#define FAST_EXTEND(name, form) FAST(name##_rm##form, fast_##name##_rm##form)
#define FAST_BOTH(form)		FAST_EXTEND(movzx, form), FAST_EXTEND(movsx, form)

static const struct fast fast[] = {
	FAST_BOTH(32_8),  FAST_BOTH(32_16), FAST_BOTH(64_32), FAST_BOTH(64_8),
	FAST_BOTH(64_16), FAST_BOTH(16_8),  FAST_BOTH(16_16), FAST_BOTH(32_32),
};
FAST_GROUP(cpu_fast_extend, fast);

static const struct opcode ops[] = {
	{ ZYDIS_MNEMONIC_MOVZX, 0, 0, emit_extend, NULL },
	{ ZYDIS_MNEMONIC_MOVSX, 0, 1, emit_extend, NULL },
	{ ZYDIS_MNEMONIC_MOVSXD, 0, 1, emit_extend, NULL },
};
GROUP(cpu_ops_extend, ops);
