/* SPDX-License-Identifier: MIT */
/*
 * The inside of the interpreter. Guest code is decoded into basic blocks of struct insn, each with
 * the function that executes it. A handler ends with NEXT (the next instruction of its block) or
 * returns where to go on: another block's first instruction, or NULL to go back to the run loop.
 * Faults and exits leave by longjmp, before a handler has changed any state, so every exception is
 * precise.
 */
#ifndef CPU_INTERNAL_H
#define CPU_INTERNAL_H

#include <pthread.h>
#include <setjmp.h>
#include <string.h>

#include "cpu/arch.h"
#include "cpu/cpu.h"
#include "cpu/probe.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define PAGE_SIZE 4096ull
#define PAGE_MASK (~(PAGE_SIZE - 1))

/* What a decoded block depends on beside its bytes. */
#define MODE_64	    (1u << 0)
#define MODE_32	    (1u << 1) /* legacy code with D=1; neither: 16-bit */
#define MODE_FLAT   (1u << 2) /* CS, DS, ES, SS: base 0, limit 4 GiB, writable */
#define MODE_SINGLE (1u << 3) /* one instruction per block */
#define MODE_CPL0   (1u << 4)
#define MODE_EM	    (1u << 5)		  /* CR0.EM */
#define MODE_TS	    (1u << 6)		  /* CR0.TS */
#define MODE_OSFXSR (1u << 7)		  /* CR4.OSFXSR */
#define MODE_FAST   (MODE_64 | MODE_FLAT) /* either: CS base is 0, blocks may be linked */

struct insn;
struct block;
typedef struct insn *handler_fn(struct cpu *cpu, struct insn *insn);

/* One decoded instruction. dst, src, base, index and seg are offsets into struct cpu. */
struct insn {
	handler_fn *fn;
	uint16_t dst, src, base, index;
	uint64_t imm;  /* immediate, or target of a direct branch */
	uint64_t disp; /* displacement; RIP-relative ones are absolute */
	uint64_t rip;
	union {
		struct block *link;  /* the branch target's block */
		handler_fn *next_fn; /* of a checked instruction: the one that executes it */
	};
	union {
		struct block *link_next; /* the block after a conditional branch */
		uint64_t addr_mask;	 /* address size of the memory operand */
	};
	uint16_t seg;
	uint8_t scale, len;
	uint8_t idx;  /* position in its block */
	uint8_t size; /* bytes of the operand */
	uint8_t aux, flags;
};

#define INSN_REP    (1u << 0)
#define INSN_REPNE  (1u << 1)
#define INSN_LOCK   (1u << 2)
#define INSN_MEM    (1u << 3) /* has a memory operand */
#define INSN_IMM    (1u << 4) /* I/O: port is an immediate */
#define INSN_SEG_SS (1u << 5)
#define INSN_END    (1u << 6) /* ends its block */

#define BLOCK_MAX_INSNS 48

/* A block's place in the list of a host page's blocks. */
struct page_ref {
	struct page_ref *next;
	struct block *block;
	uint8_t *page;
};

struct block {
	uint64_t rip, lin;     /* lin: CS base added */
	uint8_t *host, *host2; /* pages that its bytes are in; host is NULL when it is dead */
	uint32_t mode;
	uint16_t nr_insns;
	uint16_t bytes;
	struct block *hash_next;
	uint64_t sum; /* of its bytes */
	struct page_ref refs[2];
	struct insn insns[] __attribute__((aligned(64)));
};

/* A translation in use: tag is page address | generation, so that changing the generation empties
 * the TLB. */
struct tlb_entry {
	uint64_t read_tag, write_tag;
	uintptr_t addend; /* host address minus linear address */
	uint64_t reserved;
};

struct itlb_entry {
	uint64_t tag;
	uint8_t *host;
};

struct gpa_entry {
	uint64_t tag; /* address of the guest-physical page | 1 */
	uint8_t *host;
	uint32_t permissions;
};

#define TLB_SIZE       512u
#define ITLB_SIZE      256u
#define GPA_SIZE       512u
#define LARGE_GPA_SIZE 64u
#define JUMP_SIZE      4096u
#define HASH_SIZE      16384u
#define TLB_MAX_GEN    4095u
#define VERIFIED_SIZE  2048u

/* Access contexts: each has a data TLB. */
enum { MMU_USER, MMU_SMAP, MMU_SUPERVISOR, MMU_CONTEXTS };

/* cpu->events: what other threads want. */
#define EVENT_KICK	   (1u << 0)
#define EVENT_INTERRUPT	   (1u << 1)
#define EVENT_NMI	   (1u << 2)
#define EVENT_FLUSH	   (1u << 3)
#define EVENT_CODE	   (1u << 4)
#define EVENT_FLUSH_WRITES (1u << 5)
#define EVENT_STOP	   (1u << 6) /* probe.c */
#define EVENT_POINTS	   (1u << 7)

#define CODE_QUEUE 64u

struct opcode;

struct cpu {
	struct cpu_state s;
	uint64_t zero; /* operand offset for "no register" */

	/* Arithmetic flags, see flags.h. */
	uint64_t cc_res, cc_carry;
	uint32_t cc_misc;

	uint32_t mode;
	uint64_t lin_mask; /* linear addresses: 64 or 32 bits */
	uint64_t stack_mask, stack_base, code_base;
	struct tlb_entry *dtlb; /* of the current context */
	struct itlb_entry *itlb;
	uint64_t tlb_gen;
	uint64_t executed; /* instructions retired */
	uint64_t
		limit; /* block boundaries at or after this go to the run loop; any thread sets 0 */
	unsigned cpl, mmu;

	struct block *jump[JUMP_SIZE];
	struct tlb_entry tlb[MMU_CONTEXTS][TLB_SIZE];
	struct tlb_entry no_tlb[TLB_SIZE]; /* stays empty: each access takes the slow path */
	struct itlb_entry itlbs[2][ITLB_SIZE];
	struct gpa_entry gpas[GPA_SIZE], large_gpas[LARGE_GPA_SIZE]; /* pages of 4 KiB, 2 MiB */
	uint64_t large_base, large_mask; /* encloses every large page in the TLB */

	struct block *hash[HASH_SIZE];
	struct page_ref *pages[HASH_SIZE];
	const uint8_t *verified[VERIFIED_SIZE]; /* pages whose blocks were compared with memory
						   since the last INVEPT */
	uint8_t *arena;
	size_t arena_used, arena_size;

	/* A read-modify-write that can't be done in place. */
	uint8_t bounce[64] __attribute__((aligned(64)));
	uint8_t *bounce_host[2];
	unsigned bounce_len[2];
	const uint8_t *rmw_pending; /* where a read-modify-write needs more than its store: the
				       bounce buffer, or a place in a page that holds code */

	jmp_buf jmp;
	struct insn *cur; /* the instruction that faults; NULL: s.rip is already right */
	struct cpu_exit *exit;
	struct {
		uint32_t info, error, len; /* VM-entry format; the event to deliver next */
	} event, delivering;
	uint64_t fault_address; /* linear address of a page fault, DR6 bits of a debug exception */
	uint64_t budget_end;
	uint32_t shadow; /* interrupt shadow that the instruction being stepped began with */

	/* debug.c */
	bool watches;		  /* some pages are kept out of the TLB: data breakpoints, or a probe */
	bool data_breaks, breaks; /* DR7 enables a data breakpoint, an instruction breakpoint */
	bool trap;		  /* a single-step trap follows the instruction being stepped */
	uint32_t watch_hits;  /* breakpoints that it met, as DR6 has them */
	bool align_check;     /* CR0.AM, EFLAGS.AC and CPL 3 */

	uint32_t events; /* atomic */
	pthread_mutex_t code_lock;
	uint8_t *code_queue[CODE_QUEUE]; /* pages written by others; under code_lock */
	unsigned nr_code_queue;

	struct cpu_controls controls;
	const struct cpu_ops *ops;
	void *opaque;
	struct cpu_group *group;
	struct cpu *group_next;
	bool executing, parked; /* exclusive.c; atomic */
	bool own_group;
	uint64_t cached_cr0, cached_cr3, cached_cr4,
		cached_efer;	       /* what the TLB was filled under */
	const struct opcode **opcodes; /* by mnemonic */
	uint32_t host_mxcsr; /* restored after SSE floating point on behalf of the guest */

	/* probe.c */
	struct probe *probe; /* the group's; NULL: none */
	uint64_t probe_from; /* where the step began */
	struct cpu_point probe_met; /* a watched point that the last instruction met; length 0: none */
	uint8_t probe_step;	    /* PROBE_STEP_* */
	bool probe_alone;    /* the next instruction meets a watched point */
	bool stepping;	     /* an instruction is executed alone */
};

enum { PROBE_STEP_NONE, PROBE_STEP_WANTED, PROBE_STEP_DONE };

/* Why control came back to cpu_run() by longjmp. */
enum { LEAVE_EXCEPTION = 1, LEAVE_EXIT, LEAVE_RESTART };

#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
#define CPU_TAIL_CALLS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define CPU_TAIL_CALLS 0
#else
#define CPU_TAIL_CALLS 1
#endif
#else
#define CPU_TAIL_CALLS 1
#endif

/* Going on through the next handler instead of the run loop saves a return; both work, and stacks
 * stay bounded by a block. */
#if CPU_TAIL_CALLS
#define NEXT return insn[1].fn(cpu, insn + 1)
#else
#define NEXT return (void)cpu, insn + 1
#endif

#define HANDLER(name)                                                                              \
	static struct insn *name(struct cpu *cpu __attribute__((unused)), struct insn *insn)

/* event.c */
_Noreturn void cpu_raise(struct cpu *cpu, struct insn *insn, unsigned vector);
_Noreturn void cpu_raise_error(struct cpu *cpu, struct insn *insn, unsigned vector, uint32_t error);
_Noreturn void cpu_leave_exit(struct cpu *cpu, struct insn *insn, uint32_t reason,
			      uint64_t qualification);
void event_exception(struct cpu *cpu);
void event_deliver(struct cpu *cpu);

/* run.c */
void cpu_state_changed(struct cpu *cpu);
void cpu_flush_tlb(struct cpu *cpu);
void cpu_attention(struct cpu *cpu);
void cpu_post(struct cpu *cpu, uint32_t event);
struct insn *cpu_end_block(struct cpu *cpu, struct insn *insn);

/* debug.c */
void debug_changed(struct cpu *cpu);
void debug_watch(struct cpu *cpu, uint64_t lin, unsigned size, uint32_t access);
bool debug_watches_page(const struct cpu *cpu, uint64_t page);
void debug_check_fetch(struct cpu *cpu);

/* probe.c: a debugger's */
void probe_free(struct cpu_group *group);
bool probe_check(struct cpu *cpu);
bool probe_stops_at(const struct cpu *cpu, uint64_t lin);
bool probe_stops_within(const struct cpu *cpu, uint64_t lin, unsigned size);
bool probe_watches(const struct cpu *cpu);
bool probe_watches_page(const struct cpu *cpu, uint64_t page);
void probe_watch(struct cpu *cpu, uint64_t lin, unsigned size, uint32_t access);
bool probe_steps(const struct cpu *cpu);
void probe_step_begins(struct cpu *cpu);
void probe_step_resumes(struct cpu *cpu);

/* exclusive.c: one vCPU of a group while all others stand between two instructions */
void exclusive_begin(struct cpu *cpu);
void exclusive_end(struct cpu *cpu);
void exclusive_enter(struct cpu *cpu);
void exclusive_leave(struct cpu *cpu);
void exclusive_check(struct cpu *cpu);

/* mmu.c */
uint8_t *mmu_translate(struct cpu *cpu, uint64_t lin, uint32_t access, unsigned context);
uint8_t *mmu_fetch_page(struct cpu *cpu, uint64_t lin);
void mmu_flush_page(struct cpu *cpu, uint64_t lin);
void mmu_drop_writes(struct cpu *cpu, const uint8_t *host);
bool mmu_canonical(const struct cpu *cpu, uint64_t lin);

/* code.c: what the vCPUs of a group have decoded */
bool code_in_page(struct cpu_group *group, const uint8_t *page);
void code_add(struct cpu *cpu, uint8_t *page, unsigned offset, unsigned len);
void code_written(struct cpu *cpu, uint8_t *host, unsigned len);
bool code_join(struct cpu *cpu, struct cpu_group *group);
void code_leave(struct cpu *cpu);
void code_queue_run(struct cpu *cpu);

/* block.c */
struct block *block_find(struct cpu *cpu, uint64_t rip, uint32_t mode, bool may_flush);
struct insn *block_enter_slow(struct cpu *cpu, uint64_t rip);
struct insn *block_link_slow(struct cpu *cpu, struct block **link, uint64_t target);
void block_invalidate_page(struct cpu *cpu, const uint8_t *page);
void block_flush(struct cpu *cpu);
void block_verify_page(struct cpu *cpu, const uint8_t *page);
void block_points_changed(struct cpu *cpu);

/* seg.c */
handler_fn seg_check; /* proves the memory operand against its segment, then runs insn->next_fn */
struct descriptor {
	uint64_t low, high;
};
void seg_load(struct cpu *cpu, struct insn *insn, unsigned seg, uint16_t selector);
bool seg_descriptor(struct cpu *cpu, uint16_t selector, struct descriptor *out, uint64_t *address);
void seg_unpack(const struct descriptor *d, uint16_t selector, struct cpu_segment *out);
void seg_set_accessed(struct cpu *cpu, uint64_t address, struct descriptor *d);
void seg_set_flat(struct cpu_segment *seg, uint16_t selector, uint32_t access_rights);
void seg_null_data(struct cpu *cpu);

/* op_xstate.c: which of x87 (1) and SSE (2) are not in their initial state */
uint64_t xstate_in_use(const struct cpu *cpu);

static inline uint64_t *reg64p(struct cpu *cpu, unsigned off)
{
	return (uint64_t *)((char *)cpu + off);
}

#define DEFINE_REG(S)                                                                              \
	static inline uint##S##_t reg##S(const struct cpu *cpu, unsigned off)                      \
	{                                                                                          \
		return *(const uint##S##_t *)((const char *)cpu + off);                            \
	}
DEFINE_REG(8)
DEFINE_REG(16)
DEFINE_REG(32)
DEFINE_REG(64)

static inline void set_reg8(struct cpu *cpu, unsigned off, uint8_t v)
{
	*(uint8_t *)((char *)cpu + off) = v;
}

static inline void set_reg16(struct cpu *cpu, unsigned off, uint16_t v)
{
	*(uint16_t *)((char *)cpu + off) = v;
}

/* A 32-bit write clears the upper half. */
static inline void set_reg32(struct cpu *cpu, unsigned off, uint32_t v)
{
	*reg64p(cpu, off) = v;
}

static inline void set_reg64(struct cpu *cpu, unsigned off, uint64_t v)
{
	*reg64p(cpu, off) = v;
}

static inline uint64_t reg_get(const struct cpu *cpu, unsigned off, unsigned size)
{
	switch (size) {
	case 1: return reg8(cpu, off);
	case 2: return reg16(cpu, off);
	case 4: return reg32(cpu, off);
	default: return reg64(cpu, off);
	}
}

static inline void reg_set(struct cpu *cpu, unsigned off, unsigned size, uint64_t v)
{
	switch (size) {
	case 1: set_reg8(cpu, off, (uint8_t)v); break;
	case 2: set_reg16(cpu, off, (uint16_t)v); break;
	case 4: set_reg32(cpu, off, (uint32_t)v); break;
	default: set_reg64(cpu, off, v);
	}
}

static inline bool cpu_long_mode(const struct cpu *cpu)
{
	return cpu->s.efer & EFER_LMA;
}

/* Effective address of the memory operand, before the segment. */
static inline uint64_t insn_ea(const struct cpu *cpu, const struct insn *insn)
{
	uint64_t ea =
		reg64(cpu, insn->base) + (reg64(cpu, insn->index) << insn->scale) + insn->disp;

	return ea & insn->addr_mask;
}

static inline uint64_t insn_lin(const struct cpu *cpu, const struct insn *insn)
{
	return (insn_ea(cpu, insn) + reg64(cpu, insn->seg)) & cpu->lin_mask;
}

static inline uint64_t insn_next_rip(const struct cpu *cpu, const struct insn *insn)
{
	return (insn->rip + insn->len) & cpu->lin_mask;
}

/* Whether the block's page is mapped here now, as the instruction TLB knows it. */
static inline bool block_mapped(const struct cpu *cpu, const struct block *b)
{
	const struct itlb_entry *e = &cpu->itlb[b->lin >> 12 & (ITLB_SIZE - 1)];

	return e->tag == ((b->lin & PAGE_MASK) | cpu->tlb_gen) && e->host == b->host;
}

/* Follows a direct branch through its link. Instructions executed so far are counted already. */
static inline struct insn *block_link(struct cpu *cpu, struct block **link, uint64_t target)
{
	struct block *b = *link;

	if (likely(b && block_mapped(cpu, b) &&
		   cpu->executed < __atomic_load_n(&cpu->limit, __ATOMIC_RELAXED)))
		return b->insns;
	return block_link_slow(cpu, link, target);
}

static inline unsigned block_jump_index(uint64_t rip)
{
	return (unsigned)((rip ^ rip >> 12) & (JUMP_SIZE - 1));
}

/* Goes to the block at an address that was computed. */
static inline struct insn *block_enter(struct cpu *cpu, uint64_t rip)
{
	struct block *b = cpu->jump[block_jump_index(rip)];

	if (likely(b && b->rip == rip && b->mode == cpu->mode && block_mapped(cpu, b) &&
		   cpu->executed < __atomic_load_n(&cpu->limit, __ATOMIC_RELAXED)))
		return b->insns;
	return block_enter_slow(cpu, rip);
}

#endif
