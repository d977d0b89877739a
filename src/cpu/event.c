// SPDX-License-Identifier: MIT
/*
 * Exceptions, interrupts and exits: leaving a handler, double and triple faults, delivery through
 * the guest's IDT.
 */
#include "cpu/flags.h"
#include "cpu/mem.h"

_Noreturn void cpu_raise_error(struct cpu *cpu, struct insn *insn, unsigned vector, uint32_t error)
{
	cpu->cur = insn;
	cpu->event.info = CPU_INTR(CPU_INTR_EXCEPTION, vector) | CPU_INTR_ERROR_CODE;
	cpu->event.error = error;
	cpu->event.len = 0;
	longjmp(cpu->jmp, LEAVE_EXCEPTION);
}

_Noreturn void cpu_raise(struct cpu *cpu, struct insn *insn, unsigned vector)
{
	cpu->cur = insn;
	cpu->event.info = CPU_INTR(CPU_INTR_EXCEPTION, vector);
	cpu->event.error = 0;
	cpu->event.len = 0;
	longjmp(cpu->jmp, LEAVE_EXCEPTION);
}

_Noreturn void cpu_leave_exit(struct cpu *cpu, struct insn *insn, uint32_t reason,
			      uint64_t qualification)
{
	cpu->cur = insn;
	cpu->exit->reason = reason;
	cpu->exit->qualification = qualification;
	cpu->exit->insn_len = insn ? insn->len : cpu->delivering.len;
	/* a triple fault ends the delivery that led to it (SDM section 27.2.4) */
	if (reason != CPU_EXIT_TRIPLE_FAULT) {
		cpu->exit->vectoring_info = cpu->delivering.info;
		cpu->exit->vectoring_error = cpu->delivering.error;
	}
	longjmp(cpu->jmp, LEAVE_EXIT);
}

/* Classes of SDM table 6-4. */
static bool contributory(unsigned vector)
{
	return vector == EXC_DE || (vector >= EXC_TS && vector <= EXC_GP);
}

static bool page_fault_class(unsigned vector)
{
	return vector == EXC_PF || vector == EXC_VE;
}

/* An exception met while another event was being delivered: becomes a double fault, a triple fault
 * or stays. */
static void combine(struct cpu *cpu)
{
	unsigned first = CPU_INTR_VECTOR(cpu->delivering.info),
		 second = CPU_INTR_VECTOR(cpu->event.info);

	if (CPU_INTR_TYPE(cpu->delivering.info) != CPU_INTR_EXCEPTION)
		return;
	if (first == EXC_DF)
		cpu_leave_exit(cpu, NULL, CPU_EXIT_TRIPLE_FAULT, 0);
	if ((contributory(first) && contributory(second)) ||
	    (page_fault_class(first) && (contributory(second) || page_fault_class(second)))) {
		cpu->event.info = CPU_INTR(CPU_INTR_EXCEPTION, EXC_DF) | CPU_INTR_ERROR_CODE;
		cpu->event.error = 0;
	}
}

static void exception_exit(struct cpu *cpu, unsigned vector)
{
	cpu->exit->intr_info = cpu->event.info;
	cpu->exit->intr_error = cpu->event.error;
	cpu->event.info = 0;
	cpu_leave_exit(cpu, NULL, CPU_EXIT_EXCEPTION,
		       vector == EXC_PF || vector == EXC_DB ? cpu->fault_address : 0);
}

/* The exception in cpu->event was raised: intercept it, or make it the event to deliver next. */
void event_exception(struct cpu *cpu)
{
	unsigned vector = CPU_INTR_VECTOR(cpu->event.info);

	if (cpu->controls.exception_bitmap >> vector & 1)
		exception_exit(cpu, vector);
	if (vector == EXC_PF)
		cpu->s.cr2 = cpu->fault_address;
	if (vector == EXC_DB) {
		cpu->s.dr[6] = (cpu->s.dr[6] & ~0xfull) | cpu->fault_address | 0xffff0ff0;
		cpu->s.dr[7] &= ~(uint64_t)DR7_GD;
	}
	if (cpu->delivering.info & CPU_INTR_VALID)
		combine(cpu);
	cpu->delivering.info = 0;
	vector = CPU_INTR_VECTOR(cpu->event.info);
	if (vector == EXC_DF && (cpu->controls.exception_bitmap >> EXC_DF & 1))
		exception_exit(cpu, vector);
}

/* A delivery under way. */
struct delivery {
	unsigned vector, type;
	bool software; /* INT n, INT3, INTO: gate privilege is checked, EXT is 0 */
	uint32_t ext;
	uint64_t target;
	unsigned gate_type, ist;
	uint16_t selector;
	struct cpu_segment cs, ss;
	unsigned cpl;
	bool switches; /* to a more privileged stack */
	uint64_t rip, flags, sp;
	unsigned context;
};

static _Noreturn void gate_fault(struct cpu *cpu, const struct delivery *v, unsigned exception)
{
	cpu_raise_error(cpu, NULL, exception, v->vector << 3 | 2 | v->ext);
}

static _Noreturn void selector_fault(struct cpu *cpu, const struct delivery *v, unsigned exception,
				     uint16_t selector)
{
	cpu_raise_error(cpu, NULL, exception, (selector & 0xfffcu) | v->ext);
}

static void read_gate(struct cpu *cpu, struct delivery *v)
{
	unsigned size = cpu_long_mode(cpu) ? 16 : 8;
	uint64_t gate[2] = { 0 };
	unsigned dpl;

	if (v->vector * size + size - 1 > cpu->s.idtr.limit)
		gate_fault(cpu, v, EXC_GP);
	mem_read_system(cpu, cpu->s.idtr.base + v->vector * size, gate, size);
	v->gate_type = gate[0] >> 40 & 0x1f;
	dpl = gate[0] >> 45 & 3;
	if (v->gate_type != 14 && v->gate_type != 15)
		gate_fault(cpu, v, EXC_GP);
	if (v->software && v->type != CPU_INTR_PRIV_SOFTWARE && dpl < cpu->cpl)
		gate_fault(cpu, v, EXC_GP);
	if (!(gate[0] >> 47 & 1))
		gate_fault(cpu, v, EXC_NP);
	v->selector = (uint16_t)(gate[0] >> 16);
	v->target = (gate[0] & 0xffff) | (gate[0] >> 48 << 16);
	if (size == 16) {
		v->target |= gate[1] << 32;
		v->ist = gate[0] >> 32 & 7;
	}
}

static void read_code(struct cpu *cpu, struct delivery *v)
{
	struct descriptor d;
	uint64_t address;
	unsigned dpl;

	if (!(v->selector & 0xfffc))
		cpu_raise_error(cpu, NULL, EXC_GP, v->ext);
	if (!seg_descriptor(cpu, v->selector, &d, &address))
		selector_fault(cpu, v, EXC_GP, v->selector);
	seg_unpack(&d, v->selector, &v->cs);
	dpl = AR_DPL(v->cs.access_rights);
	if ((v->cs.access_rights & (AR_S | AR_CODE)) != (AR_S | AR_CODE) || dpl > cpu->cpl)
		selector_fault(cpu, v, EXC_GP, v->selector);
	if (cpu_long_mode(cpu) && (v->cs.access_rights & (AR_L | AR_DB)) != AR_L)
		selector_fault(cpu, v, EXC_GP, v->selector);
	if (!(v->cs.access_rights & AR_P))
		selector_fault(cpu, v, EXC_NP, v->selector);
	v->cpl = v->cs.access_rights & AR_DOWN ? cpu->cpl : dpl;
	v->switches = v->cpl < cpu->cpl;
	v->cs.selector = (uint16_t)((v->selector & 0xfffc) | v->cpl);
	seg_set_accessed(cpu, address, &d);
	v->cs.access_rights |= AR_ACCESSED;
}

static uint64_t tss_read(struct cpu *cpu, const struct delivery *v, unsigned offset, unsigned size)
{
	uint64_t value = 0;

	if (offset + size - 1 > cpu->s.seg[CPU_TR].limit)
		selector_fault(cpu, v, EXC_TS, cpu->s.seg[CPU_TR].selector);
	mem_read_system(cpu, cpu->s.seg[CPU_TR].base + offset, &value, size);
	return value;
}

static void choose_stack_long(struct cpu *cpu, struct delivery *v)
{
	v->sp = cpu->s.gpr[CPU_RSP];
	v->ss = cpu->s.seg[CPU_SS];
	if (v->ist)
		v->sp = tss_read(cpu, v, 28 + 8 * v->ist, 8);
	else if (v->switches)
		v->sp = tss_read(cpu, v, 4 + 8 * v->cpl, 8);
	if (v->switches)
		v->ss = (struct cpu_segment){ .selector = (uint16_t)v->cpl,
					      .access_rights = AR_UNUSABLE | v->cpl << 5 };
	v->sp &= ~15ull;
	if (!mmu_canonical(cpu, v->sp))
		cpu_raise_error(cpu, NULL, EXC_SS, v->ext);
}

static void choose_stack_legacy(struct cpu *cpu, struct delivery *v)
{
	struct descriptor d;
	uint64_t address;
	uint16_t selector;

	v->sp = cpu->s.gpr[CPU_RSP];
	v->ss = cpu->s.seg[CPU_SS];
	if (!v->switches)
		return;
	v->sp = tss_read(cpu, v, 4 + 8 * v->cpl, 4);
	selector = (uint16_t)tss_read(cpu, v, 8 + 8 * v->cpl, 2);
	if (!(selector & 0xfffc) || (selector & 3u) != v->cpl ||
	    !seg_descriptor(cpu, selector, &d, &address))
		selector_fault(cpu, v, EXC_TS, selector);
	seg_unpack(&d, selector, &v->ss);
	if ((v->ss.access_rights & (AR_S | AR_CODE | AR_WRITE)) != (AR_S | AR_WRITE) ||
	    AR_DPL(v->ss.access_rights) != v->cpl)
		selector_fault(cpu, v, EXC_TS, selector);
	if (!(v->ss.access_rights & AR_P))
		selector_fault(cpu, v, EXC_SS, selector);
}

static void push_frame(struct cpu *cpu, struct delivery *v, unsigned size, const uint64_t *values,
		       unsigned nr)
{
	uint8_t frame[48];
	uint64_t base = size == 8 ? 0 : v->ss.base;

	for (unsigned i = 0; i < nr; i++)
		memcpy(frame + (nr - 1 - i) * size, &values[i], size);
	v->sp -= nr * size;
	if (size == 4)
		v->sp &= 0xffffffff;
	mem_write_as(cpu, (v->sp + base) & (size == 8 ? ~0ull : 0xffffffff), frame, nr * size,
		     v->context);
}

static void write_frame(struct cpu *cpu, struct delivery *v, const uint64_t error, bool has_error)
{
	bool lma = cpu_long_mode(cpu);
	uint64_t values[6];
	unsigned nr = 0;

	if (lma || v->switches) {
		values[nr++] = cpu->s.seg[CPU_SS].selector;
		values[nr++] = cpu->s.gpr[CPU_RSP];
	}
	values[nr++] = v->flags;
	values[nr++] = cpu->s.seg[CPU_CS].selector;
	values[nr++] = v->rip;
	if (has_error)
		values[nr++] = error;
	push_frame(cpu, v, lma ? 8 : 4, values, nr);
}

/* Faults push RF set, so that returning to the instruction doesn't meet its breakpoint again. */
static bool is_fault(const struct delivery *v)
{
	return v->type == CPU_INTR_EXCEPTION && v->vector != EXC_DB && v->vector != EXC_DF &&
	       v->vector != EXC_MC;
}

static void enter_handler(struct cpu *cpu, struct delivery *v)
{
	uint64_t clear = FLAG_TF | FLAG_NT | FLAG_RF | FLAG_VM | (v->gate_type == 14 ? FLAG_IF : 0);

	cpu->s.seg[CPU_CS] = v->cs;
	if (v->switches)
		cpu->s.seg[CPU_SS] = v->ss;
	cpu->s.gpr[CPU_RSP] = v->sp;
	cpu->s.rip = v->target;
	cpu->s.rflags &= ~clear;
	cpu->s.interruptibility &= ~(CPU_BLOCKING_BY_STI | CPU_BLOCKING_BY_MOV_SS);
	if (v->type == CPU_INTR_NMI)
		cpu->s.interruptibility |= CPU_BLOCKING_BY_NMI;
	cpu->s.activity = CPU_ACTIVE;
	cpu->delivering.info = 0;
	cpu_state_changed(cpu);
}

/* Delivers cpu->event. Nothing of the guest's registers changes before the last write has
 * succeeded. */
void event_deliver(struct cpu *cpu)
{
	struct delivery v = { .vector = CPU_INTR_VECTOR(cpu->event.info),
			      .type = CPU_INTR_TYPE(cpu->event.info) };
	uint32_t error = cpu->event.error, info = cpu->event.info;

	cpu->delivering = cpu->event;
	cpu->event.info = 0;
	cpu->cur = NULL;
	v.software = v.type >= CPU_INTR_SOFTWARE;
	v.ext = !v.software;
	v.rip = cpu->s.rip + (v.software ? cpu->delivering.len : 0);
	read_gate(cpu, &v);
	read_code(cpu, &v);
	if (cpu_long_mode(cpu))
		choose_stack_long(cpu, &v);
	else
		choose_stack_legacy(cpu, &v);
	v.flags = flags_get(cpu) | (is_fault(&v) ? FLAG_RF : 0);
	v.context = v.cpl == 3						  ? MMU_USER
		    : cpu->s.cr4 & CR4_SMAP && !(cpu->s.rflags & FLAG_AC) ? MMU_SMAP
									  : MMU_SUPERVISOR;
	write_frame(cpu, &v, error, info & CPU_INTR_ERROR_CODE);
	if (cpu_long_mode(cpu) ? !mmu_canonical(cpu, v.target) : v.target > v.cs.limit)
		cpu_raise_error(cpu, NULL, EXC_GP, v.ext);
	enter_handler(cpu, &v);
}
