// SPDX-License-Identifier: MIT
/*
 * Control and debug registers: MOV to and from them, CLTS, LMSW, SMSW.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

static uint64_t cr_qualification(unsigned cr, unsigned type, unsigned reg)
{
	return cr | type << 4 | (uint64_t)reg << 8;
}

static uint64_t *gpr_of(struct cpu *cpu, const struct insn *insn)
{
	return &cpu->s.gpr[insn->imm];
}

/* A write to CR0: host-owned bits must match the shadow; returns the value to take. */
static uint64_t cr0_masked(struct cpu *cpu, struct insn *insn, uint64_t v, uint64_t qualification)
{
	const struct cpu_controls *c = &cpu->controls;

	if ((v ^ c->cr0_shadow) & c->cr0_mask)
		cpu_leave_exit(cpu, insn, CPU_EXIT_CR, qualification);
	return ((v & ~c->cr0_mask) | (cpu->s.cr0 & c->cr0_mask) | CR0_ET) & 0xe005003f;
}

static void paging_on(struct cpu *cpu, struct insn *insn)
{
	if (!(cpu->s.efer & EFER_LME))
		return;
	if (!(cpu->s.cr4 & CR4_PAE) || (cpu->s.seg[CPU_CS].access_rights & AR_L))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	cpu->s.efer |= EFER_LMA;
}

static void paging_off(struct cpu *cpu, struct insn *insn)
{
	if ((cpu->mode & MODE_64) || (cpu->s.cr4 & CR4_PCIDE))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	cpu->s.efer &= ~EFER_LMA;
}

static void write_cr0(struct cpu *cpu, struct insn *insn, uint64_t v, uint64_t qualification)
{
	uint64_t new;

	if (v >> 32 || ((v & CR0_PG) && !(v & CR0_PE)) || ((v & CR0_NW) && !(v & CR0_CD)))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	new = cr0_masked(cpu, insn, v, qualification);
	if (cpu->controls.cr0_fixed1 & ~new)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	if (new & ~cpu->s.cr0 & CR0_PG)
		paging_on(cpu, insn);
	else if (~new & cpu->s.cr0 & CR0_PG)
		paging_off(cpu, insn);
	if ((new ^ cpu->s.cr0) & (CR0_PG | CR0_WP | CR0_PE))
		cpu_flush_tlb(cpu);
	cpu->s.cr0 = new;
	cpu_state_changed(cpu);
}

static void write_cr3(struct cpu *cpu, struct insn *insn, uint64_t v)
{
	if (cpu->controls.exits & CPU_EXITS_CR3_LOAD)
		cpu_leave_exit(cpu, insn, CPU_EXIT_CR, cr_qualification(3, 0, (unsigned)insn->imm));
	if (cpu_long_mode(cpu) || (cpu->mode & MODE_64)) {
		uint64_t v63 = cpu->s.cr4 & CR4_PCIDE ? v & ~(1ull << 63) : v;

		if (v63 >> cpu->controls.phys_bits)
			cpu_raise_error(cpu, insn, EXC_GP, 0);
		v = v63;
	}
	cpu->s.cr3 = v;
	cpu_flush_tlb(cpu);
}

static void write_cr4(struct cpu *cpu, struct insn *insn, uint64_t v)
{
	const struct cpu_controls *c = &cpu->controls;
	uint64_t new, changed;

	if (v & ~c->cr4_allowed)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	if ((v ^ c->cr4_shadow) & c->cr4_mask)
		cpu_leave_exit(cpu, insn, CPU_EXIT_CR, cr_qualification(4, 0, (unsigned)insn->imm));
	new = (v & ~c->cr4_mask) | (cpu->s.cr4 & c->cr4_mask);
	changed = new ^ cpu->s.cr4;
	if (cpu_long_mode(cpu) && (!(new &CR4_PAE) || (changed & CR4_LA57)))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	if ((changed & new &CR4_PCIDE) && (!cpu_long_mode(cpu) || (cpu->s.cr3 & 0xfff)))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	cpu->s.cr4 = new;
	if (changed & (CR4_PSE | CR4_PAE | CR4_PGE | CR4_LA57 | CR4_PCIDE | CR4_SMEP | CR4_SMAP))
		cpu_flush_tlb(cpu);
	cpu_state_changed(cpu);
}

static void write_cr8(struct cpu *cpu, struct insn *insn, uint64_t v)
{
	if (v >> 4)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	if (cpu->controls.exits & CPU_EXITS_CR8_LOAD)
		cpu_leave_exit(cpu, insn, CPU_EXIT_CR, cr_qualification(8, 0, (unsigned)insn->imm));
	cpu->s.cr8 = v;
	if (cpu->ops->write_cr8)
		cpu->ops->write_cr8(cpu->opaque, v);
	cpu_attention(cpu);
}

HANDLER(mov_to_cr)
{
	uint64_t v = *gpr_of(cpu, insn);

	if (!(cpu->mode & MODE_64))
		v = (uint32_t)v;
	switch (insn->aux) {
	case 0: write_cr0(cpu, insn, v, cr_qualification(0, 0, (unsigned)insn->imm)); break;
	case 2: cpu->s.cr2 = v; break;
	case 3: write_cr3(cpu, insn, v); break;
	case 4: write_cr4(cpu, insn, v); break;
	default: write_cr8(cpu, insn, v);
	}
	return cpu_end_block(cpu, insn);
}

static uint64_t read_cr8(struct cpu *cpu, struct insn *insn)
{
	if (cpu->controls.exits & CPU_EXITS_CR8_STORE)
		cpu_leave_exit(cpu, insn, CPU_EXIT_CR, cr_qualification(8, 1, (unsigned)insn->imm));
	return cpu->ops->read_cr8 ? cpu->ops->read_cr8(cpu->opaque) : cpu->s.cr8;
}

static uint64_t seen_cr0(const struct cpu *cpu)
{
	return (cpu->s.cr0 & ~cpu->controls.cr0_mask) |
	       (cpu->controls.cr0_shadow & cpu->controls.cr0_mask);
}

HANDLER(mov_from_cr)
{
	uint64_t v;

	switch (insn->aux) {
	case 0: v = seen_cr0(cpu); break;
	case 2: v = cpu->s.cr2; break;
	case 3:
		if (cpu->controls.exits & CPU_EXITS_CR3_STORE)
			cpu_leave_exit(cpu, insn, CPU_EXIT_CR,
				       cr_qualification(3, 1, (unsigned)insn->imm));
		v = cpu->s.cr3;
		break;
	case 4:
		v = (cpu->s.cr4 & ~cpu->controls.cr4_mask) |
		    (cpu->controls.cr4_shadow & cpu->controls.cr4_mask);
		break;
	default: v = read_cr8(cpu, insn);
	}
	*gpr_of(cpu, insn) = cpu->mode & MODE_64 ? v : (uint32_t)v;
	NEXT;
}

/* Debug registers 4 and 5 stand for 6 and 7 unless CR4.DE forbids. */
static unsigned dr_number(struct cpu *cpu, struct insn *insn, bool write)
{
	unsigned n = insn->aux;

	if (n > 7 || ((n == 4 || n == 5) && (cpu->s.cr4 & CR4_DE)))
		cpu_raise(cpu, insn, EXC_UD);
	if (cpu->controls.exits & CPU_EXITS_DR)
		cpu_leave_exit(cpu, insn, CPU_EXIT_DR, n | (uint64_t)!write << 4 | insn->imm << 8);
	if (cpu->s.dr[7] & DR7_GD) {
		cpu->fault_address = DR6_BD;
		cpu_raise(cpu, insn, EXC_DB);
	}
	return n == 4 || n == 5 ? n + 2 : n;
}

HANDLER(mov_to_dr)
{
	unsigned n = dr_number(cpu, insn, true);
	uint64_t v = *gpr_of(cpu, insn);

	if (!(cpu->mode & MODE_64))
		v = (uint32_t)v;
	if (n >= 6 && v >> 32)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	if (n == 6)
		v = (v & 0x1e00f) | 0xfffe0ff0;
	else if (n == 7)
		v = (v & 0xffff2bff) | 0x400;
	cpu->s.dr[n] = v;
	if (n == 6)
		NEXT;
	debug_changed(cpu);
	return cpu_end_block(cpu, insn);
}

HANDLER(mov_from_dr)
{
	uint64_t v = cpu->s.dr[dr_number(cpu, insn, false)];

	*gpr_of(cpu, insn) = cpu->mode & MODE_64 ? v : (uint32_t)v;
	NEXT;
}

HANDLER(undefined)
{
	cpu_raise(cpu, insn, EXC_UD);
}

HANDLER(not_privileged)
{
	cpu_raise_error(cpu, insn, EXC_GP, 0);
}

static bool cr_exists(const struct decode *d, unsigned n)
{
	return n == 0 || n == 2 || n == 3 || n == 4 || (n == 8 && (d->mode & MODE_64));
}

bool emit_mov_system(const struct decode *d, struct insn *insn)
{
	bool write = d->op[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		     ZydisRegisterGetClass(d->op[1].reg.value) != ZYDIS_REGCLASS_CONTROL &&
		     ZydisRegisterGetClass(d->op[1].reg.value) != ZYDIS_REGCLASS_DEBUG;
	ZydisRegister system = d->op[!write].reg.value;
	bool control = ZydisRegisterGetClass(system) == ZYDIS_REGCLASS_CONTROL;

	insn->aux = (uint8_t)(system - (control ? ZYDIS_REGISTER_CR0 : ZYDIS_REGISTER_DR0));
	insn->imm = (uint64_t)ZydisRegisterGetId(d->op[write].reg.value);
	insn->flags |= write ? INSN_END : 0;
	if (control && !cr_exists(d, insn->aux))
		insn->fn = undefined;
	else if (!(d->mode & MODE_CPL0))
		insn->fn = not_privileged;
	else if (control)
		insn->fn = write ? mov_to_cr : mov_from_cr;
	else
		insn->fn = write ? mov_to_dr : mov_from_dr;
	return true;
}

HANDLER(clts)
{
	if (cpu->controls.cr0_mask & CR0_TS && cpu->controls.cr0_shadow & CR0_TS)
		cpu_leave_exit(cpu, insn, CPU_EXIT_CR, cr_qualification(0, 2, 0));
	if (!(cpu->controls.cr0_mask & CR0_TS))
		cpu->s.cr0 &= ~CR0_TS;
	cpu_state_changed(cpu);
	return cpu_end_block(cpu, insn);
}

HANDLER(lmsw)
{
	uint16_t v = insn->flags & INSN_MEM ? load16(cpu, insn, insn_lin(cpu, insn))
					    : reg16(cpu, insn->src);
	uint64_t seen = seen_cr0(cpu), new = (seen & ~0xeull) | (v & 0xf);

	write_cr0(cpu, insn, new, cr_qualification(0, 3, 0) | (uint64_t)v << 16);
	return cpu_end_block(cpu, insn);
}

HANDLER(smsw)
{
	uint64_t v = seen_cr0(cpu);

	if (cpu->cpl && (cpu->s.cr4 & CR4_UMIP))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	if (insn->flags & INSN_MEM)
		store16(cpu, insn, insn_lin(cpu, insn), (uint16_t)v);
	else
		reg_set(cpu, insn->src, insn->size, v);
	NEXT;
}

static const struct opcode ops[] = {
	PLAIN(CLTS, OP_CPL0 | OP_END, clts),
	OPERAND(LMSW, OP_CPL0 | OP_END, lmsw),
	OPERAND(SMSW, 0, smsw),
};
GROUP(cpu_ops_cr, ops);
