/* SPDX-License-Identifier: MIT */
/*
 * Shorter handlers for the commonest memory operands: 64-bit code, no segment base, and a base with
 * or without an index. A TLB miss goes on in the general handler, which the instruction keeps.
 */
#ifndef CPU_FAST_H
#define CPU_FAST_H

#include "cpu/mem.h"

/* A general handler and its shorter ones. */
struct fast {
	handler_fn *general, *base, *index;
};

struct fast_group {
	const struct fast *ops;
	unsigned nr;
};

extern const struct fast_group cpu_fast_mov, cpu_fast_extend, cpu_fast_alu;

static inline uint64_t fast_base(const struct cpu *cpu, const struct insn *insn)
{
	return reg64(cpu, insn->base) + insn->disp;
}

static inline uint64_t fast_index(const struct cpu *cpu, const struct insn *insn)
{
	return fast_base(cpu, insn) + (reg64(cpu, insn->index) << insn->scale);
}

/* The place of eight bytes that the TLB lets be read or written, NULL when it doesn't know. */
static inline const struct unaligned64 *fast_load64(struct cpu *cpu, uint64_t lin)
{
	const struct tlb_entry *e = tlb_slot(cpu, lin);

	return e->read_tag == tlb_tag(cpu, lin, 8) ? (const struct unaligned64 *)(e->addend + lin)
						   : NULL;
}

static inline struct unaligned64 *fast_store64(struct cpu *cpu, uint64_t lin)
{
	const struct tlb_entry *e = tlb_slot(cpu, lin);

	return e->write_tag == tlb_tag(cpu, lin, 8) ? (struct unaligned64 *)(e->addend + lin)
						    : NULL;
}

#define FAST_HANDLER(name, S, LIN, TAG, ...)                                                       \
	HANDLER(name)                                                                              \
	{                                                                                          \
		uint64_t lin = LIN(cpu, insn);                                                     \
		const struct tlb_entry *e = tlb_slot(cpu, lin);                                    \
                                                                                                   \
		if (likely(e->TAG == tlb_tag(cpu, lin, S / 8))) {                                  \
			struct unaligned##S *place = (struct unaligned##S *)(e->addend + lin);     \
                                                                                                   \
			__VA_ARGS__;                                                               \
			NEXT;                                                                      \
		}                                                                                  \
		return insn->next_fn(cpu, insn);                                                   \
	}

/* The statement has the operand as place->v. */
#define FAST_LOAD(name, S, ...)                                                                    \
	FAST_HANDLER(name##_base, S, fast_base, read_tag, __VA_ARGS__)                             \
	FAST_HANDLER(name##_index, S, fast_index, read_tag, __VA_ARGS__)
#define FAST_STORE(name, S, ...)                                                                   \
	FAST_HANDLER(name##_base, S, fast_base, write_tag, __VA_ARGS__)                            \
	FAST_HANDLER(name##_index, S, fast_index, write_tag, __VA_ARGS__)

#define FAST(general, name)                                                                        \
	{                                                                                          \
		general, name##_base, name##_index                                                 \
	}
#define FAST_GROUP(name, array)                                                                    \
	const struct fast_group name = { array, sizeof(array) / sizeof((array)[0]) }

#endif
