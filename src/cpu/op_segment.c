// SPDX-License-Identifier: MIT
/*
 * Descriptor tables and selectors: LGDT LIDT SGDT SIDT LLDT LTR SLDT STR LAR LSL VERR VERW, and
 * loads of far pointers.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

static unsigned table_base_size(const struct cpu *cpu)
{
	return cpu->mode & MODE_64 ? 8 : 4;
}

static void load_table(struct cpu *cpu, struct insn *insn, struct cpu_table *table)
{
	uint64_t lin = insn_lin(cpu, insn), base;
	uint16_t limit = load16(cpu, insn, lin);

	base = mem_load(cpu, insn, (lin + 2) & cpu->lin_mask, table_base_size(cpu));
	if (!mmu_canonical(cpu, base))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	table->limit = limit;
	table->base = base;
}

HANDLER(lgdt)
{
	load_table(cpu, insn, &cpu->s.gdtr);
	NEXT;
}

HANDLER(lidt)
{
	load_table(cpu, insn, &cpu->s.idtr);
	NEXT;
}

/* User-mode instruction prevention. */
static void check_umip(struct cpu *cpu, struct insn *insn)
{
	if (cpu->cpl && (cpu->s.cr4 & CR4_UMIP))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
}

static void store_table(struct cpu *cpu, struct insn *insn, const struct cpu_table *table)
{
	uint8_t image[10];
	unsigned size = 2 + table_base_size(cpu);

	check_umip(cpu, insn);
	memcpy(image, &table->limit, 2);
	memcpy(image + 2, &table->base, 8);
	mem_write(cpu, insn, insn_lin(cpu, insn), image, size);
}

HANDLER(sgdt)
{
	store_table(cpu, insn, &cpu->s.gdtr);
	NEXT;
}

HANDLER(sidt)
{
	store_table(cpu, insn, &cpu->s.idtr);
	NEXT;
}

static bool emit_table(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	decode_mem(d, &d->op[0], insn);
	insn->fn = (handler_fn *)op->table;
	return true;
}

/* Operand of the selector instructions: 16 bits from register or memory. */
static uint16_t selector_operand(struct cpu *cpu, struct insn *insn)
{
	return insn->flags & INSN_MEM ? load16(cpu, insn, insn_lin(cpu, insn))
				      : reg16(cpu, insn->src);
}

/* System descriptors are 16 bytes in long mode. */
static bool system_descriptor(struct cpu *cpu, uint16_t selector, struct descriptor *d,
			      uint64_t *address)
{
	if ((selector & 4) || !seg_descriptor(cpu, selector, d, address))
		return false;
	if (!cpu_long_mode(cpu))
		return true;
	if ((selector | 15u) > cpu->s.gdtr.limit)
		return false;
	mem_read_system(cpu, *address + 8, &d->high, 8);
	d->high &= 0xffffffff;
	return true;
}

static void load_system(struct cpu *cpu, struct insn *insn, unsigned seg, uint16_t selector,
			uint32_t type)
{
	struct cpu_segment new;
	struct descriptor d;
	uint64_t address;

	cpu->cur = insn;
	if (!system_descriptor(cpu, selector, &d, &address))
		cpu_raise_error(cpu, insn, EXC_GP, selector & 0xfffc);
	seg_unpack(&d, selector, &new);
	if ((new.access_rights &(AR_S | AR_TYPE)) != type)
		cpu_raise_error(cpu, insn, EXC_GP, selector & 0xfffc);
	if (!(new.access_rights &AR_P))
		cpu_raise_error(cpu, insn, EXC_NP, selector & 0xfffc);
	if (seg == CPU_TR) {
		uint8_t busy = (uint8_t)((d.low >> 40) | 2);

		mem_write_system(cpu, address + 5, &busy, 1);
		new.access_rights |= 2;
	}
	cpu->s.seg[seg] = new;
}

HANDLER(lldt)
{
	uint16_t selector = selector_operand(cpu, insn);

	if (selector & 0xfffc)
		load_system(cpu, insn, CPU_LDTR, selector, 2);
	else
		cpu->s.seg[CPU_LDTR] =
			(struct cpu_segment){ .selector = selector, .access_rights = AR_UNUSABLE };
	NEXT;
}

HANDLER(ltr)
{
	uint16_t selector = selector_operand(cpu, insn);

	if (!(selector & 0xfffc))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	load_system(cpu, insn, CPU_TR, selector, 9);
	NEXT;
}

static void store_selector(struct cpu *cpu, struct insn *insn, unsigned seg)
{
	check_umip(cpu, insn);
	if (insn->flags & INSN_MEM)
		store16(cpu, insn, insn_lin(cpu, insn), cpu->s.seg[seg].selector);
	else
		reg_set(cpu, insn->src, insn->size, cpu->s.seg[seg].selector);
}

HANDLER(sldt)
{
	store_selector(cpu, insn, CPU_LDTR);
	NEXT;
}

HANDLER(str)
{
	store_selector(cpu, insn, CPU_TR);
	NEXT;
}

static void set_zf(struct cpu *cpu, bool zf)
{
	flags_load_arith(cpu, (flags_arith(cpu) & ~FLAG_ZF) | (zf ? FLAG_ZF : 0));
}

/* Whether a selector names a descriptor that CPL and RPL let software see. */
static bool visible(struct cpu *cpu, uint16_t selector, struct descriptor *d, struct cpu_segment *s)
{
	unsigned rpl = selector & 3;
	uint64_t address;

	if (!(selector & 0xfffc) || !seg_descriptor(cpu, selector, d, &address))
		return false;
	seg_unpack(d, selector, s);
	if ((s->access_rights & (AR_S | AR_CODE | AR_DOWN)) == (AR_S | AR_CODE | AR_DOWN))
		return true;
	return (rpl > cpu->cpl ? rpl : cpu->cpl) <= AR_DPL(s->access_rights);
}

/* Types of system descriptors that LAR and LSL accept, a bit for each. */
#define LAR_TYPES 0x1a3eu /* outside long mode: TSSs, LDT, call and task gates */
#define LSL_TYPES 0x0a0eu

static bool system_type_ok(const struct cpu *cpu, uint32_t ar, bool lar)
{
	uint32_t types = lar ? LAR_TYPES : LSL_TYPES;

	if (ar & AR_S)
		return true;
	if (cpu_long_mode(cpu))
		types = lar ? 0x1a04 : 0x0a04;
	return types >> (ar & AR_TYPE) & 1;
}

static void load_attribute(struct cpu *cpu, struct insn *insn, bool lar)
{
	uint16_t selector = selector_operand(cpu, insn);
	struct cpu_segment s;
	struct descriptor d;
	bool ok;

	cpu->cur = insn;
	ok = visible(cpu, selector, &d, &s) && system_type_ok(cpu, s.access_rights, lar);
	set_zf(cpu, ok);
	if (ok)
		reg_set(cpu, insn->dst, insn->size, lar ? d.low >> 32 & 0xf0ff00 : s.limit);
}

HANDLER(lar)
{
	load_attribute(cpu, insn, true);
	NEXT;
}

HANDLER(lsl)
{
	load_attribute(cpu, insn, false);
	NEXT;
}

static void verify(struct cpu *cpu, struct insn *insn, bool write)
{
	uint16_t selector = selector_operand(cpu, insn);
	struct cpu_segment s;
	struct descriptor d;
	bool ok;

	cpu->cur = insn;
	ok = visible(cpu, selector, &d, &s) && (s.access_rights & AR_S);
	if (ok && write)
		ok = (s.access_rights & (AR_CODE | AR_WRITE)) == AR_WRITE;
	else if (ok)
		ok = (s.access_rights & (AR_CODE | AR_WRITE)) != AR_CODE;
	set_zf(cpu, ok);
}

HANDLER(verr)
{
	verify(cpu, insn, false);
	NEXT;
}

HANDLER(verw)
{
	verify(cpu, insn, true);
	NEXT;
}

/* LLDT, LTR, SLDT, STR, VERR, VERW take one operand; LAR and LSL a register first. */
static bool emit_selector(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	unsigned i = op->arg;

	if (i)
		insn->dst = decode_reg(d->op[0].reg.value);
	if (op_is_reg(d, i))
		insn->src = decode_reg(d->op[i].reg.value);
	else
		decode_mem(d, &d->op[i], insn);
	insn->size = (uint8_t)(d->op[0].size / 8);
	insn->fn = (handler_fn *)op->table;
	return true;
}

/* LES, LDS, LSS, LFS, LGS. */
HANDLER(load_far_pointer)
{
	uint64_t lin = insn_lin(cpu, insn), offset = mem_load(cpu, insn, lin, insn->size);
	uint16_t selector = load16(cpu, insn, (lin + insn->size) & cpu->lin_mask);

	seg_load(cpu, insn, insn->aux, selector);
	reg_set(cpu, insn->dst, insn->size, offset);
	return cpu_end_block(cpu, insn);
}

static bool emit_far_pointer(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->dst = decode_reg(d->op[0].reg.value);
	decode_mem(d, &d->op[1], insn);
	insn->size = (uint8_t)(d->op[0].size / 8);
	insn->aux = (uint8_t)op->arg;
	insn->fn = load_far_pointer;
	return true;
}

#define TABLE(mn, fl, fn)                                                                          \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, fl, 0, emit_table, (const void *)fn                           \
	}
#define SEL(mn, fl, arg, fn)                                                                       \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, fl, arg, emit_selector, (const void *)fn                      \
	}
#define FARP(mn, fl, seg)                                                                          \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, (fl) | OP_END, seg, emit_far_pointer, NULL                    \
	}

static const struct opcode ops[] = {
	TABLE(LGDT, OP_CPL0, lgdt), TABLE(LIDT, OP_CPL0, lidt),	 TABLE(SGDT, 0, sgdt),
	TABLE(SIDT, 0, sidt),	    SEL(LLDT, OP_CPL0, 0, lldt), SEL(LTR, OP_CPL0, 0, ltr),
	SEL(SLDT, 0, 0, sldt),	    SEL(STR, 0, 0, str),	 SEL(VERR, 0, 0, verr),
	SEL(VERW, 0, 0, verw),	    SEL(LAR, 0, 1, lar),	 SEL(LSL, 0, 1, lsl),
	FARP(LES, OP_NO64, CPU_ES), FARP(LDS, OP_NO64, CPU_DS),	 FARP(LSS, 0, CPU_SS),
	FARP(LFS, 0, CPU_FS),	    FARP(LGS, 0, CPU_GS),
};
GROUP(cpu_ops_segment, ops);
