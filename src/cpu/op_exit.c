// SPDX-License-Identifier: MIT
/*
 * Instructions that leave the guest: CPUID, HLT, I/O, VMX and TDX instructions, cache and monitor
 * control.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

/* Always an exit; imm is the reason. */
HANDLER(always_exit)
{
	cpu_leave_exit(cpu, insn, (uint32_t)insn->imm, 0);
}

HANDLER(undefined)
{
	cpu_raise(cpu, insn, EXC_UD);
}

static bool emit_exit(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)d;
	insn->imm = op->arg;
	insn->fn = always_exit;
	return true;
}

/* An exit if its control (disp) is on, else as the table of the CPU_EXITS_ bits says: #UD, or
 * nothing happens. */
HANDLER(exit_or_undefined)
{
	if (!(cpu->controls.exits & insn->disp))
		cpu_raise(cpu, insn, EXC_UD);
	cpu_leave_exit(cpu, insn, (uint32_t)insn->imm, 0);
}

HANDLER(exit_or_nothing)
{
	if (cpu->controls.exits & insn->disp)
		cpu_leave_exit(cpu, insn, (uint32_t)insn->imm, 0);
	NEXT;
}

/* arg: reason | control's bit number << 8; table: handler. */
static bool emit_conditional(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)d;
	insn->imm = op->arg & 0xff;
	insn->disp = 1ull << (op->arg >> 8);
	insn->fn = (handler_fn *)op->table;
	return true;
}

/* Not intercepted, HLT waits for an event: the run loop sees the activity state. */
HANDLER(hlt)
{
	if (cpu->controls.exits & CPU_EXITS_HLT)
		cpu_leave_exit(cpu, insn, CPU_EXIT_HLT, 0);
	cpu->s.activity = CPU_HLT;
	cpu_attention(cpu);
	return cpu_end_block(cpu, insn);
}

/* VMX instructions with operands: qualification is the displacement, instruction information left
 * to the consumer. */
HANDLER(vmx_memory)
{
	cpu->exit->gla = insn_lin(cpu, insn);
	cpu_leave_exit(cpu, insn, (uint32_t)insn->imm, insn->disp);
}

static bool emit_vmx(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	unsigned i;

	emit_exit(d, op, insn);
	for (i = 0; i < d->zi.operand_count_visible && !op_is_mem(d, i); i++)
		;
	if (i == d->zi.operand_count_visible)
		return true;
	decode_mem(d, &d->op[i], insn);
	insn->imm = op->arg;
	insn->fn = vmx_memory;
	return true;
}

/* I/O permission: IOPL, else the bitmap in the TSS. */
static void check_io(struct cpu *cpu, struct insn *insn, uint16_t port, unsigned size)
{
	const struct cpu_segment *tr = &cpu->s.seg[CPU_TR];
	uint16_t map, bits;

	if (cpu->cpl <= (cpu->s.rflags >> 12 & 3))
		return;
	cpu->cur = insn;
	if (tr->limit < 103)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	mem_read_system(cpu, tr->base + 102, &map, 2);
	if (map + port / 8u + 1 > tr->limit)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	mem_read_system(cpu, tr->base + map + port / 8u, &bits, 2);
	if (bits >> (port & 7) & ((1u << size) - 1))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
}

#define IO_IN	     (1u << 3)
#define IO_STRING    (1u << 4)
#define IO_REP	     (1u << 5)
#define IO_IMMEDIATE (1u << 6)

static uint64_t io_qualification(const struct insn *insn, uint16_t port, uint32_t kind)
{
	return (insn->size - 1u) | kind | (insn->flags & INSN_IMM ? IO_IMMEDIATE : 0) |
	       (uint64_t)port << 16;
}

static uint16_t io_port(const struct cpu *cpu, const struct insn *insn)
{
	return insn->flags & INSN_IMM ? (uint16_t)insn->imm : (uint16_t)cpu->s.gpr[CPU_RDX];
}

/* aux: IN or OUT. Without the exit nobody answers. */
HANDLER(io)
{
	uint16_t port = io_port(cpu, insn);

	check_io(cpu, insn, port, insn->size);
	if (cpu->controls.exits & CPU_EXITS_IO)
		cpu_leave_exit(cpu, insn, CPU_EXIT_IO, io_qualification(insn, port, insn->aux));
	if (insn->aux & IO_IN)
		reg_set(cpu, offsetof(struct cpu, s.gpr), insn->size, ~0ull);
	NEXT;
}

/* INS and OUTS always exit, once per element: the consumer moves the element, RSI or RDI, RCX and,
 * at the end, RIP. */
HANDLER(io_string)
{
	uint16_t port = (uint16_t)cpu->s.gpr[CPU_RDX];
	unsigned log = insn->addr_mask == ~0ull ? 2 : insn->addr_mask == 0xffffffff;
	bool rep = insn->flags & (INSN_REP | INSN_REPNE), in = insn->aux & IO_IN;
	uint64_t offset = cpu->s.gpr[in ? CPU_RDI : CPU_RSI] & insn->addr_mask;

	if (rep && !(cpu->s.gpr[CPU_RCX] & insn->addr_mask))
		NEXT;
	check_io(cpu, insn, port, insn->size);
	cpu->exit->gla = (offset + reg64(cpu, insn->seg)) & cpu->lin_mask;
	cpu->exit->insn_info = log << 7 | (uint32_t)insn->dst << 15;
	cpu_leave_exit(cpu, insn, CPU_EXIT_IO,
		       io_qualification(insn, port, IO_STRING | insn->aux | (rep ? IO_REP : 0)));
}

static bool emit_io(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	unsigned port = op->arg & IO_IN ? 1 : 0;

	insn->aux = (uint8_t)op->arg;
	insn->size = (uint8_t)(d->op[!port].size / 8);
	if (op_is_imm(d, port)) {
		insn->imm = d->op[port].imm.value.u & 0xff;
		insn->flags |= INSN_IMM;
	}
	insn->fn = io;
	return true;
}

static bool emit_io_string(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->aux = (uint8_t)(op->arg & IO_IN);
	for (unsigned i = 0; i < d->zi.operand_count; i++)
		if (op_is_mem(d, i)) {
			decode_mem(d, &d->op[i], insn);
			insn->dst = (uint16_t)(d->op[i].mem.segment - ZYDIS_REGISTER_ES);
		}
	insn->flags &= (uint8_t)~INSN_MEM;
	insn->size = (uint8_t)(op->arg >> 8);
	insn->fn = io_string;
	return true;
}

#define EXIT(mn, fl, reason)                                                                       \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, (fl) | OP_END, CPU_EXIT_##reason, emit_exit, NULL             \
	}
#define VMX(mn, reason)                                                                            \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_END, CPU_EXIT_##reason, emit_vmx, NULL                     \
	}
#define COND(mn, fl, reason, bit, fn)                                                              \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, fl, CPU_EXIT_##reason | (bit) << 8, emit_conditional,         \
			(const void *)fn                                                           \
	}
#define BIT(control) __builtin_ctz(CPU_EXITS_##control)
#define IO(mn, kind)                                                                               \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_END, kind, emit_io, NULL                                   \
	}
#define IOS(mn, kind, size)                                                                        \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, OP_END, (kind) | (size) << 8, emit_io_string, NULL            \
	}

static const struct opcode ops[] = {
	EXIT(CPUID, 0, CPUID),
	EXIT(GETSEC, 0, GETSEC),
	EXIT(INVD, OP_CPL0, INVD),
	EXIT(XSETBV, OP_CPL0, XSETBV),
	EXIT(VMCALL, 0, VMCALL),
	EXIT(VMLAUNCH, 0, VMLAUNCH),
	EXIT(VMRESUME, 0, VMRESUME),
	EXIT(VMXOFF, 0, VMXOFF),
	EXIT(TDCALL, 0, TDCALL),
	EXIT(SEAMCALL, 0, SEAMCALL),
	VMX(VMCLEAR, VMCLEAR),
	VMX(VMPTRLD, VMPTRLD),
	VMX(VMPTRST, VMPTRST),
	VMX(VMXON, VMXON),
	VMX(VMREAD, VMREAD),
	VMX(VMWRITE, VMWRITE),
	VMX(INVEPT, INVEPT),
	VMX(INVVPID, INVVPID),
	PLAIN(VMFUNC, OP_END, undefined),
	PLAIN(RSM, OP_END, undefined),
	PLAIN(SEAMRET, OP_END, undefined),
	PLAIN(SEAMOPS, OP_END, undefined),
	PLAIN(ENCLU, OP_END, undefined),
	PLAIN(ENCLV, OP_END, undefined),
	COND(ENCLS, OP_CPL0 | OP_END, ENCLS, BIT(ENCLS), exit_or_undefined),
	COND(PCONFIG, OP_CPL0 | OP_END, PCONFIG, BIT(PCONFIG), exit_or_undefined),
	COND(MONITOR, OP_END, MONITOR, BIT(MONITOR), exit_or_undefined),
	COND(MWAIT, OP_END, MWAIT, BIT(MWAIT), exit_or_undefined),
	COND(WBINVD, OP_CPL0, WBINVD, BIT(WBINVD), exit_or_nothing),
	COND(PAUSE, 0, PAUSE, BIT(PAUSE), exit_or_nothing),
	PLAIN(HLT, OP_CPL0 | OP_END, hlt),
	IO(IN, IO_IN),
	IO(OUT, 0),
	IOS(INSB, IO_IN, 1),
	IOS(INSW, IO_IN, 2),
	IOS(INSD, IO_IN, 4),
	IOS(OUTSB, 0, 1),
	IOS(OUTSW, 0, 2),
	IOS(OUTSD, 0, 4),
};
GROUP(cpu_ops_exit, ops);
