// SPDX-License-Identifier: MIT
/*
 * Guest memory accesses that miss the inline TLB check of mem.h.
 */
#include "cpu/mem.h"

/* A non-canonical address is #SS through the stack segment and #GP otherwise. */
static void check_canonical(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned size)
{
	if (cpu->lin_mask == ~0ull &&
	    !(mmu_canonical(cpu, lin) && mmu_canonical(cpu, lin + size - 1)))
		cpu_raise_error(cpu, insn, insn && (insn->flags & INSN_SEG_SS) ? EXC_SS : EXC_GP,
				0);
}

static unsigned first_part(uint64_t lin, unsigned size)
{
	unsigned room = (unsigned)(PAGE_SIZE - (lin & ~PAGE_MASK));

	return size < room ? size : room;
}

/* #AC at CPL 3. Operands of other sizes than these are checked by their parts, or not at all. */
static void check_alignment(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned size)
{
	unsigned align = size > 8 ? 8 : size;

	if (!(align & (align - 1)) && (lin & (align - 1)))
		cpu_raise_error(cpu, insn, EXC_AC, 0);
}

/* What every access of an instruction's is checked for before translation. */
static void check_access(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned size)
{
	cpu->cur = insn;
	check_canonical(cpu, insn, lin, size);
	if (unlikely(cpu->align_check))
		check_alignment(cpu, insn, lin, size);
}

/* Both parts of an access are translated before either is used. */
struct span {
	uint8_t *host[2];
	unsigned len[2];
};

static void span_translate(struct cpu *cpu, struct span *s, uint64_t lin, unsigned size,
			   uint32_t access, unsigned context)
{
	s->len[0] = first_part(lin, size);
	s->len[1] = size - s->len[0];
	s->host[0] = mmu_translate(cpu, lin, access, context);
	s->host[1] =
		s->len[1] ? mmu_translate(cpu, (lin + s->len[0]) & cpu->lin_mask, access, context)
			  : NULL;
}

static void span_read(const struct span *s, void *out)
{
	mem_copy(out, s->host[0], s->len[0]);
	if (s->len[1])
		memcpy((uint8_t *)out + s->len[0], s->host[1], s->len[1]);
}

static void span_write(struct cpu *cpu, const struct span *s, const void *in)
{
	mem_copy(s->host[0], in, s->len[0]);
	if (s->len[1])
		memcpy(s->host[1], (const uint8_t *)in + s->len[0], s->len[1]);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* a decoder marks its bytes, then reads them */
	code_written(cpu, s->host[0], s->len[0]);
	if (s->len[1])
		code_written(cpu, s->host[1], s->len[1]);
}

void mem_read(struct cpu *cpu, struct insn *insn, uint64_t lin, void *out, unsigned size)
{
	struct span s;

	check_access(cpu, insn, lin, size);
	span_translate(cpu, &s, lin, size, CPU_READ, cpu->mmu);
	if (unlikely(cpu->watches))
		debug_watch(cpu, lin, size, CPU_READ);
	span_read(&s, out);
}

void mem_write(struct cpu *cpu, struct insn *insn, uint64_t lin, const void *in, unsigned size)
{
	struct span s;

	check_access(cpu, insn, lin, size);
	span_translate(cpu, &s, lin, size, CPU_WRITE, cpu->mmu);
	if (unlikely(cpu->watches))
		debug_watch(cpu, lin, size, CPU_WRITE);
	span_write(cpu, &s, in);
}

void mem_probe_write(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned size)
{
	struct span s;

	check_access(cpu, insn, lin, size);
	span_translate(cpu, &s, lin, size, CPU_WRITE, cpu->mmu);
}

uint64_t mem_load_slow(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned size)
{
	uint64_t v = 0;

	mem_read(cpu, insn, lin, &v, size);
	return v;
}

void mem_store_slow(struct cpu *cpu, struct insn *insn, uint64_t lin, uint64_t value, unsigned size)
{
	mem_write(cpu, insn, lin, &value, size);
}

void *mem_rmw_slow(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned size)
{
	struct span s;

	check_access(cpu, insn, lin, size);
	span_translate(cpu, &s, lin, size, CPU_WRITE, cpu->mmu);
	if (unlikely(cpu->watches))
		debug_watch(cpu, lin, size, CPU_READ | CPU_WRITE);
	memcpy(cpu->bounce_host, s.host, sizeof(s.host));
	memcpy(cpu->bounce_len, s.len, sizeof(s.len));
	if (!s.len[1]) {
		uint8_t *page = (uint8_t *)((uintptr_t)s.host[0] & PAGE_MASK);

		cpu->rmw_pending = code_in_page(cpu->group, page) ? s.host[0] : NULL;
		return s.host[0];
	}
	span_read(&s, cpu->bounce);
	cpu->rmw_pending = cpu->bounce;
	return cpu->bounce;
}

static void bounce_span(const struct cpu *cpu, struct span *s)
{
	memcpy(s->host, cpu->bounce_host, sizeof(s->host));
	memcpy(s->len, cpu->bounce_len, sizeof(s->len));
}

/* The operand was changed: writes the bounce buffer back, or tells of code that was written in
 * place. */
void mem_rmw_commit(struct cpu *cpu)
{
	struct span s;

	bounce_span(cpu, &s);
	if (cpu->rmw_pending == cpu->bounce)
		span_write(cpu, &s, cpu->bounce);
	else
		code_written(cpu, s.host[0], s.len[0]);
	cpu->rmw_pending = NULL;
}

/* The CPU's own accesses are supervisor ones that EFLAGS.AC does not exempt from SMAP. */
static unsigned system_context(const struct cpu *cpu)
{
	return cpu->s.cr4 & CR4_SMAP ? MMU_SMAP : MMU_SUPERVISOR;
}

void mem_read_system(struct cpu *cpu, uint64_t lin, void *out, unsigned size)
{
	struct span s;

	check_canonical(cpu, cpu->cur, lin, size);
	span_translate(cpu, &s, lin, size, CPU_READ, system_context(cpu));
	span_read(&s, out);
}

void mem_write_as(struct cpu *cpu, uint64_t lin, const void *in, unsigned size, unsigned context)
{
	struct span s;

	check_canonical(cpu, cpu->cur, lin, size);
	span_translate(cpu, &s, lin, size, CPU_WRITE, context);
	span_write(cpu, &s, in);
}

void mem_write_system(struct cpu *cpu, uint64_t lin, const void *in, unsigned size)
{
	mem_write_as(cpu, lin, in, size, system_context(cpu));
}

uint8_t *mem_page(struct cpu *cpu, struct insn *insn, uint64_t lin, uint32_t access)
{
	uint8_t *host;

	check_access(cpu, insn, lin, 1);
	host = mmu_translate(cpu, lin, access, cpu->mmu);
	if (unlikely(cpu->align_check || cpu->watches))
		return NULL;
	if ((access & CPU_WRITE) &&
	    code_in_page(cpu->group, (uint8_t *)((uintptr_t)host & PAGE_MASK)))
		return NULL;
	return host;
}

void mem_split_lock(struct cpu *cpu, const void *place)
{
	struct span s;

	exclusive_begin(cpu);
	if ((const uint8_t *)place != cpu->bounce)
		return;
	bounce_span(cpu, &s);
	span_read(&s, cpu->bounce);
}

void mem_split_unlock(struct cpu *cpu, const void *place)
{
	rmw_done(cpu, place);
	exclusive_end(cpu);
}
