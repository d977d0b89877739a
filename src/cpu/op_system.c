// SPDX-License-Identifier: MIT
/*
 * MSRs, FS and GS bases, time stamps, random numbers, TLB and cache control, hints.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"
#include "cpu/msr.h"

HANDLER(undefined)
{
	cpu_raise(cpu, insn, EXC_UD);
}

/* One operand, register or memory, that the handler tells apart. */
bool emit_operand(const struct decode *d, const struct opcode *op, struct insn *insn)
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
	put_edx_eax(cpu, index ? cpu->s.xcr0 & xstate_in_use(cpu) : cpu->s.xcr0);
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

/* Code that others changed is looked at anew, like any end of a block. */
HANDLER(serialize)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return cpu_end_block(cpu, insn);
}

#define BASE(mn, seg, handler)                                                                     \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_64, seg, emit_base, (const void *)handler                  \
	}

static const struct opcode ops[] = {
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
	PLAIN(SERIALIZE, OP_END, serialize),
	PLAIN(UD0, OP_END, undefined),
	PLAIN(UD1, OP_END, undefined),
	PLAIN(UD2, OP_END, undefined),
};
GROUP(cpu_ops_system, ops);
