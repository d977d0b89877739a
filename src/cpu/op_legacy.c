// SPDX-License-Identifier: MIT
/*
 * Instructions that 64-bit mode dropped and compatibility mode keeps: decimal arithmetic, BOUND,
 * ARPL.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

#define AL_OFF offsetof(struct cpu, s.gpr[CPU_RAX])

static uint8_t get_al(const struct cpu *cpu)
{
	return reg8(cpu, AL_OFF);
}

/* SF, ZF and PF of a byte, with these carries; OF becomes 0 where it is undefined. */
static void set_flags(struct cpu *cpu, uint8_t result, bool cf, bool af)
{
	flags_logic8(cpu, result);
	cpu->cc_misc |= (uint32_t)af << 4;
	flags_set_carry(cpu, cf, false);
}

/* DAA and DAS: each digit of AL above nine is corrected by six. */
static void decimal(struct cpu *cpu, int sign)
{
	uint8_t old = get_al(cpu), al = old;
	bool cf = flag_cf(cpu), af = (old & 15) > 9 || flag_af(cpu), high = old > 0x99 || cf;

	if (af) {
		cf = cf || (sign < 0 && old < 6) || (sign > 0 && old > 0xf9);
		al = (uint8_t)(al + sign * 6);
	} else {
		cf = false;
	}
	if (high)
		al = (uint8_t)(al + sign * 0x60);
	set_reg8(cpu, AL_OFF, al);
	set_flags(cpu, al, high || (sign < 0 && cf), af);
}

HANDLER(daa)
{
	decimal(cpu, 1);
	NEXT;
}

HANDLER(das)
{
	decimal(cpu, -1);
	NEXT;
}

/* AAA and AAS: unpacked digits in AL and AH. */
static void ascii(struct cpu *cpu, int sign)
{
	bool adjust = (get_al(cpu) & 15) > 9 || flag_af(cpu);
	uint16_t ax = reg16(cpu, AL_OFF);

	if (adjust)
		ax = (uint16_t)(ax + sign * 0x106);
	ax &= 0xff0f;
	set_reg16(cpu, AL_OFF, ax);
	set_flags(cpu, (uint8_t)ax, adjust, adjust);
}

HANDLER(aaa)
{
	ascii(cpu, 1);
	NEXT;
}

HANDLER(aas)
{
	ascii(cpu, -1);
	NEXT;
}

HANDLER(aam)
{
	uint8_t al = get_al(cpu), base = (uint8_t)insn->imm;

	if (!base)
		cpu_raise(cpu, insn, EXC_DE);
	set_reg16(cpu, AL_OFF, (uint16_t)(al / base << 8 | al % base));
	set_flags(cpu, al % base, false, false);
	NEXT;
}

HANDLER(aad)
{
	uint16_t ax = reg16(cpu, AL_OFF);
	uint8_t al = (uint8_t)(ax + (ax >> 8) * (unsigned)insn->imm);

	set_reg16(cpu, AL_OFF, al);
	set_flags(cpu, al, false, false);
	NEXT;
}

static bool emit_base(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->imm = d->op[0].imm.value.u & 0xff;
	insn->fn = (handler_fn *)op->table;
	return true;
}

/* The index in a register against the signed bounds in memory. */
HANDLER(bound)
{
	uint64_t lin = insn_lin(cpu, insn), second = (lin + insn->size) & cpu->lin_mask;
	int32_t index, low, high;

	if (insn->size == 2) {
		index = (int16_t)reg16(cpu, insn->dst);
		low = (int16_t)load16(cpu, insn, lin);
		high = (int16_t)load16(cpu, insn, second);
	} else {
		index = (int32_t)reg32(cpu, insn->dst);
		low = (int32_t)load32(cpu, insn, lin);
		high = (int32_t)load32(cpu, insn, second);
	}
	if (index < low || index > high)
		cpu_raise(cpu, insn, EXC_BR);
	NEXT;
}

static bool emit_bound(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	insn->dst = decode_reg(d->op[0].reg.value);
	decode_mem(d, &d->op[1], insn);
	insn->size = (uint8_t)(d->op[0].size / 8);
	insn->fn = bound;
	return true;
}

/* Raises the RPL of a selector to that of another. */
HANDLER(arpl)
{
	bool memory = insn->flags & INSN_MEM;
	uint64_t lin = memory ? insn_lin(cpu, insn) : 0;
	uint16_t to = memory ? load16(cpu, insn, lin) : reg16(cpu, insn->dst);
	uint16_t from = reg16(cpu, insn->src), raised = (uint16_t)((to & ~3u) | (from & 3u));
	bool less = (to & 3) < (from & 3);

	if (less && memory)
		store16(cpu, insn, lin, raised);
	else if (less)
		set_reg16(cpu, insn->dst, raised);
	flags_load_arith(cpu, (flags_arith(cpu) & ~FLAG_ZF) | (less ? FLAG_ZF : 0));
	NEXT;
}

static bool emit_arpl(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	insn->src = decode_reg(d->op[1].reg.value);
	insn->fn = arpl;
	if (op_is_mem(d, 0))
		return decode_mem(d, &d->op[0], insn);
	insn->dst = decode_reg(d->op[0].reg.value);
	return true;
}

static const struct opcode ops[] = {
	PLAIN(DAA, OP_NO64, daa),
	PLAIN(DAS, OP_NO64, das),
	PLAIN(AAA, OP_NO64, aaa),
	PLAIN(AAS, OP_NO64, aas),
	{ ZYDIS_MNEMONIC_AAM, OP_NO64, 0, emit_base, (const void *)aam },
	{ ZYDIS_MNEMONIC_AAD, OP_NO64, 0, emit_base, (const void *)aad },
	{ ZYDIS_MNEMONIC_BOUND, OP_NO64, 0, emit_bound, NULL },
	{ ZYDIS_MNEMONIC_ARPL, OP_NO64, 0, emit_arpl, NULL },
};
GROUP(cpu_ops_legacy, ops);
