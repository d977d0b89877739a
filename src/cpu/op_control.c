// SPDX-License-Identifier: MIT
/*
 * Near control transfer: JMP, Jcc, CALL, RET, LOOP, JrCXZ.
 */
#include "cpu/decode.h"
#include "cpu/fast.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

/* Instructions are counted where control leaves a block. */
static inline void count(struct cpu *cpu, const struct insn *insn)
{
	cpu->executed += insn->idx + 1u;
}

static inline struct insn *taken(struct cpu *cpu, struct insn *insn)
{
	return block_link(cpu, &insn->link, insn->imm);
}

static inline struct insn *not_taken(struct cpu *cpu, struct insn *insn)
{
	return block_link(cpu, &insn->link_next, insn->disp);
}

HANDLER(jmp_direct)
{
	count(cpu, insn);
	return taken(cpu, insn);
}

#define JCC(cc)                                                                                    \
	HANDLER(jcc##cc)                                                                           \
	{                                                                                          \
		count(cpu, insn);                                                                  \
		if (flags_condition(cpu, cc))                                                      \
			return taken(cpu, insn);                                                   \
		return not_taken(cpu, insn);                                                       \
	}
JCC(0)
JCC(1)
JCC(2) JCC(3) JCC(4) JCC(5) JCC(6) JCC(7) JCC(8) JCC(9) JCC(10) JCC(11) JCC(12) JCC(13) JCC(14)
	JCC(15)

		static handler_fn *const jcc[16] = {
			jcc0, jcc1, jcc2,  jcc3,  jcc4,	 jcc5,	jcc6,  jcc7,
			jcc8, jcc9, jcc10, jcc11, jcc12, jcc13, jcc14, jcc15,
		};

/* LOOP, LOOPE, LOOPNE, JrCXZ: aux 0 to 3; the counter is as wide as addresses. */
HANDLER(loop)
{
	uint64_t rcx = cpu->s.gpr[CPU_RCX], n;
	bool go;

	if (insn->aux == 3) {
		go = !reg_get(cpu, offsetof(struct cpu, s.gpr[CPU_RCX]), insn->size);
	} else {
		n = rcx - 1;
		reg_set(cpu, offsetof(struct cpu, s.gpr[CPU_RCX]), insn->size, n);
		go = reg_get(cpu, offsetof(struct cpu, s.gpr[CPU_RCX]), insn->size);
		if (insn->aux)
			go = go && flag_zf(cpu) == (insn->aux == 1);
	}
	count(cpu, insn);
	return go ? taken(cpu, insn) : not_taken(cpu, insn);
}

/* An address that RIP can't hold is #GP before the branch is taken. */
static inline void check_target(struct cpu *cpu, struct insn *insn, uint64_t target)
{
	if (cpu->mode & MODE_64 ? !mmu_canonical(cpu, target) : target > cpu->s.seg[CPU_CS].limit)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
}

/* Targets are cut to the operand size outside 64-bit mode. */
static inline uint64_t cut(const struct insn *insn, uint64_t target)
{
	return insn->size == 8 ? target : insn->size == 4 ? (uint32_t)target : (uint16_t)target;
}

HANDLER(jmp_r)
{
	uint64_t target = cut(insn, reg64(cpu, insn->src));

	check_target(cpu, insn, target);
	count(cpu, insn);
	return block_enter(cpu, target);
}

HANDLER(jmp_m)
{
	uint64_t target = mem_load(cpu, insn, insn_lin(cpu, insn), insn->size);

	check_target(cpu, insn, target);
	count(cpu, insn);
	return block_enter(cpu, target);
}

HANDLER(call_direct)
{
	push_value(cpu, insn, insn->disp, insn->size);
	count(cpu, insn);
	return taken(cpu, insn);
}

/* In 64-bit code, with the general handler behind. */
HANDLER(call_direct64)
{
	uint64_t sp = cpu->s.gpr[CPU_RSP] - 8;
	struct unaligned64 *place = fast_store64(cpu, sp);

	if (unlikely(!place))
		return call_direct(cpu, insn);
	place->v = insn->disp;
	cpu->s.gpr[CPU_RSP] = sp;
	count(cpu, insn);
	return taken(cpu, insn);
}

HANDLER(call_r)
{
	uint64_t target = cut(insn, reg64(cpu, insn->src));

	check_target(cpu, insn, target);
	push_value(cpu, insn, insn_next_rip(cpu, insn), insn->size);
	count(cpu, insn);
	return block_enter(cpu, target);
}

HANDLER(call_m)
{
	uint64_t target = mem_load(cpu, insn, insn_lin(cpu, insn), insn->size);

	check_target(cpu, insn, target);
	stack_check(cpu, insn, cpu->s.gpr[CPU_RSP] - insn->size, insn->size);
	push_value(cpu, insn, insn_next_rip(cpu, insn), insn->size);
	count(cpu, insn);
	return block_enter(cpu, target);
}

HANDLER(ret)
{
	uint64_t target = mem_load(cpu, insn, stack_lin(cpu, cpu->s.gpr[CPU_RSP]), insn->size);

	check_target(cpu, insn, target);
	stack_set(cpu, cpu->s.gpr[CPU_RSP] + insn->size + insn->imm);
	count(cpu, insn);
	return block_enter(cpu, target);
}

HANDLER(ret64)
{
	const struct unaligned64 *place = fast_load64(cpu, cpu->s.gpr[CPU_RSP]);
	uint64_t target;

	if (unlikely(!place))
		return ret(cpu, insn);
	target = place->v;
	check_target(cpu, insn, target);
	cpu->s.gpr[CPU_RSP] += 8 + insn->imm;
	count(cpu, insn);
	return block_enter(cpu, target);
}

/* Operand size of a near branch: 64 bits in 64-bit mode, whatever prefixes say. */
static uint8_t branch_size(const struct decode *d)
{
	return (uint8_t)(d->mode & MODE_64 ? 8 : d->zi.operand_width / 8);
}

/* Branch target and next instruction, as `imm` and `disp`. */
static void emit_target(const struct decode *d, struct insn *insn)
{
	uint64_t next = d->rip + d->zi.length;

	insn->size = branch_size(d);
	insn->imm = cut(insn, next + d->op[0].imm.value.u);
	insn->disp = insn->size == 8 ? next : (uint32_t)next;
}

static bool emit_jcc(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	emit_target(d, insn);
	insn->fn = jcc[op->arg];
	return true;
}

static bool emit_loop(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	emit_target(d, insn);
	insn->size = (uint8_t)(d->zi.address_width / 8);
	insn->aux = (uint8_t)op->arg;
	insn->fn = loop;
	return true;
}

/* JMP and CALL; far ones belong to op_far.c. */
static bool emit_branch(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	static handler_fn *const indirect[2][2] = { { jmp_r, jmp_m }, { call_r, call_m } };

	if (d->zi.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return emit_far(d, op->arg, insn);
	if (op->arg && !op_is_mem(d, 0))
		insn->flags |= INSN_SEG_SS;
	if (op_is_imm(d, 0)) {
		emit_target(d, insn);
		insn->fn = !op->arg ? jmp_direct : insn->size == 8 ? call_direct64 : call_direct;
		return true;
	}
	if (op_is_reg(d, 0))
		insn->src = decode_reg(d->op[0].reg.value);
	else
		decode_mem(d, &d->op[0], insn);
	insn->size = branch_size(d);
	insn->fn = indirect[op->arg][op_is_mem(d, 0)];
	return true;
}

static bool emit_ret(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->imm = op_is_imm(d, 0) ? d->op[0].imm.value.u & 0xffff : 0;
	if (d->zi.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return emit_far(d, op->arg, insn);
	insn->size = branch_size(d);
	insn->flags |= INSN_SEG_SS;
	insn->fn = insn->size == 8 ? ret64 : ret;
	return true;
}

#define JCC_ROW(mn, cc)                                                                            \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_END, cc, emit_jcc, NULL                                    \
	}
#define LOOP_ROW(mn, a)                                                                            \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_END, a, emit_loop, NULL                                    \
	}

static const struct opcode ops[] = {
	CONDITIONS(JCC_ROW, J),
	LOOP_ROW(LOOP, 0),
	LOOP_ROW(LOOPE, 1),
	LOOP_ROW(LOOPNE, 2),
	LOOP_ROW(JCXZ, 3),
	LOOP_ROW(JECXZ, 3),
	LOOP_ROW(JRCXZ, 3),
	{ ZYDIS_MNEMONIC_JMP, OP_END, FAR_JMP, emit_branch, NULL },
	{ ZYDIS_MNEMONIC_CALL, OP_END, FAR_CALL, emit_branch, NULL },
	{ ZYDIS_MNEMONIC_RET, OP_END, FAR_RET, emit_ret, NULL },
};
GROUP(cpu_ops_control, ops);
