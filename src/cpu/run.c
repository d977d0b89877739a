// SPDX-License-Identifier: MIT
/*
 * The run loop: event checks at instruction boundaries, single-stepping, and the way in and out of
 * cpu_run().
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"
#include "platform/sparse.h"

#define ARENA_SIZE (16u << 20)

void cpu_flush_tlb(struct cpu *cpu)
{
	cpu->large_base = cpu->large_mask = 0;
	if (++cpu->tlb_gen <= TLB_MAX_GEN)
		return;
	cpu->tlb_gen = 1;
	memset(cpu->tlb, 0, sizeof(cpu->tlb));
	memset(cpu->itlbs, 0, sizeof(cpu->itlbs));
}

/* Makes the next block boundary go through the run loop. */
void cpu_attention(struct cpu *cpu)
{
	__atomic_store_n(&cpu->limit, 0, __ATOMIC_RELEASE);
}

/* Ends a block after an instruction that isn't a branch. */
struct insn *cpu_end_block(struct cpu *cpu, struct insn *insn)
{
	cpu->executed += insn->idx + 1u;
	cpu->s.rip = insn_next_rip(cpu, insn);
	return NULL;
}

static bool segment_flat(const struct cpu_segment *s)
{
	return !s->base && s->limit == 0xffffffff &&
	       !(s->access_rights & (AR_UNUSABLE | AR_CODE | AR_DOWN)) &&
	       (s->access_rights & AR_WRITE);
}

static bool segments_flat(const struct cpu *cpu)
{
	const struct cpu_segment *cs = &cpu->s.seg[CPU_CS];

	return !cs->base && cs->limit == 0xffffffff && segment_flat(&cpu->s.seg[CPU_DS]) &&
	       segment_flat(&cpu->s.seg[CPU_ES]) && segment_flat(&cpu->s.seg[CPU_SS]);
}

static uint32_t mode_of(const struct cpu *cpu)
{
	uint32_t cs = cpu->s.seg[CPU_CS].access_rights, mode = 0;

	if (cpu_long_mode(cpu) && (cs & AR_L))
		mode = MODE_64;
	else
		mode = (cs & AR_DB ? MODE_32 : 0) | (segments_flat(cpu) ? MODE_FLAT : 0);
	mode |= cpu->cpl ? 0 : MODE_CPL0;
	mode |= cpu->s.cr0 & CR0_EM ? MODE_EM : 0;
	mode |= cpu->s.cr0 & CR0_TS ? MODE_TS : 0;
	mode |= cpu->s.cr4 & CR4_OSFXSR ? MODE_OSFXSR : 0;
	return mode;
}

/* Recomputes everything that is derived from segments, control registers and flags. */
void cpu_state_changed(struct cpu *cpu)
{
	const struct cpu_segment *ss = &cpu->s.seg[CPU_SS];
	bool smap = (cpu->s.cr4 & CR4_SMAP) && !(cpu->s.rflags & FLAG_AC);

	cpu->cpl = AR_DPL(ss->access_rights);
	cpu->mode = mode_of(cpu);
	cpu->lin_mask = cpu->mode & MODE_64 ? ~0ull : 0xffffffff;
	cpu->code_base = cpu->mode & MODE_64 ? 0 : cpu->s.seg[CPU_CS].base;
	cpu->stack_base = cpu->mode & MODE_64 ? 0 : ss->base;
	cpu->stack_mask = cpu->mode & MODE_64	      ? ~0ull
			  : ss->access_rights & AR_DB ? 0xffffffff
						      : 0xffff;
	cpu->align_check = cpu->cpl == 3 && (cpu->s.cr0 & CR0_AM) && (cpu->s.rflags & FLAG_AC);
	cpu->mmu = !(cpu->s.cr0 & CR0_PG) ? MMU_SUPERVISOR
		   : cpu->cpl == 3	  ? MMU_USER
		   : smap		  ? MMU_SMAP
					  : MMU_SUPERVISOR;
	cpu->dtlb = cpu->align_check ? cpu->no_tlb : cpu->tlb[cpu->mmu];
	cpu->itlb = cpu->itlbs[cpu->cpl == 3];
	cpu_attention(cpu);
}

/* Leaves between instructions, so that no instruction is named. */
static _Noreturn void boundary_exit(struct cpu *cpu, uint32_t reason)
{
	cpu_leave_exit(cpu, NULL, reason, 0);
}

static uint32_t take_events(struct cpu *cpu, uint32_t which)
{
	return __atomic_fetch_and(&cpu->events, ~which, __ATOMIC_SEQ_CST) & which;
}

static bool interrupts_open(const struct cpu *cpu)
{
	return (cpu->s.rflags & FLAG_IF) &&
	       !(cpu->s.interruptibility & (CPU_BLOCKING_BY_STI | CPU_BLOCKING_BY_MOV_SS));
}

static bool nmi_open(const struct cpu *cpu)
{
	return !(cpu->s.interruptibility & (CPU_BLOCKING_BY_MOV_SS | CPU_BLOCKING_BY_NMI));
}

static void check_nmi(struct cpu *cpu)
{
	if (!nmi_open(cpu))
		return;
	if (take_events(cpu, EVENT_NMI)) {
		if (cpu->controls.exits & CPU_EXITS_NMI) {
			cpu->exit->intr_info = CPU_INTR(CPU_INTR_NMI, EXC_NMI);
			boundary_exit(cpu, CPU_EXIT_EXCEPTION);
		}
		cpu->event.info = CPU_INTR(CPU_INTR_NMI, EXC_NMI);
		cpu->event.len = 0;
	} else if (cpu->controls.exits & CPU_EXITS_NMI_WINDOW) {
		boundary_exit(cpu, CPU_EXIT_NMI_WINDOW);
	}
}

static void check_interrupt(struct cpu *cpu)
{
	int vector;

	if (!interrupts_open(cpu) || cpu->probe_step)
		return;
	if (cpu->controls.exits & CPU_EXITS_INTERRUPT_WINDOW)
		boundary_exit(cpu, CPU_EXIT_INTERRUPT_WINDOW);
	if (!cpu->ops->pending_vector || !take_events(cpu, EVENT_INTERRUPT))
		return;
	vector = cpu->ops->pending_vector(cpu->opaque);
	if (vector < 0)
		return;
	cpu_raise_interrupt(cpu); /* there may be more after this one */
	if (cpu->ops->ack_vector)
		cpu->ops->ack_vector(cpu->opaque, vector);
	cpu->event.info = CPU_INTR(CPU_INTR_EXTERNAL, vector & 0xff);
	cpu->event.len = 0;
}

/* Requests of other threads about what is cached here. */
static void check_requests(struct cpu *cpu)
{
	uint32_t events =
		take_events(cpu, EVENT_FLUSH | EVENT_FLUSH_WRITES | EVENT_CODE | EVENT_POINTS);

	if (events & EVENT_FLUSH) {
		memset(cpu->gpas, 0, sizeof(cpu->gpas));
		memset(cpu->large_gpas, 0, sizeof(cpu->large_gpas));
		memset(cpu->verified, 0, sizeof(cpu->verified));
	}
	if (events & (EVENT_FLUSH | EVENT_FLUSH_WRITES))
		cpu_flush_tlb(cpu);
	if (events & EVENT_CODE)
		code_queue_run(cpu);
	if (events & EVENT_POINTS) {
		block_points_changed(cpu);
		debug_changed(cpu);
	}
}

static void check_kick(struct cpu *cpu)
{
	if (take_events(cpu, EVENT_KICK))
		boundary_exit(cpu, CPU_EXIT_EXTERNAL_INTERRUPT);
}

/* A stop may take long: what was wanted meanwhile comes before anything else. */
static void check_probe(struct cpu *cpu)
{
	while (probe_check(cpu)) {
		check_requests(cpu);
		check_kick(cpu);
	}
}

/* Delivers what is pending, in the architecture's order. */
static void check_events(struct cpu *cpu)
{
	check_requests(cpu);
	if (cpu->event.info & CPU_INTR_VALID) {
		event_deliver(cpu);
		if (cpu->controls.exits & CPU_EXITS_MTF)
			boundary_exit(cpu, CPU_EXIT_MTF);
	}
	check_kick(cpu);
	if (unlikely(cpu->probe))
		check_probe(cpu);
	if (cpu->s.pending_debug & PENDING_DEBUG) {
		cpu->fault_address = cpu->s.pending_debug & PENDING_DEBUG;
		cpu->s.pending_debug = 0;
		cpu_raise(cpu, NULL, EXC_DB);
	}
	check_nmi(cpu);
	if (!(cpu->event.info & CPU_INTR_VALID))
		check_interrupt(cpu);
	if (cpu->event.info & CPU_INTR_VALID)
		event_deliver(cpu);
	if (cpu->s.activity != CPU_ACTIVE)
		boundary_exit(cpu, CPU_EXIT_HLT);
	if (cpu->budget_end && cpu->executed >= cpu->budget_end)
		boundary_exit(cpu, CPU_EXIT_PREEMPTION_TIMER);
}

/* Whether the next instruction must be executed alone. */
static bool must_step(const struct cpu *cpu)
{
	return (cpu->s.rflags & FLAG_TF) || cpu->breaks || cpu->data_breaks ||
	       (cpu->controls.exits & CPU_EXITS_MTF) ||
	       (cpu->s.interruptibility & (CPU_BLOCKING_BY_STI | CPU_BLOCKING_BY_MOV_SS)) ||
	       (cpu->budget_end && cpu->budget_end - cpu->executed <= BLOCK_MAX_INSNS) ||
	       probe_steps(cpu);
}

static void execute(struct cpu *cpu, uint32_t mode)
{
	struct insn *insn = block_find(cpu, cpu->s.rip, mode, true)->insns;

	do
		insn = insn->fn(cpu, insn);
	while (insn);
}

/*
 * What the instruction just stepped leaves pending. A software interrupt clears TF on its way, so
 * it is not followed by a trap; MOV SS holds all debug exceptions back for one instruction.
 */
static void debug_traps(struct cpu *cpu)
{
	if (cpu->s.interruptibility & CPU_BLOCKING_BY_MOV_SS)
		return;
	if (cpu->trap && !(cpu->event.info & CPU_INTR_VALID))
		cpu->s.pending_debug |= DR6_BS;
	if (cpu->watch_hits)
		cpu->s.pending_debug |= cpu->watch_hits | PENDING_ENABLED_BREAKPOINT;
}

/* One instruction, then what single-stepping and the end of an interrupt shadow bring. */
static void step(struct cpu *cpu)
{
	uint32_t shadow = cpu->s.interruptibility & (CPU_BLOCKING_BY_STI | CPU_BLOCKING_BY_MOV_SS);
	uint64_t resume = cpu->s.rflags & FLAG_RF;

	if (cpu->breaks && !(shadow & CPU_BLOCKING_BY_MOV_SS))
		debug_check_fetch(cpu);
	cpu->trap = cpu->s.rflags & FLAG_TF;
	cpu->watch_hits = 0;
	cpu_attention(cpu);
	cpu->s.interruptibility &= ~shadow;
	cpu->shadow = shadow;
	probe_step_begins(cpu);
	cpu->stepping = true;
	execute(cpu, cpu->mode | MODE_SINGLE);
	cpu->stepping = false;
	cpu->shadow = 0;
	cpu->s.rflags &= ~resume; /* it stands for one instruction */
	debug_traps(cpu);
	if ((cpu->controls.exits & CPU_EXITS_MTF) && !(cpu->event.info & CPU_INTR_VALID))
		boundary_exit(cpu, CPU_EXIT_MTF);
}

/* Arms the limit first, then looks at events: one that comes in between makes the limit 0 again. */
static void arm(struct cpu *cpu)
{
	uint64_t end = cpu->budget_end ? cpu->budget_end - BLOCK_MAX_INSNS : ~0ull;

	__atomic_store_n(&cpu->limit, end, __ATOMIC_SEQ_CST);
}

static void run_loop(struct cpu *cpu)
{
	for (;;) {
		arm(cpu);
		exclusive_check(cpu);
		check_events(cpu);
		if (must_step(cpu))
			step(cpu);
		else
			execute(cpu, cpu->mode);
	}
}

/* Control came back from the middle of an instruction: the state is that of its start. */
static void settle(struct cpu *cpu)
{
	if (cpu->cur) {
		cpu->s.rip = cpu->cur->rip;
		cpu->executed += cpu->cur->idx;
		cpu->cur = NULL;
	}
	cpu->s.interruptibility |= cpu->shadow;
	cpu->shadow = 0;
	cpu->stepping = false;
}

static void enter(struct cpu *cpu, struct cpu_exit *exit)
{
	memset(exit, 0, sizeof(*exit));
	cpu->exit = exit;
	cpu->cur = NULL;
	cpu->shadow = 0;
	probe_step_resumes(cpu);
	__asm__ __volatile__("stmxcsr %0" : "=m"(cpu->host_mxcsr));
	cpu->s.fx.mxcsr &= 0xffff;
	flags_load_arith(cpu, cpu->s.rflags);
	if (cpu->s.cr0 != cpu->cached_cr0 || cpu->s.cr3 != cpu->cached_cr3 ||
	    cpu->s.cr4 != cpu->cached_cr4 || cpu->s.efer != cpu->cached_efer)
		cpu_flush_tlb(cpu);
	cpu->budget_end = cpu->controls.budget ? cpu->executed + cpu->controls.budget : 0;
	cpu_state_changed(cpu);
	if ((cpu->s.dr[7] & 0xff) || cpu->watches || cpu->breaks)
		debug_changed(cpu);
	exclusive_enter(cpu);
}

static void leave(struct cpu *cpu)
{
	exclusive_leave(cpu);
	cpu->s.rflags = flags_get(cpu);
	cpu->cached_cr0 = cpu->s.cr0;
	cpu->cached_cr3 = cpu->s.cr3;
	cpu->cached_cr4 = cpu->s.cr4;
	cpu->cached_efer = cpu->s.efer;
	cpu->delivering.info = 0;
	cpu->exit = NULL;
}

void cpu_run(struct cpu *cpu, struct cpu_exit *exit)
{
	enter(cpu, exit);
	switch (_setjmp(cpu->jmp)) {
	case LEAVE_EXIT:
		settle(cpu);
		leave(cpu);
		return;
	case LEAVE_EXCEPTION:
		settle(cpu);
		event_exception(cpu);
		break;
	case LEAVE_RESTART: settle(cpu);
	}
	run_loop(cpu);
}

static bool vector_fits(unsigned type, unsigned vector)
{
	switch (type) {
	case CPU_INTR_NMI: return vector == EXC_NMI;
	case CPU_INTR_EXCEPTION: return vector < 32;
	case CPU_INTR_PRIV_SOFTWARE: return vector == EXC_DB;
	case CPU_INTR_SOFTWARE_EXCEPTION: return vector == EXC_BP || vector == EXC_OF;
	default: return type == CPU_INTR_EXTERNAL || type == CPU_INTR_SOFTWARE;
	}
}

bool cpu_inject(struct cpu *cpu, uint32_t info, uint32_t error_code, uint32_t insn_len)
{
	unsigned type = CPU_INTR_TYPE(info);

	if (!(info & CPU_INTR_VALID) || (info & 0x7ffff000) ||
	    !vector_fits(type, CPU_INTR_VECTOR(info)) ||
	    ((info & CPU_INTR_ERROR_CODE) && type != CPU_INTR_EXCEPTION) ||
	    (type >= CPU_INTR_SOFTWARE && (insn_len > 15)))
		return false;
	cpu->event.info = info;
	cpu->event.error = error_code;
	cpu->event.len = insn_len;
	return true;
}

void cpu_post(struct cpu *cpu, uint32_t event)
{
	__atomic_fetch_or(&cpu->events, event, __ATOMIC_SEQ_CST);
	cpu_attention(cpu);
}

void cpu_kick(struct cpu *cpu)
{
	cpu_post(cpu, EVENT_KICK);
}

void cpu_raise_interrupt(struct cpu *cpu)
{
	cpu_post(cpu, EVENT_INTERRUPT);
}

void cpu_raise_nmi(struct cpu *cpu)
{
	cpu_post(cpu, EVENT_NMI);
}

void cpu_flush_tlb_all(struct cpu *cpu)
{
	cpu_post(cpu, EVENT_FLUSH);
}

struct cpu_state *cpu_state(struct cpu *cpu)
{
	return &cpu->s;
}

struct cpu_controls *cpu_controls(struct cpu *cpu)
{
	return &cpu->controls;
}

struct cpu_group *cpu_group(struct cpu *cpu)
{
	return cpu->group;
}

uint64_t cpu_instructions(const struct cpu *cpu)
{
	return __atomic_load_n(&cpu->executed, __ATOMIC_RELAXED);
}

static void reset_segments(struct cpu *cpu)
{
	static const uint8_t data[] = { CPU_ES, CPU_SS, CPU_DS, CPU_FS, CPU_GS };

	for (unsigned i = 0; i < sizeof(data); i++)
		seg_set_flat(&cpu->s.seg[data[i]], 0, 0xc093);
	seg_set_flat(&cpu->s.seg[CPU_CS], 0, 0xc09b);
	cpu->s.seg[CPU_LDTR] = (struct cpu_segment){ .access_rights = AR_UNUSABLE };
	cpu->s.seg[CPU_TR] = (struct cpu_segment){ .access_rights = 0x8b, .limit = 0xffff };
	cpu->s.gdtr.limit = 0xffff;
}

void cpu_reset(struct cpu *cpu)
{
	memset(&cpu->s, 0, sizeof(cpu->s));
	cpu->event.info = 0;
	reset_segments(cpu);
	cpu->s.rip = 0xfffffff0;
	cpu->s.rflags = 2;
	cpu->s.cr0 = CR0_PE | CR0_NE;
	cpu->s.cr4 = 0x40;
	cpu->s.efer = EFER_SCE | EFER_LME | EFER_NXE;
	cpu->s.xcr0 = 1;
	cpu->s.pat = 0x0007040600070406;
	cpu->s.dr[6] = 0xffff0ff0;
	cpu->s.dr[7] = 0x400;
	cpu->s.fx.fcw = 0x37f;
	cpu->s.fx.mxcsr = 0x1f80;
	cpu->s.fx.mxcsr_mask = 0xffff;
	cpu_flush_tlb(cpu);
}

static void default_controls(struct cpu_controls *c)
{
	c->exits = CPU_EXITS_HLT | CPU_EXITS_IO | CPU_EXITS_WBINVD | CPU_EXITS_MWAIT |
		   CPU_EXITS_MONITOR;
	c->cr0_fixed1 = CR0_PE | CR0_NE;
	c->cr4_allowed = 0x770fff & ~CR4_VMXE;
	c->efer_allowed = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	c->xcr0_allowed = 3;
	c->phys_bits = 52;
}

struct cpu *cpu_create(struct cpu_group *group, const struct cpu_ops *ops, void *opaque)
{
	struct cpu *cpu = aligned_alloc(64, (sizeof(*cpu) + 63) & ~63ul);

	if (!cpu)
		return NULL;
	memset(cpu, 0, sizeof(*cpu));
	pthread_mutex_init(&cpu->code_lock, NULL);
	cpu->ops = ops;
	cpu->opaque = opaque;
	cpu->arena_size = ARENA_SIZE;
	cpu->arena = sparse_map(ARENA_SIZE);
	cpu->opcodes = decode_index();
	default_controls(&cpu->controls);
	cpu_reset(cpu);
	if (!cpu->arena || !cpu->opcodes || !code_join(cpu, group)) {
		cpu_destroy(cpu);
		return NULL;
	}
	return cpu;
}

void cpu_destroy(struct cpu *cpu)
{
	if (!cpu)
		return;
	code_leave(cpu);
	if (cpu->arena)
		munmap(cpu->arena, cpu->arena_size);
	free(cpu->opcodes);
	pthread_mutex_destroy(&cpu->code_lock);
	free(cpu);
}
