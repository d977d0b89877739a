// SPDX-License-Identifier: MIT
/*
 * XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B. With memory they are always done atomically: nothing needs
 * them not to be.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

#define RAX_OFF offsetof(struct cpu, s.gpr[CPU_RAX])

#define ATOMIC(S)                                                                                  \
	HANDLER(xadd_r##S)                                                                         \
	{                                                                                          \
		uint##S##_t a = reg##S(cpu, insn->dst), b = reg##S(cpu, insn->src);                \
		uint##S##_t r = (uint##S##_t)(a + b);                                              \
                                                                                                   \
		flags_add##S(cpu, a, b, r);                                                        \
		set_reg##S(cpu, insn->src, a);                                                     \
		set_reg##S(cpu, insn->dst, r);                                                     \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(xadd_m##S)                                                                         \
	{                                                                                          \
		struct unaligned##S *place = rmw##S(cpu, insn, insn_lin(cpu, insn));               \
		uint##S##_t a, b = reg##S(cpu, insn->src);                                         \
                                                                                                   \
		if (mem_lockable(cpu, place, S / 8)) {                                                 \
			a = __atomic_fetch_add((uint##S##_t *)(void *)place, b, __ATOMIC_SEQ_CST); \
			rmw_done(cpu, place);                                                      \
		} else {                                                                           \
			mem_split_lock(cpu, place);                                                \
			a = place->v;                                                              \
			place->v = (uint##S##_t)(a + b);                                           \
			mem_split_unlock(cpu, place);                                              \
		}                                                                                  \
		flags_add##S(cpu, a, b, (uint##S##_t)(a + b));                                     \
		set_reg##S(cpu, insn->src, a);                                                     \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(cmpxchg_r##S)                                                                      \
	{                                                                                          \
		uint##S##_t a = reg##S(cpu, RAX_OFF), v = reg##S(cpu, insn->dst);                  \
                                                                                                   \
		flags_sub##S(cpu, a, v, (uint##S##_t)(a - v));                                     \
		if (a == v)                                                                        \
			set_reg##S(cpu, insn->dst, reg##S(cpu, insn->src));                        \
		else                                                                               \
			set_reg##S(cpu, RAX_OFF, v);                                               \
		NEXT;                                                                              \
	}                                                                                          \
	HANDLER(cmpxchg_m##S)                                                                      \
	{                                                                                          \
		struct unaligned##S *place = rmw##S(cpu, insn, insn_lin(cpu, insn));               \
		uint##S##_t a = reg##S(cpu, RAX_OFF), v = a, new = reg##S(cpu, insn->src);         \
                                                                                                   \
		if (mem_lockable(cpu, place, S / 8)) {                                                 \
			__atomic_compare_exchange_n((uint##S##_t *)(void *)place, &v, new, false,  \
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);           \
			rmw_done(cpu, place);                                                      \
		} else {                                                                           \
			mem_split_lock(cpu, place);                                                \
			v = place->v;                                                              \
			place->v = v == a ? new : v;                                               \
			mem_split_unlock(cpu, place);                                              \
		}                                                                                  \
		flags_sub##S(cpu, a, v, (uint##S##_t)(a - v));                                     \
		if (a != v)                                                                        \
			set_reg##S(cpu, RAX_OFF, v);                                               \
		NEXT;                                                                              \
	}
ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

static bool emit_atomic(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	static const struct rm_op forms[2] = {
		{ BY_SIZE(xadd_r), BY_SIZE(xadd_m), BY_SIZE(xadd_m) },
		{ BY_SIZE(cmpxchg_r), BY_SIZE(cmpxchg_m), BY_SIZE(cmpxchg_m) },
	};
	const struct opcode form = { .table = &forms[op->arg] };
	bool ok = emit_rm(d, &form, insn);

	insn->src = decode_reg(d->op[1].reg.value);
	return ok;
}

static void set_zf(struct cpu *cpu, bool zf)
{
	flags_load_arith(cpu, (flags_arith(cpu) & ~FLAG_ZF) | (zf ? FLAG_ZF : 0));
}

HANDLER(cmpxchg8b)
{
	struct unaligned64 *place = rmw64(cpu, insn, insn_lin(cpu, insn));
	uint64_t want = cpu->s.gpr[CPU_RDX] << 32 | (uint32_t)cpu->s.gpr[CPU_RAX], v = want;
	uint64_t new = cpu->s.gpr[CPU_RCX] << 32 | (uint32_t)cpu->s.gpr[CPU_RBX];

	if (mem_lockable(cpu, place, 8)) {
		__atomic_compare_exchange_n((uint64_t *)(void *)place, &v, new, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		rmw_done(cpu, place);
	} else {
		mem_split_lock(cpu, place);
		v = place->v;
		place->v = v == want ? new : v;
		mem_split_unlock(cpu, place);
	}
	set_zf(cpu, v == want);
	if (v != want) {
		cpu->s.gpr[CPU_RAX] = (uint32_t)v;
		cpu->s.gpr[CPU_RDX] = v >> 32;
	}
	NEXT;
}

#if defined(__x86_64__)
static bool swap16(void *p, uint64_t want[2], const uint64_t new[2])
{
	bool ok;

	__asm__ __volatile__("lock cmpxchg16b %1"
			     : "=@ccz"(ok), "+m"(*(unsigned __int128 *)p), "+a"(want[0]),
			       "+d"(want[1])
			     : "b"(new[0]), "c"(new[1])
			     : "memory");
	return ok;
}
#else
#error "the interpreter borrows SSE, x87 and CMPXCHG16B from an x86-64 host"
#endif

HANDLER(cmpxchg16b)
{
	uint64_t lin = insn_lin(cpu, insn);
	uint64_t v[2] = { cpu->s.gpr[CPU_RAX], cpu->s.gpr[CPU_RDX] };
	uint64_t new[2] = { cpu->s.gpr[CPU_RBX], cpu->s.gpr[CPU_RCX] };
	void *place;
	bool ok;

	if (lin & 15)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	place = mem_rmw_slow(cpu, insn, lin, 16);
	ok = swap16(place, v, new);
	rmw_done(cpu, place);
	set_zf(cpu, ok);
	cpu->s.gpr[CPU_RAX] = v[0];
	cpu->s.gpr[CPU_RDX] = v[1];
	NEXT;
}

static bool emit_cmpxchg_wide(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	decode_mem(d, &d->op[0], insn);
	insn->fn = op->arg ? cmpxchg16b : cmpxchg8b;
	return true;
}

static const struct opcode ops[] = {
	{ ZYDIS_MNEMONIC_XADD, 0, 0, emit_atomic, NULL },
	{ ZYDIS_MNEMONIC_CMPXCHG, 0, 1, emit_atomic, NULL },
	{ ZYDIS_MNEMONIC_CMPXCHG8B, 0, 0, emit_cmpxchg_wide, NULL },
	{ ZYDIS_MNEMONIC_CMPXCHG16B, 0, 1, emit_cmpxchg_wide, NULL },
};
GROUP(cpu_ops_atomic, ops);
