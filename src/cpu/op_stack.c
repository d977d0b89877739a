// SPDX-License-Identifier: MIT
/*
 * The stack: PUSH POP PUSHA POPA PUSHF POPF ENTER LEAVE.
 */
#include "cpu/decode.h"
#include "cpu/fast.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

HANDLER(push_r)
{
	push_value(cpu, insn, reg_get(cpu, insn->src, insn->size), insn->size);
	NEXT;
}

/* In 64-bit code, with the general handler behind. */
HANDLER(push_r64)
{
	uint64_t sp = cpu->s.gpr[CPU_RSP] - 8;
	struct unaligned64 *place = fast_store64(cpu, sp);

	if (unlikely(!place))
		return push_r(cpu, insn);
	place->v = reg64(cpu, insn->src);
	cpu->s.gpr[CPU_RSP] = sp;
	NEXT;
}

HANDLER(push_i)
{
	push_value(cpu, insn, insn->imm, insn->size);
	NEXT;
}

HANDLER(push_m)
{
	uint64_t v = mem_load(cpu, insn, insn_lin(cpu, insn), insn->size);

	stack_check(cpu, insn, cpu->s.gpr[CPU_RSP] - insn->size, insn->size);
	push_value(cpu, insn, v, insn->size);
	NEXT;
}

HANDLER(push_seg)
{
	push_value(cpu, insn, cpu->s.seg[insn->aux].selector, insn->size);
	NEXT;
}

HANDLER(pop_r)
{
	uint64_t v = mem_load(cpu, insn, stack_lin(cpu, cpu->s.gpr[CPU_RSP]), insn->size);

	stack_set(cpu, cpu->s.gpr[CPU_RSP] + insn->size);
	reg_set(cpu, insn->dst, insn->size, v);
	NEXT;
}

HANDLER(pop_r64)
{
	const struct unaligned64 *place = fast_load64(cpu, cpu->s.gpr[CPU_RSP]);

	if (unlikely(!place))
		return pop_r(cpu, insn);
	cpu->s.gpr[CPU_RSP] += 8;
	set_reg64(cpu, insn->dst, place->v);
	NEXT;
}

/* An address that uses RSP uses its value after the pop; a fault undoes that. */
HANDLER(pop_m)
{
	uint64_t before = cpu->s.gpr[CPU_RSP], v, lin;

	stack_check(cpu, insn, before, insn->size);
	v = mem_load(cpu, insn, stack_lin(cpu, before), insn->size);
	stack_set(cpu, before + insn->size);
	lin = insn_lin(cpu, insn);
	cpu->s.gpr[CPU_RSP] = before;
	mem_store(cpu, insn, lin, v, insn->size);
	stack_set(cpu, before + insn->size);
	NEXT;
}

HANDLER(pop_seg)
{
	uint64_t v = mem_load(cpu, insn, stack_lin(cpu, cpu->s.gpr[CPU_RSP]), insn->size);

	seg_load(cpu, insn, insn->aux, (uint16_t)v);
	stack_set(cpu, cpu->s.gpr[CPU_RSP] + insn->size);
	if (insn->aux == CPU_SS)
		cpu->s.interruptibility |= CPU_BLOCKING_BY_MOV_SS;
	return cpu_end_block(cpu, insn);
}

static uint8_t stack_size(const struct decode *d)
{
	unsigned width = d->zi.operand_width;

	if (d->mode & MODE_64)
		return width == 16 ? 2 : 8;
	return (uint8_t)(width / 8);
}

static bool is_segment(const struct decode *d)
{
	return op_is_reg(d, 0) && d->op[0].reg.value >= ZYDIS_REGISTER_ES &&
	       d->op[0].reg.value <= ZYDIS_REGISTER_GS;
}

static bool emit_push(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	if (!op_is_mem(d, 0))
		insn->flags |= INSN_SEG_SS;
	if (is_segment(d)) {
		insn->aux = (uint8_t)(d->op[0].reg.value - ZYDIS_REGISTER_ES);
		insn->fn = push_seg;
	} else if (op_is_reg(d, 0)) {
		insn->src = decode_reg(d->op[0].reg.value);
		insn->fn = stack_size(d) == 8 ? push_r64 : push_r;
	} else if (op_is_imm(d, 0)) {
		insn->imm = d->op[0].imm.value.u;
		insn->fn = push_i;
	} else {
		decode_mem(d, &d->op[0], insn);
		insn->fn = push_m;
	}
	insn->size = stack_size(d);
	return true;
}

static bool emit_pop(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	if (!op_is_mem(d, 0))
		insn->flags |= INSN_SEG_SS;
	if (is_segment(d)) {
		insn->aux = (uint8_t)(d->op[0].reg.value - ZYDIS_REGISTER_ES);
		insn->flags |= INSN_END;
		insn->fn = pop_seg;
	} else if (op_is_reg(d, 0)) {
		insn->dst = decode_reg(d->op[0].reg.value);
		insn->fn = stack_size(d) == 8 ? pop_r64 : pop_r;
	} else {
		decode_mem(d, &d->op[0], insn);
		insn->fn = pop_m;
	}
	insn->size = stack_size(d);
	return true;
}

/* PUSHA writes eight registers, POPA reads them but for the stack pointer. */
HANDLER(pusha)
{
	uint64_t sp = cpu->s.gpr[CPU_RSP];
	unsigned size = insn->size;

	mem_probe_write(cpu, insn, stack_lin(cpu, sp - 8 * size), 8 * size);
	for (unsigned i = 0; i < 8; i++)
		mem_store(cpu, insn, stack_lin(cpu, sp - (i + 1) * size), cpu->s.gpr[i], size);
	stack_set(cpu, sp - 8 * size);
	NEXT;
}

HANDLER(popa)
{
	uint64_t sp = cpu->s.gpr[CPU_RSP], v[8];
	unsigned size = insn->size;

	for (unsigned i = 0; i < 8; i++)
		v[i] = mem_load(cpu, insn, stack_lin(cpu, sp + (7 - i) * size), size);
	for (unsigned i = 0; i < 8; i++)
		if (i != CPU_RSP)
			reg_set(cpu, offsetof(struct cpu, s.gpr) + 8 * i, size, v[i]);
	stack_set(cpu, sp + 8 * size);
	NEXT;
}

HANDLER(pushf)
{
	push_value(cpu, insn, flags_get(cpu) & ~(uint64_t)(FLAG_RF | FLAG_VM), insn->size);
	NEXT;
}

/* Which flags POPF may change depends on CPL and IOPL. */
static uint64_t popf_mask(const struct cpu *cpu, unsigned size)
{
	uint64_t mask = FLAGS_ARITH | FLAG_TF | FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID;

	if (cpu->cpl == 0)
		mask |= FLAG_IOPL;
	if (cpu->cpl <= (cpu->s.rflags >> 12 & 3))
		mask |= FLAG_IF;
	return size == 2 ? mask & 0xffff : mask;
}

HANDLER(popf)
{
	uint64_t v = mem_load(cpu, insn, stack_lin(cpu, cpu->s.gpr[CPU_RSP]), insn->size);
	uint64_t mask = popf_mask(cpu, insn->size), before = flags_get(cpu), after;

	after = (before & ~mask & ~(uint64_t)FLAG_RF) | (v & mask);
	flags_set(cpu, after);
	stack_set(cpu, cpu->s.gpr[CPU_RSP] + insn->size);
	if (!((before ^ after) & (FLAG_IF | FLAG_TF | FLAG_AC)))
		NEXT;
	cpu_state_changed(cpu);
	return cpu_end_block(cpu, insn);
}

HANDLER(leave)
{
	uint64_t bp = cpu->s.gpr[CPU_RBP];
	uint64_t v = mem_load(cpu, insn, stack_lin(cpu, bp), insn->size);

	stack_set(cpu, bp + insn->size);
	reg_set(cpu, offsetof(struct cpu, s.gpr[CPU_RBP]), insn->size, v);
	NEXT;
}

HANDLER(enter)
{
	unsigned size = insn->size, level = insn->aux & 31;
	uint64_t sp = cpu->s.gpr[CPU_RSP] - size, bp = cpu->s.gpr[CPU_RBP], frame = sp;

	mem_probe_write(cpu, insn, stack_lin(cpu, sp - level * size), (level + 1) * size);
	mem_store(cpu, insn, stack_lin(cpu, sp), bp, size);
	for (unsigned i = 1; i < level; i++) {
		uint64_t v = mem_load(cpu, insn, stack_lin(cpu, bp - i * size), size);

		sp -= size;
		mem_store(cpu, insn, stack_lin(cpu, sp), v, size);
	}
	if (level) {
		sp -= size;
		mem_store(cpu, insn, stack_lin(cpu, sp), frame, size);
	}
	mem_probe_write(cpu, insn, stack_lin(cpu, sp - insn->imm), size);
	reg_set(cpu, offsetof(struct cpu, s.gpr[CPU_RBP]), size, frame);
	stack_set(cpu, sp - insn->imm);
	NEXT;
}

static bool emit_stack(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->fn = (handler_fn *)op->table;
	insn->size = stack_size(d);
	insn->flags |= INSN_SEG_SS;
	if (insn->fn == enter) {
		insn->imm = d->op[0].imm.value.u & 0xffff;
		insn->aux = (uint8_t)d->op[1].imm.value.u;
	}
	return true;
}

#define STACK(mn, fl, handler)                                                                     \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, fl, 0, emit_stack, (const void *)handler                      \
	}

static const struct opcode ops[] = {
	{ ZYDIS_MNEMONIC_PUSH, 0, 0, emit_push, NULL },
	{ ZYDIS_MNEMONIC_POP, 0, 0, emit_pop, NULL },
	STACK(PUSHA, OP_NO64, pusha),
	STACK(PUSHAD, OP_NO64, pusha),
	STACK(POPA, OP_NO64, popa),
	STACK(POPAD, OP_NO64, popa),
	STACK(PUSHF, 0, pushf),
	STACK(PUSHFD, 0, pushf),
	STACK(PUSHFQ, 0, pushf),
	STACK(POPF, 0, popf),
	STACK(POPFD, 0, popf),
	STACK(POPFQ, 0, popf),
	STACK(LEAVE, 0, leave),
	STACK(ENTER, 0, enter),
};
GROUP(cpu_ops_stack, ops);
