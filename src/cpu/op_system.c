// SPDX-License-Identifier: MIT
/*
 * Control and debug registers, MSRs, time stamps, random numbers, TLB and cache control.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"
#include "cpu/msr.h"

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
	NEXT;
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

/* One operand, register or memory, that the handler tells apart. */
static bool emit_operand(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	if (op_is_reg(d, 0))
		insn->src = insn->dst = decode_reg(d->op[0].reg.value);
	else
		decode_mem(d, &d->op[0], insn);
	insn->size = (uint8_t)(d->op[0].size / 8);
	insn->fn = (handler_fn *)op->table;
	return true;
}

HANDLER(invlpg)
{
	uint64_t lin = insn_lin(cpu, insn);

	if (cpu->controls.exits & CPU_EXITS_INVLPG)
		cpu_leave_exit(cpu, insn, CPU_EXIT_INVLPG, lin);
	if (mmu_canonical(cpu, lin))
		mmu_flush_page(cpu, lin);
	return cpu_end_block(cpu, insn);
}

static bool emit_invlpg(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	decode_mem(d, &d->op[0], insn);
	insn->flags &= (uint8_t)~INSN_MEM; /* the address is not accessed */
	insn->fn = invlpg;
	return true;
}

HANDLER(invpcid)
{
	uint64_t type = cpu->mode & MODE_64 ? reg64(cpu, insn->dst) : reg32(cpu, insn->dst), d[2];

	if (cpu->controls.exits & CPU_EXITS_INVLPG)
		cpu_leave_exit(cpu, insn, CPU_EXIT_INVPCID, insn_ea(cpu, insn));
	mem_read(cpu, insn, insn_lin(cpu, insn), d, 16);
	if (type > 3 || (type <= 1 && (d[0] >> 12 || (!(cpu->s.cr4 & CR4_PCIDE) && d[0]))) ||
	    (type == 0 && !mmu_canonical(cpu, d[1])))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	cpu_flush_tlb(cpu);
	return cpu_end_block(cpu, insn);
}

static bool emit_invpcid(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	insn->dst = decode_reg(d->op[0].reg.value);
	decode_mem(d, &d->op[1], insn);
	insn->fn = invpcid;
	return true;
}

static void check_tsd(struct cpu *cpu, struct insn *insn, uint32_t reason)
{
	if (cpu->cpl && (cpu->s.cr4 & CR4_TSD))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	if (cpu->controls.exits & CPU_EXITS_RDTSC)
		cpu_leave_exit(cpu, insn, reason, 0);
}

static void put_edx_eax(struct cpu *cpu, uint64_t v)
{
	cpu->s.gpr[CPU_RAX] = (uint32_t)v;
	cpu->s.gpr[CPU_RDX] = v >> 32;
}

static uint64_t get_edx_eax(const struct cpu *cpu)
{
	return cpu->s.gpr[CPU_RDX] << 32 | (uint32_t)cpu->s.gpr[CPU_RAX];
}

HANDLER(rdtsc)
{
	check_tsd(cpu, insn, CPU_EXIT_RDTSC);
	put_edx_eax(cpu, msr_tsc(cpu, insn->idx));
	NEXT;
}

HANDLER(rdtscp)
{
	check_tsd(cpu, insn, CPU_EXIT_RDTSCP);
	put_edx_eax(cpu, msr_tsc(cpu, insn->idx));
	cpu->s.gpr[CPU_RCX] = (uint32_t)cpu->s.tsc_aux;
	NEXT;
}

HANDLER(rdpid)
{
	*reg64p(cpu, insn->dst) = (uint32_t)cpu->s.tsc_aux;
	NEXT;
}

HANDLER(rdpmc)
{
	if (cpu->cpl && !(cpu->s.cr4 & CR4_PCE))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	if (cpu->controls.exits & CPU_EXITS_RDPMC)
		cpu_leave_exit(cpu, insn, CPU_EXIT_RDPMC, 0);
	cpu_raise_error(cpu, insn, EXC_GP, 0);
}

HANDLER(rdmsr)
{
	uint64_t v = 0;
	enum cpu_msr_answer answer = cpu_msr_read(cpu, (uint32_t)cpu->s.gpr[CPU_RCX], &v);

	if (answer == CPU_MSR_EXIT)
		cpu_leave_exit(cpu, insn, CPU_EXIT_RDMSR, 0);
	if (answer == CPU_MSR_FAULT)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	put_edx_eax(cpu, v);
	NEXT;
}

HANDLER(wrmsr)
{
	enum cpu_msr_answer answer =
		cpu_msr_write(cpu, (uint32_t)cpu->s.gpr[CPU_RCX], get_edx_eax(cpu));

	if (answer == CPU_MSR_EXIT)
		cpu_leave_exit(cpu, insn, CPU_EXIT_WRMSR, 0);
	if (answer == CPU_MSR_FAULT)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	cpu_state_changed(cpu);
	return cpu_end_block(cpu, insn);
}

HANDLER(swapgs)
{
	uint64_t base = cpu->s.seg[CPU_GS].base;

	cpu->s.seg[CPU_GS].base = cpu->s.kernel_gs_base;
	cpu->s.kernel_gs_base = base;
	NEXT;
}

/* RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE: aux is the segment. */
static void check_fsgsbase(struct cpu *cpu, struct insn *insn)
{
	if (!(cpu->s.cr4 & CR4_FSGSBASE))
		cpu_raise(cpu, insn, EXC_UD);
}

HANDLER(read_base)
{
	check_fsgsbase(cpu, insn);
	reg_set(cpu, insn->dst, insn->size, cpu->s.seg[insn->aux].base);
	NEXT;
}

HANDLER(write_base)
{
	uint64_t v = reg_get(cpu, insn->dst, insn->size);

	check_fsgsbase(cpu, insn);
	if (!mmu_canonical(cpu, v))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	cpu->s.seg[insn->aux].base = v;
	NEXT;
}

static bool emit_base(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->aux = (uint8_t)op->arg;
	return emit_operand(d, op, insn);
}

HANDLER(xgetbv)
{
	uint32_t index = (uint32_t)cpu->s.gpr[CPU_RCX];

	if (!(cpu->s.cr4 & CR4_OSXSAVE))
		cpu_raise(cpu, insn, EXC_UD);
	if (index > 1)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	put_edx_eax(cpu, cpu->s.xcr0);
	NEXT;
}

/* Random numbers: CF tells success; other arithmetic flags are cleared. */
HANDLER(hw_random)
{
	uint64_t v = 0;
	bool ok = cpu->ops->random && cpu->ops->random(cpu->opaque, &v);

	reg_set(cpu, insn->dst, insn->size, ok ? v : 0);
	flags_load_arith(cpu, ok ? FLAG_CF : 0);
	NEXT;
}

/* CLFLUSH, CLFLUSHOPT and CLWB read a byte as far as faults go. */
HANDLER(flush_line)
{
	load8(cpu, insn, insn_lin(cpu, insn));
	NEXT;
}

HANDLER(fence)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	NEXT;
}

#define OPERAND(mn, fl, handler)                                                                   \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, fl, 0, emit_operand, (const void *)handler                    \
	}
#define BASE(mn, seg, handler)                                                                     \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_64, seg, emit_base, (const void *)handler                  \
	}

static const struct opcode ops[] = {
	PLAIN(CLTS, OP_CPL0 | OP_END, clts),
	OPERAND(LMSW, OP_CPL0 | OP_END, lmsw),
	OPERAND(SMSW, 0, smsw),
	{ ZYDIS_MNEMONIC_INVLPG, OP_CPL0 | OP_END, 0, emit_invlpg, NULL },
	{ ZYDIS_MNEMONIC_INVPCID, OP_CPL0 | OP_END, 0, emit_invpcid, NULL },
	PLAIN(RDTSC, 0, rdtsc),
	PLAIN(RDTSCP, 0, rdtscp),
	OPERAND(RDPID, 0, rdpid),
	PLAIN(RDPMC, OP_END, rdpmc),
	PLAIN(RDMSR, OP_CPL0, rdmsr),
	PLAIN(WRMSR, OP_CPL0 | OP_END, wrmsr),
	PLAIN(SWAPGS, OP_CPL0 | OP_64, swapgs),
	BASE(RDFSBASE, CPU_FS, read_base),
	BASE(RDGSBASE, CPU_GS, read_base),
	BASE(WRFSBASE, CPU_FS, write_base),
	BASE(WRGSBASE, CPU_GS, write_base),
	PLAIN(XGETBV, 0, xgetbv),
	OPERAND(RDRAND, 0, hw_random),
	OPERAND(RDSEED, 0, hw_random),
	OPERAND(CLFLUSH, 0, flush_line),
	OPERAND(CLFLUSHOPT, 0, flush_line),
	OPERAND(CLWB, 0, flush_line),
	PLAIN(MFENCE, 0, fence),
	PLAIN(SFENCE, 0, fence),
	PLAIN(UD0, OP_END, undefined),
	PLAIN(UD1, OP_END, undefined),
	PLAIN(UD2, OP_END, undefined),
};
GROUP(cpu_ops_system, ops);
