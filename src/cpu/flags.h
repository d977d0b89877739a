/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic flags, kept lazily. An operation stores its sign-extended result, its carries (bit 63:
 * out of the top bit, bit 62: into it) and one word of odds; each flag is then a few operations
 * away, whatever the operation was.
 *
 * - CF = carry.63, OF = carry.63 ^ carry.62
 * - ZF = (res == 0), SF = res.63 ^ misc.31
 * - AF = misc.4, PF = even parity of res[7:0] ^ misc[15:8]
 */
#ifndef CPU_FLAGS_H
#define CPU_FLAGS_H

#include "cpu/internal.h"

static inline bool flag_cf(const struct cpu *cpu)
{
	return cpu->cc_carry >> 63;
}

static inline bool flag_of(const struct cpu *cpu)
{
	return (cpu->cc_carry ^ cpu->cc_carry << 1) >> 63;
}

static inline bool flag_zf(const struct cpu *cpu)
{
	return cpu->cc_res == 0;
}

static inline bool flag_sf(const struct cpu *cpu)
{
	return (cpu->cc_res >> 63) ^ (cpu->cc_misc >> 31);
}

static inline bool flag_pf(const struct cpu *cpu)
{
	uint32_t x = ((uint32_t)cpu->cc_res ^ cpu->cc_misc >> 8) & 0xff;

	x ^= x >> 4;
	return 0x9669 >> (x & 15) & 1;
}

static inline bool flag_af(const struct cpu *cpu)
{
	return cpu->cc_misc >> 4 & 1;
}

static inline void flags_set_carry(struct cpu *cpu, bool cf, bool of)
{
	cpu->cc_carry = (uint64_t)cf << 63 | (uint64_t)(cf ^ of) << 62;
}

static inline uint32_t flags_arith(const struct cpu *cpu)
{
	return (uint32_t)flag_cf(cpu) | (uint32_t)flag_pf(cpu) << 2 | (uint32_t)flag_af(cpu) << 4 |
	       (uint32_t)flag_zf(cpu) << 6 | (uint32_t)flag_sf(cpu) << 7 |
	       (uint32_t)flag_of(cpu) << 11;
}

/* Loads the six flags from their RFLAGS positions. */
static inline void flags_load_arith(struct cpu *cpu, uint64_t flags)
{
	uint32_t zf = flags >> 6 & 1, sf = flags >> 7 & 1, pf = flags >> 2 & 1, af = flags >> 4 & 1;

	cpu->cc_res = !zf;
	/* res is 0 or 1: its sign is 0, its parity even for 0. */
	cpu->cc_misc = sf << 31 | af << 4 | (pf ^ zf) << 8;
	flags_set_carry(cpu, flags & 1, flags >> 11 & 1);
}

static inline uint64_t flags_get(const struct cpu *cpu)
{
	return (cpu->s.rflags & ~(uint64_t)FLAGS_ARITH) | flags_arith(cpu) | 2;
}

static inline void flags_set(struct cpu *cpu, uint64_t flags)
{
	cpu->s.rflags = (flags & FLAGS_ALL) | 2;
	flags_load_arith(cpu, flags);
}

/* The sixteen conditions, as the low four bits of Jcc opcodes number them. */
static inline bool flags_condition(const struct cpu *cpu, unsigned cc)
{
	bool v;

	switch (cc >> 1) {
	case 0: v = flag_of(cpu); break;
	case 1: v = flag_cf(cpu); break;
	case 2: v = flag_zf(cpu); break;
	case 3: v = flag_cf(cpu) || flag_zf(cpu); break;
	case 4: v = flag_sf(cpu); break;
	case 5: v = flag_pf(cpu); break;
	case 6: v = flag_sf(cpu) ^ flag_of(cpu); break;
	default: v = flag_zf(cpu) || (flag_sf(cpu) ^ flag_of(cpu));
	}
	return v ^ (cc & 1);
}

/* Flags of a result of S bits, with the carries and auxiliary carry of an addition or subtraction.
 */
#define DEFINE_FLAGS(S)                                                                            \
	static inline void flags_add##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b,             \
					uint##S##_t r)                                             \
	{                                                                                          \
		uint##S##_t carry = (uint##S##_t)((a & b) | ((a | b) & ~r));                       \
                                                                                                   \
		cpu->cc_res = (uint64_t)(int64_t)(int##S##_t)r;                                    \
		cpu->cc_carry = (uint64_t)carry << (64 - S);                                       \
		cpu->cc_misc = (uint32_t)(a ^ b ^ r) & 0x10;                                       \
	}                                                                                          \
	static inline void flags_sub##S(struct cpu *cpu, uint##S##_t a, uint##S##_t b,             \
					uint##S##_t r)                                             \
	{                                                                                          \
		uint##S##_t carry = (uint##S##_t)((~a & b) | ((~a | b) & r));                      \
                                                                                                   \
		cpu->cc_res = (uint64_t)(int64_t)(int##S##_t)r;                                    \
		cpu->cc_carry = (uint64_t)carry << (64 - S);                                       \
		cpu->cc_misc = (uint32_t)(a ^ b ^ r) & 0x10;                                       \
	}                                                                                          \
	static inline void flags_logic##S(struct cpu *cpu, uint##S##_t r)                          \
	{                                                                                          \
		cpu->cc_res = (uint64_t)(int64_t)(int##S##_t)r;                                    \
		cpu->cc_carry = 0;                                                                 \
		cpu->cc_misc = 0;                                                                  \
	}
DEFINE_FLAGS(8)
DEFINE_FLAGS(16)
DEFINE_FLAGS(32)
DEFINE_FLAGS(64)

#endif
