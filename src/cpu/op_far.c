// SPDX-License-Identifier: MIT
/*
 * Control transfers that change CS: far JMP, CALL and RET, IRET, INT n, SYSCALL, SYSRET, SYSENTER,
 * SYSEXIT.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

/* Ends an instruction that has set s.rip itself. */
static struct insn *finish(struct cpu *cpu, struct insn *insn)
{
	cpu->executed += insn->idx + 1u;
	cpu_state_changed(cpu);
	return NULL;
}

/* The code segment of a direct far transfer at the same privilege, checked. Gates and task switches
 * are #GP here. */
static void far_code(struct cpu *cpu, struct insn *insn, uint16_t selector, struct cpu_segment *cs)
{
	struct descriptor d;
	uint64_t address;
	uint32_t ar;
	unsigned dpl;

	cpu->cur = insn;
	if (!(selector & 0xfffc))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	if (!seg_descriptor(cpu, selector, &d, &address))
		cpu_raise_error(cpu, insn, EXC_GP, selector & 0xfffc);
	seg_unpack(&d, selector, cs);
	ar = cs->access_rights;
	dpl = AR_DPL(ar);
	if ((ar & (AR_S | AR_CODE)) != (AR_S | AR_CODE) ||
	    (cpu_long_mode(cpu) && (ar & (AR_L | AR_DB)) == (AR_L | AR_DB)) ||
	    (ar & AR_DOWN ? dpl > cpu->cpl : dpl != cpu->cpl || (selector & 3u) > cpu->cpl))
		cpu_raise_error(cpu, insn, EXC_GP, selector & 0xfffc);
	if (!(ar & AR_P))
		cpu_raise_error(cpu, insn, EXC_NP, selector & 0xfffc);
	seg_set_accessed(cpu, address, &d);
	cs->access_rights |= AR_ACCESSED;
	cs->selector = (uint16_t)((selector & 0xfffc) | cpu->cpl);
}

/* Whether an offset is one that RIP may hold under this code segment. */
static void check_offset(struct cpu *cpu, struct insn *insn, const struct cpu_segment *cs,
			 uint64_t offset)
{
	bool code64 = cpu_long_mode(cpu) && (cs->access_rights & AR_L);

	if (code64 ? !mmu_canonical(cpu, offset) : offset > cs->limit)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
}

static void far_transfer(struct cpu *cpu, struct insn *insn, uint16_t selector, uint64_t offset)
{
	unsigned size = insn->size;
	struct cpu_segment cs;

	far_code(cpu, insn, selector, &cs);
	check_offset(cpu, insn, &cs, offset);
	if (insn->aux == FAR_CALL) {
		uint64_t sp = cpu->s.gpr[CPU_RSP];

		mem_probe_write(cpu, insn, stack_lin(cpu, sp - 2 * size), 2 * size);
		mem_store(cpu, insn, stack_lin(cpu, sp - size), cpu->s.seg[CPU_CS].selector, size);
		mem_store(cpu, insn, stack_lin(cpu, sp - 2 * size), insn_next_rip(cpu, insn), size);
		stack_set(cpu, sp - 2 * size);
	}
	cpu->s.seg[CPU_CS] = cs;
	cpu->s.rip = offset;
}

HANDLER(far_direct)
{
	far_transfer(cpu, insn, (uint16_t)insn->disp, insn->imm);
	return finish(cpu, insn);
}

HANDLER(far_indirect)
{
	uint64_t lin = insn_lin(cpu, insn), offset = mem_load(cpu, insn, lin, insn->size);
	uint16_t selector = load16(cpu, insn, (lin + insn->size) & cpu->lin_mask);

	far_transfer(cpu, insn, selector, offset);
	return finish(cpu, insn);
}

/* What IRET and far RET pop. */
struct far_return {
	uint64_t rip, flags, sp;
	uint16_t cs_selector, ss_selector;
	struct cpu_segment cs, ss;
	unsigned cpl;
	bool outer; /* SS:RSP come from the stack */
};

static void return_code(struct cpu *cpu, struct insn *insn, struct far_return *r)
{
	uint16_t selector = r->cs_selector;
	struct descriptor d;
	uint64_t address;
	uint32_t ar;

	cpu->cur = insn;
	if (!(selector & 0xfffc))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	if (!seg_descriptor(cpu, selector, &d, &address))
		cpu_raise_error(cpu, insn, EXC_GP, selector & 0xfffc);
	seg_unpack(&d, selector, &r->cs);
	ar = r->cs.access_rights;
	r->cpl = selector & 3;
	if ((ar & (AR_S | AR_CODE)) != (AR_S | AR_CODE) || r->cpl < cpu->cpl ||
	    (cpu_long_mode(cpu) && (ar & (AR_L | AR_DB)) == (AR_L | AR_DB)) ||
	    (ar & AR_DOWN ? AR_DPL(ar) > r->cpl : AR_DPL(ar) != r->cpl))
		cpu_raise_error(cpu, insn, EXC_GP, selector & 0xfffc);
	if (!(ar & AR_P))
		cpu_raise_error(cpu, insn, EXC_NP, selector & 0xfffc);
	seg_set_accessed(cpu, address, &d);
	r->cs.access_rights |= AR_ACCESSED;
	check_offset(cpu, insn, &r->cs, r->rip);
}

static void return_stack(struct cpu *cpu, struct insn *insn, struct far_return *r)
{
	bool to_64 = cpu_long_mode(cpu) && (r->cs.access_rights & AR_L);
	uint16_t selector = r->ss_selector;
	struct descriptor d;
	uint64_t address;
	uint32_t ar;

	if (!(selector & 0xfffc)) {
		if (!to_64 || r->cpl == 3 || (selector & 3u) != r->cpl)
			cpu_raise_error(cpu, insn, EXC_GP, 0);
		r->ss = (struct cpu_segment){ .selector = selector,
					      .access_rights = AR_UNUSABLE | r->cpl << 5 };
		return;
	}
	if (!seg_descriptor(cpu, selector, &d, &address))
		cpu_raise_error(cpu, insn, EXC_GP, selector & 0xfffc);
	seg_unpack(&d, selector, &r->ss);
	ar = r->ss.access_rights;
	if ((ar & (AR_S | AR_CODE | AR_WRITE)) != (AR_S | AR_WRITE) || AR_DPL(ar) != r->cpl ||
	    (selector & 3u) != r->cpl)
		cpu_raise_error(cpu, insn, EXC_GP, selector & 0xfffc);
	if (!(ar & AR_P))
		cpu_raise_error(cpu, insn, EXC_SS, selector & 0xfffc);
	seg_set_accessed(cpu, address, &d);
	r->ss.access_rights |= AR_ACCESSED;
}

static uint64_t pop_at(struct cpu *cpu, struct insn *insn, unsigned slot)
{
	uint64_t sp = cpu->s.gpr[CPU_RSP] + slot * insn->size;

	return mem_load(cpu, insn, stack_lin(cpu, sp), insn->size);
}

static void return_commit(struct cpu *cpu, const struct far_return *r, uint64_t sp)
{
	bool changes = r->cpl != cpu->cpl;

	cpu->s.seg[CPU_CS] = r->cs;
	cpu->s.rip = r->rip;
	if (r->outer)
		cpu->s.seg[CPU_SS] = r->ss;
	cpu_state_changed(cpu);
	stack_set(cpu, sp);
	if (changes)
		seg_null_data(cpu);
}

/* Which flags IRET may change: those of POPF, and RF. */
static uint64_t iret_mask(const struct cpu *cpu, unsigned size)
{
	uint64_t mask = FLAGS_ARITH | FLAG_TF | FLAG_DF | FLAG_NT | FLAG_RF | FLAG_AC | FLAG_ID;

	if (cpu->cpl <= (cpu->s.rflags >> 12 & 3))
		mask |= FLAG_IF;
	if (cpu->cpl == 0)
		mask |= FLAG_IOPL | FLAG_VIF | FLAG_VIP;
	return size == 2 ? mask & 0xffff : mask;
}

HANDLER(iret)
{
	struct far_return r = { 0 };
	uint64_t mask = iret_mask(cpu, insn->size), sp;

	if (cpu->s.rflags & FLAG_NT)
		cpu_raise_error(cpu, insn, cpu_long_mode(cpu) ? EXC_GP : EXC_TS, 0);
	r.rip = pop_at(cpu, insn, 0);
	r.cs_selector = (uint16_t)pop_at(cpu, insn, 1);
	r.flags = pop_at(cpu, insn, 2);
	return_code(cpu, insn, &r);
	r.outer = (cpu->mode & MODE_64) || r.cpl != cpu->cpl;
	sp = cpu->s.gpr[CPU_RSP] + 3 * insn->size;
	if (r.outer) {
		sp = pop_at(cpu, insn, 3);
		r.ss_selector = (uint16_t)pop_at(cpu, insn, 4);
		return_stack(cpu, insn, &r);
	}
	return_commit(cpu, &r, sp);
	if (!cpu->breaks)
		r.flags &= ~(uint64_t)FLAG_RF; /* it has nothing to suppress */
	flags_set(cpu, (flags_get(cpu) & ~mask) | (r.flags & mask));
	cpu->s.interruptibility &= ~CPU_BLOCKING_BY_NMI;
	return finish(cpu, insn);
}

HANDLER(far_ret)
{
	struct far_return r = { 0 };
	uint64_t sp = cpu->s.gpr[CPU_RSP] + 2 * insn->size + insn->imm;

	r.rip = pop_at(cpu, insn, 0);
	r.cs_selector = (uint16_t)pop_at(cpu, insn, 1);
	return_code(cpu, insn, &r);
	r.outer = r.cpl != cpu->cpl;
	if (r.outer) {
		uint64_t at = cpu->s.gpr[CPU_RSP] + 2 * insn->size + insn->imm;

		r.sp = mem_load(cpu, insn, stack_lin(cpu, at), insn->size);
		r.ss_selector =
			(uint16_t)mem_load(cpu, insn, stack_lin(cpu, at + insn->size), insn->size);
		return_stack(cpu, insn, &r);
		sp = r.sp + insn->imm;
	}
	return_commit(cpu, &r, sp);
	return finish(cpu, insn);
}

bool emit_far(const struct decode *d, unsigned kind, struct insn *insn)
{
	insn->aux = (uint8_t)kind;
	insn->flags |= INSN_SEG_SS;
	if (kind == FAR_RET) {
		insn->fn = far_ret;
	} else if (d->op[0].type == ZYDIS_OPERAND_TYPE_POINTER) {
		insn->imm = d->op[0].ptr.offset;
		insn->disp = d->op[0].ptr.segment;
		insn->fn = far_direct;
	} else {
		insn->flags &= (uint8_t)~INSN_SEG_SS;
		decode_mem(d, &d->op[0], insn);
		insn->fn = far_indirect;
	}
	insn->size = (uint8_t)(d->zi.operand_width / 8);
	return true;
}

static bool emit_iret(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	insn->size = (uint8_t)(d->zi.operand_width / 8);
	insn->flags |= INSN_SEG_SS;
	insn->fn = iret;
	return true;
}

/* Software interrupts are delivered by the run loop, with RIP still at the instruction until that
 * has succeeded. */
static struct insn *software_event(struct cpu *cpu, struct insn *insn, unsigned type,
				   unsigned vector)
{
	if (type != CPU_INTR_SOFTWARE && (cpu->controls.exception_bitmap >> vector & 1)) {
		cpu->exit->intr_info = CPU_INTR(type, vector);
		cpu_leave_exit(cpu, insn, CPU_EXIT_EXCEPTION, 0);
	}
	cpu->event.info = CPU_INTR(type, vector);
	cpu->event.error = 0;
	cpu->event.len = insn->len;
	cpu->executed += insn->idx + 1u;
	cpu->s.rip = insn->rip;
	cpu_attention(cpu);
	return NULL;
}

HANDLER(int_n)
{
	return software_event(cpu, insn, CPU_INTR_SOFTWARE, (unsigned)insn->imm);
}

HANDLER(int3)
{
	return software_event(cpu, insn, CPU_INTR_SOFTWARE_EXCEPTION, EXC_BP);
}

HANDLER(into)
{
	if (!flag_of(cpu))
		return cpu_end_block(cpu, insn);
	return software_event(cpu, insn, CPU_INTR_SOFTWARE_EXCEPTION, EXC_OF);
}

HANDLER(int1)
{
	cpu->fault_address = 0;
	return software_event(cpu, insn, CPU_INTR_PRIV_SOFTWARE, EXC_DB);
}

static bool emit_int(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	(void)op;
	insn->imm = d->op[0].imm.value.u & 0xff;
	insn->fn = int_n;
	return true;
}

static void set_flat(struct cpu_segment *s, uint16_t selector, unsigned dpl, bool code, bool code64)
{
	uint32_t ar = AR_G | AR_P | AR_S | dpl << 5 | (code ? 0xb : 3);

	ar |= code64 ? AR_L : AR_DB;
	seg_set_flat(s, selector, ar);
}

/*
 * After SYSCALL and SYSRET a single-step trap depends on TF as they leave it: masked by IA32_FMASK
 * the kernel meets none, and SYSRET with TF set traps before the next instruction.
 */
static struct insn *finish_fast(struct cpu *cpu, struct insn *insn)
{
	cpu->trap = cpu->s.rflags & FLAG_TF;
	if (cpu->trap)
		cpu->s.pending_debug |= DR6_BS;
	return finish(cpu, insn);
}

/* SYSCALL exists in 64-bit mode only, as on Intel's processors. */
HANDLER(syscall)
{
	uint16_t selector = (uint16_t)(cpu->s.star >> 32 & 0xfffc);
	uint64_t flags = flags_get(cpu);

	if (!(cpu->s.efer & EFER_SCE))
		cpu_raise(cpu, insn, EXC_UD);
	cpu->s.gpr[CPU_RCX] = insn_next_rip(cpu, insn);
	cpu->s.gpr[CPU_R11] = flags;
	cpu->s.rip = cpu->s.lstar;
	flags_set(cpu, flags & ~(cpu->s.fmask | FLAG_RF));
	set_flat(&cpu->s.seg[CPU_CS], selector, 0, true, true);
	set_flat(&cpu->s.seg[CPU_SS], (uint16_t)(selector + 8), 0, false, false);
	return finish_fast(cpu, insn);
}

HANDLER(sysret)
{
	uint16_t selector = (uint16_t)(cpu->s.star >> 48);
	bool to_64 = insn->size == 8;

	if (!(cpu->s.efer & EFER_SCE))
		cpu_raise(cpu, insn, EXC_UD);
	if (cpu->cpl || (to_64 && !mmu_canonical(cpu, cpu->s.gpr[CPU_RCX])))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	cpu->s.rip = to_64 ? cpu->s.gpr[CPU_RCX] : (uint32_t)cpu->s.gpr[CPU_RCX];
	flags_set(cpu, cpu->s.gpr[CPU_R11] & 0x3c7fd7);
	set_flat(&cpu->s.seg[CPU_CS], (uint16_t)((selector + (to_64 ? 16 : 0)) | 3), 3, true,
		 to_64);
	set_flat(&cpu->s.seg[CPU_SS], (uint16_t)((selector + 8) | 3), 3, false, false);
	return finish_fast(cpu, insn);
}

HANDLER(sysenter)
{
	uint16_t selector = (uint16_t)(cpu->s.sysenter_cs & 0xfffc);
	bool lma = cpu_long_mode(cpu);

	if (!selector)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	cpu->s.rflags &= ~(uint64_t)(FLAG_VM | FLAG_IF | FLAG_RF);
	cpu->s.gpr[CPU_RSP] = lma ? cpu->s.sysenter_esp : (uint32_t)cpu->s.sysenter_esp;
	cpu->s.rip = lma ? cpu->s.sysenter_eip : (uint32_t)cpu->s.sysenter_eip;
	set_flat(&cpu->s.seg[CPU_CS], selector, 0, true, lma);
	set_flat(&cpu->s.seg[CPU_SS], (uint16_t)(selector + 8), 0, false, false);
	return finish(cpu, insn);
}

HANDLER(sysexit)
{
	uint16_t selector = (uint16_t)cpu->s.sysenter_cs;
	uint64_t sp = cpu->s.gpr[CPU_RCX], ip = cpu->s.gpr[CPU_RDX];
	bool to_64 = insn->size == 8;

	if (!(selector & 0xfffc) || cpu->cpl ||
	    (to_64 && !(mmu_canonical(cpu, sp) && mmu_canonical(cpu, ip))))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	cpu->s.gpr[CPU_RSP] = to_64 ? sp : (uint32_t)sp;
	cpu->s.rip = to_64 ? ip : (uint32_t)ip;
	set_flat(&cpu->s.seg[CPU_CS], (uint16_t)((selector + (to_64 ? 32 : 16)) | 3), 3, true,
		 to_64);
	set_flat(&cpu->s.seg[CPU_SS], (uint16_t)((selector + (to_64 ? 40 : 24)) | 3), 3, false,
		 false);
	return finish(cpu, insn);
}

static bool emit_fast_return(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->size = d->zi.attributes & ZYDIS_ATTRIB_HAS_REX && d->zi.raw.rex.W ? 8 : 4;
	insn->fn = (handler_fn *)op->table;
	return true;
}

static const struct opcode ops[] = {
	{ ZYDIS_MNEMONIC_IRET, OP_END, 0, emit_iret, NULL },
	{ ZYDIS_MNEMONIC_IRETD, OP_END, 0, emit_iret, NULL },
	{ ZYDIS_MNEMONIC_IRETQ, OP_END, 0, emit_iret, NULL },
	{ ZYDIS_MNEMONIC_INT, OP_END, 0, emit_int, NULL },
	{ ZYDIS_MNEMONIC_SYSRET, OP_END | OP_64, 0, emit_fast_return, (const void *)sysret },
	{ ZYDIS_MNEMONIC_SYSEXIT, OP_END, 0, emit_fast_return, (const void *)sysexit },
	PLAIN(INT3, OP_END, int3),
	PLAIN(INT1, OP_END, int1),
	PLAIN(INTO, OP_END | OP_NO64, into),
	PLAIN(SYSCALL, OP_END | OP_64, syscall),
	PLAIN(SYSENTER, OP_END, sysenter),
};
GROUP(cpu_ops_far, ops);
