// SPDX-License-Identifier: MIT
/*
 * Bits and bytes: BT BTS BTR BTC, BSF BSR TZCNT LZCNT POPCNT, CRC32.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

/* What BTS, BTR and BTC do to the word; BT leaves it. */
enum { BIT_TEST, BIT_SET, BIT_RESET, BIT_COMPLEMENT };

static inline uint64_t bit_change(unsigned kind, uint64_t v, uint64_t bit)
{
	switch (kind) {
	case BIT_SET: return v | bit;
	case BIT_RESET: return v & ~bit;
	case BIT_COMPLEMENT: return v ^ bit;
	default: return v;
	}
}

/* Only CF is defined and the other flags stay. */
static inline void bit_flag(struct cpu *cpu, bool cf)
{
	flags_set_carry(cpu, cf, flag_of(cpu));
}

/* A register's bit number reaches beyond the memory operand: address of the word it is in. */
static uint64_t bit_address(const struct cpu *cpu, const struct insn *insn, unsigned size,
			    uint64_t *bit)
{
	int64_t n = size == 2	? (int16_t)reg16(cpu, insn->src)
		    : size == 4 ? (int32_t)reg32(cpu, insn->src)
				: (int64_t)reg64(cpu, insn->src);
	uint64_t ea =
		reg64(cpu, insn->base) + (reg64(cpu, insn->index) << insn->scale) + insn->disp;

	*bit = 1ull << (n & (size * 8 - 1));
	ea += (uint64_t)(n >> (size == 2 ? 4 : size == 4 ? 5 : 6)) * size;
	return ((ea & insn->addr_mask) + reg64(cpu, insn->seg)) & cpu->lin_mask;
}

static uint64_t bit_locked(uint64_t *p64, unsigned size, unsigned kind, uint64_t bit)
{
	uint64_t old;

	if (size == 2) {
		uint16_t a = __atomic_load_n((uint16_t *)p64, __ATOMIC_RELAXED);

		while (!__atomic_compare_exchange_n((uint16_t *)p64, &a,
						    (uint16_t)bit_change(kind, a, bit), false,
						    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
		old = a;
	} else if (size == 4) {
		uint32_t a = __atomic_load_n((uint32_t *)p64, __ATOMIC_RELAXED);

		while (!__atomic_compare_exchange_n((uint32_t *)p64, &a,
						    (uint32_t)bit_change(kind, a, bit), false,
						    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
		old = a;
	} else {
		old = __atomic_load_n(p64, __ATOMIC_RELAXED);
		while (!__atomic_compare_exchange_n(p64, &old, bit_change(kind, old, bit), false,
						    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			;
	}
	return old;
}

static uint64_t bit_plain(void *place, unsigned size, unsigned kind, uint64_t bit)
{
	uint64_t old = 0, changed;

	mem_copy(&old, place, size);
	changed = bit_change(kind, old, bit);
	mem_copy(place, &changed, size);
	return old;
}

static void *rmw_sized(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned size)
{
	return size == 2   ? (void *)rmw16(cpu, insn, lin)
	       : size == 4 ? (void *)rmw32(cpu, insn, lin)
			   : (void *)rmw64(cpu, insn, lin);
}

static void bit_modify(struct cpu *cpu, struct insn *insn, uint64_t lin, uint64_t bit)
{
	unsigned size = insn->size;
	uint8_t *place = rmw_sized(cpu, insn, lin, size);
	uint64_t old;

	if (!(insn->flags & INSN_LOCK)) {
		old = bit_plain(place, size, insn->aux, bit);
		rmw_done(cpu, place);
	} else if (!mem_lockable(cpu, place, size)) {
		mem_split_lock(cpu, place);
		old = bit_plain(place, size, insn->aux, bit);
		mem_split_unlock(cpu, place);
	} else {
		old = bit_locked((uint64_t *)(void *)place, size, insn->aux, bit);
		rmw_done(cpu, place);
	}
	bit_flag(cpu, old & bit);
}

HANDLER(bit_mem_reg)
{
	uint64_t bit, lin = bit_address(cpu, insn, insn->size, &bit);

	if (insn->aux == BIT_TEST)
		bit_flag(cpu, mem_load(cpu, insn, lin, insn->size) & bit);
	else
		bit_modify(cpu, insn, lin, bit);
	NEXT;
}

HANDLER(bit_mem_imm)
{
	uint64_t bit = 1ull << (insn->imm & (insn->size * 8u - 1)), lin = insn_lin(cpu, insn);

	if (insn->aux == BIT_TEST)
		bit_flag(cpu, mem_load(cpu, insn, lin, insn->size) & bit);
	else
		bit_modify(cpu, insn, lin, bit);
	NEXT;
}

HANDLER(bit_reg)
{
	uint64_t n = insn->flags & INSN_IMM ? insn->imm : reg64(cpu, insn->src);
	uint64_t bit = 1ull << (n & (insn->size * 8u - 1));
	uint64_t v = reg_get(cpu, insn->dst, insn->size);

	if (insn->aux != BIT_TEST)
		reg_set(cpu, insn->dst, insn->size, bit_change(insn->aux, v, bit));
	bit_flag(cpu, v & bit);
	NEXT;
}

static bool emit_bit(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->aux = (uint8_t)op->arg;
	if (op_is_imm(d, 1)) {
		insn->imm = d->op[1].imm.value.u;
		insn->flags |= INSN_IMM;
	} else {
		insn->src = decode_reg(d->op[1].reg.value);
	}
	if (op_is_reg(d, 0)) {
		insn->dst = decode_reg(d->op[0].reg.value);
		insn->fn = bit_reg;
	} else {
		decode_mem(d, &d->op[0], insn);
		insn->fn = op_is_imm(d, 1) ? bit_mem_imm : bit_mem_reg;
	}
	insn->size = (uint8_t)(d->op[0].size / 8);
	return true;
}

/* Scans. BSF and BSR of 0 keep the whole destination. */
#define DEFINE_SCANS(S)                                                                            \
	static inline uint##S##_t do_bsf##S(struct cpu *cpu, uint##S##_t v)                        \
	{                                                                                          \
		flags_logic##S(cpu, v);                                                            \
		return (uint##S##_t)__builtin_ctzll(v);                                            \
	}                                                                                          \
	static inline uint##S##_t do_bsr##S(struct cpu *cpu, uint##S##_t v)                        \
	{                                                                                          \
		flags_logic##S(cpu, v);                                                            \
		return (uint##S##_t)(63 - __builtin_clzll(v));                                     \
	}                                                                                          \
	static inline uint##S##_t do_tzcnt##S(struct cpu *cpu, uint##S##_t v)                      \
	{                                                                                          \
		uint##S##_t r = v ? (uint##S##_t)__builtin_ctzll(v) : S;                           \
                                                                                                   \
		flags_logic##S(cpu, r);                                                            \
		flags_set_carry(cpu, !v, false);                                                   \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_lzcnt##S(struct cpu *cpu, uint##S##_t v)                      \
	{                                                                                          \
		uint##S##_t r = v ? (uint##S##_t)(__builtin_clzll(v) - (64 - S)) : S;              \
                                                                                                   \
		flags_logic##S(cpu, r);                                                            \
		flags_set_carry(cpu, !v, false);                                                   \
		return r;                                                                          \
	}                                                                                          \
	static inline uint##S##_t do_popcnt##S(struct cpu *cpu, uint##S##_t v)                     \
	{                                                                                          \
		flags_load_arith(cpu, v ? 0 : FLAG_ZF);                                            \
		return (uint##S##_t)__builtin_popcountll(v);                                       \
	}
DEFINE_SCANS(16)
DEFINE_SCANS(32)
DEFINE_SCANS(64)

#define SCAN(op, S, KEEPS)                                                                         \
	HANDLER(op##_rr##S)                                                                        \
	{                                                                                          \
		uint##S##_t v = reg##S(cpu, insn->src);                                            \
                                                                                                   \
		if (v || !KEEPS)                                                                   \
			set_reg##S(cpu, insn->dst, do_##op##S(cpu, v));                            \
		else                                                                               \
			flags_logic##S(cpu, 0);                                                    \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(op##_rm##S)                                                                        \
	{                                                                                          \
		uint##S##_t v = load##S(cpu, insn, insn_lin(cpu, insn));                           \
                                                                                                   \
		if (v || !KEEPS)                                                                   \
			set_reg##S(cpu, insn->dst, do_##op##S(cpu, v));                            \
		else                                                                               \
			flags_logic##S(cpu, 0);                                                    \
		NEXT;                                                                              \
	}

#define SCAN_OP(op, keeps)                                                                         \
	SCAN(op, 16, keeps)                                                                        \
	SCAN(op, 32, keeps)                                                                        \
		SCAN(op, 64, keeps) static const struct reg_rm op = { BY_SIZE_NO8(op##_rr),        \
								      BY_SIZE_NO8(op##_rm) }
SCAN_OP(bsf, true);
SCAN_OP(bsr, true);
SCAN_OP(tzcnt, false);
SCAN_OP(lzcnt, false);
SCAN_OP(popcnt, false);

/* CRC-32C, one byte at a time. */
static uint32_t crc32c(uint32_t crc, uint64_t v, unsigned size)
{
	for (unsigned i = 0; i < size; i++) {
		crc ^= (uint32_t)(v >> 8 * i) & 0xff;
		for (unsigned k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

HANDLER(crc32_r)
{
	*reg64p(cpu, insn->dst) =
		crc32c(reg32(cpu, insn->dst), reg_get(cpu, insn->src, insn->size), insn->size);
	NEXT;
}

HANDLER(crc32_m)
{
	uint64_t v = mem_load(cpu, insn, insn_lin(cpu, insn), insn->size);

	*reg64p(cpu, insn->dst) = crc32c(reg32(cpu, insn->dst), v, insn->size);
	NEXT;
}

static bool emit_crc32(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	insn->dst = decode_reg(d->op[0].reg.value);
	if (op_is_reg(d, 1)) {
		insn->src = decode_reg(d->op[1].reg.value);
		insn->fn = crc32_r;
	} else {
		decode_mem(d, &d->op[1], insn);
		insn->fn = crc32_m;
	}
	insn->size = (uint8_t)(d->op[1].size / 8);
	return true;
}

#define BIT(mn, kind)                                                                              \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, 0, kind, emit_bit, NULL                                       \
	}
#define RRM(mn, t)                                                                                 \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, 0, 0, emit_reg_rm, &t                                         \
	}

static const struct opcode ops[] = {
	BIT(BT, BIT_TEST),   BIT(BTS, BIT_SET),
	BIT(BTR, BIT_RESET), BIT(BTC, BIT_COMPLEMENT),
	RRM(BSF, bsf),	     RRM(BSR, bsr),
	RRM(TZCNT, tzcnt),   RRM(LZCNT, lzcnt),
	RRM(POPCNT, popcnt), { ZYDIS_MNEMONIC_CRC32, 0, 0, emit_crc32, NULL },
};
GROUP(cpu_ops_bit, ops);
