// SPDX-License-Identifier: MIT
/*
 * String instructions: MOVS STOS LODS CMPS SCAS, alone and repeated. A repeated one runs as many
 * elements as its pages hold at a time and can stop between any two of them, registers updated, to
 * be resumed.
 */
#include "cpu/decode.h"
#include "cpu/flags.h"
#include "cpu/mem.h"

#define RAX_OFF offsetof(struct cpu, s.gpr[CPU_RAX])
#define RCX_OFF offsetof(struct cpu, s.gpr[CPU_RCX])

/* The address size, from the mask. */
static unsigned addr_size(const struct insn *insn)
{
	return insn->addr_mask == ~0ull ? 8 : insn->addr_mask == 0xffffffff ? 4 : 2;
}

static uint64_t source_lin(const struct cpu *cpu, const struct insn *insn)
{
	return ((cpu->s.gpr[CPU_RSI] & insn->addr_mask) + reg64(cpu, insn->seg)) & cpu->lin_mask;
}

static uint64_t dest_lin(const struct cpu *cpu, const struct insn *insn)
{
	uint64_t base = cpu->mode & MODE_64 ? 0 : cpu->s.seg[CPU_ES].base;

	return ((cpu->s.gpr[CPU_RDI] & insn->addr_mask) + base) & cpu->lin_mask;
}

static void advance(struct cpu *cpu, const struct insn *insn, unsigned reg, uint64_t elements)
{
	uint64_t bytes = elements * insn->size;

	if (cpu->s.rflags & FLAG_DF)
		bytes = -bytes;
	reg_set(cpu, offsetof(struct cpu, s.gpr) + 8 * reg, addr_size(insn),
		cpu->s.gpr[reg] + bytes);
}

static void compare(struct cpu *cpu, uint64_t a, uint64_t b, unsigned size)
{
	switch (size) {
	case 1: flags_sub8(cpu, (uint8_t)a, (uint8_t)b, (uint8_t)(a - b)); break;
	case 2: flags_sub16(cpu, (uint16_t)a, (uint16_t)b, (uint16_t)(a - b)); break;
	case 4: flags_sub32(cpu, (uint32_t)a, (uint32_t)b, (uint32_t)(a - b)); break;
	default: flags_sub64(cpu, a, b, a - b);
	}
}

/* One element of each. */
static void movs(struct cpu *cpu, struct insn *insn)
{
	uint64_t v = mem_load(cpu, insn, source_lin(cpu, insn), insn->size);

	mem_store(cpu, insn, dest_lin(cpu, insn), v, insn->size);
	advance(cpu, insn, CPU_RSI, 1);
	advance(cpu, insn, CPU_RDI, 1);
}

static void stos(struct cpu *cpu, struct insn *insn)
{
	mem_store(cpu, insn, dest_lin(cpu, insn), cpu->s.gpr[CPU_RAX], insn->size);
	advance(cpu, insn, CPU_RDI, 1);
}

static void lods(struct cpu *cpu, struct insn *insn)
{
	uint64_t v = mem_load(cpu, insn, source_lin(cpu, insn), insn->size);

	reg_set(cpu, RAX_OFF, insn->size, v);
	advance(cpu, insn, CPU_RSI, 1);
}

static void cmps(struct cpu *cpu, struct insn *insn)
{
	uint64_t a = mem_load(cpu, insn, source_lin(cpu, insn), insn->size);
	uint64_t b = mem_load(cpu, insn, dest_lin(cpu, insn), insn->size);

	compare(cpu, a, b, insn->size);
	advance(cpu, insn, CPU_RSI, 1);
	advance(cpu, insn, CPU_RDI, 1);
}

static void scas(struct cpu *cpu, struct insn *insn)
{
	uint64_t b = mem_load(cpu, insn, dest_lin(cpu, insn), insn->size);

	compare(cpu, reg_get(cpu, RAX_OFF, insn->size), b, insn->size);
	advance(cpu, insn, CPU_RDI, 1);
}

/* How many whole elements lie before the end of the page. */
static uint64_t room(uint64_t lin, unsigned size)
{
	return (PAGE_SIZE - (lin & ~PAGE_MASK)) / size;
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void fill(uint8_t *to, uint64_t v, uint64_t n, unsigned size)
{
	if (size == 1) {
		memset(to, (int)(v & 0xff), n);
		return;
	}
	for (uint64_t i = 0; i < n; i++)
		mem_copy(to + i * size, &v, size);
}

/* Many elements of STOS or MOVS in one go; 0 when one by one is the way. */
static uint64_t stos_bulk(struct cpu *cpu, struct insn *insn, uint64_t count)
{
	uint64_t lin = dest_lin(cpu, insn), n = min(count, room(lin, insn->size));
	uint8_t *to = n > 1 ? mem_page(cpu, insn, lin, CPU_WRITE) : NULL;

	if (!to)
		return 0;
	fill(to, cpu->s.gpr[CPU_RAX], n, insn->size);
	advance(cpu, insn, CPU_RDI, n);
	return n;
}

static uint64_t movs_bulk(struct cpu *cpu, struct insn *insn, uint64_t count)
{
	uint64_t from_lin = source_lin(cpu, insn), to_lin = dest_lin(cpu, insn);
	uint64_t n = min(count, min(room(from_lin, insn->size), room(to_lin, insn->size)));
	uint8_t *from, *to;

	if (n <= 1)
		return 0;
	from = mem_page(cpu, insn, from_lin, CPU_READ);
	to = mem_page(cpu, insn, to_lin, CPU_WRITE);
	if (!from || !to ||
	    (to > from && to < from + n * insn->size)) /* a forward copy repeats what overlaps */
		return 0;
	memmove(to, from, n * insn->size);
	advance(cpu, insn, CPU_RSI, n);
	advance(cpu, insn, CPU_RDI, n);
	return n;
}

enum { STRING_MOVS, STRING_STOS, STRING_LODS, STRING_CMPS, STRING_SCAS };

static void (*const element[])(struct cpu *cpu, struct insn *insn) = { movs, stos, lods, cmps,
								       scas };

static uint64_t run_bulk(struct cpu *cpu, struct insn *insn, uint64_t count)
{
	uint64_t n = 0;

	if (cpu->limit && !(cpu->s.rflags & FLAG_DF) && insn->addr_mask == ~0ull) {
		if (insn->aux == STRING_MOVS)
			n = movs_bulk(cpu, insn, count);
		else if (insn->aux == STRING_STOS)
			n = stos_bulk(cpu, insn, count);
	}
	if (!n) {
		element[insn->aux](cpu, insn);
		n = 1;
	}
	return n;
}

/* REPE and REPNE end a comparison early. */
static bool compare_ends(const struct cpu *cpu, const struct insn *insn)
{
	return insn->aux >= STRING_CMPS && flag_zf(cpu) == !!(insn->flags & INSN_REPNE);
}

HANDLER(string_once)
{
	element[insn->aux](cpu, insn);
	NEXT;
}

HANDLER(string_rep)
{
	unsigned size = addr_size(insn);

	for (;;) {
		uint64_t count = reg_get(cpu, RCX_OFF, size);

		if (!count)
			break;
		count -= run_bulk(cpu, insn, count);
		reg_set(cpu, RCX_OFF, size, count);
		if (!count || compare_ends(cpu, insn))
			break;
		if (unlikely(!__atomic_load_n(&cpu->limit, __ATOMIC_RELAXED))) {
			cpu->executed += insn->idx + 1u;
			cpu->s.rip = insn->rip;
			return NULL;
		}
	}
	NEXT;
}

static bool emit_string(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	unsigned flags = insn->flags;

	for (unsigned i = 0; i < d->zi.operand_count; i++)
		if (op_is_mem(d, i) && d->op[i].mem.base != ZYDIS_REGISTER_NONE &&
		    (d->op[i].mem.base == ZYDIS_REGISTER_RSI ||
		     d->op[i].mem.base == ZYDIS_REGISTER_ESI ||
		     d->op[i].mem.base == ZYDIS_REGISTER_SI))
			decode_mem(d, &d->op[i], insn);
	insn->flags = (uint8_t)flags;
	insn->addr_mask = d->zi.address_width == 64   ? ~0ull
			  : d->zi.address_width == 32 ? 0xffffffff
						      : 0xffff;
	insn->size = (uint8_t)(op->arg & 15);
	insn->aux = (uint8_t)(op->arg >> 4);
	insn->fn = flags & (INSN_REP | INSN_REPNE) ? string_rep : string_once;
	return true;
}

#define STR(mn, kind, size)                                                                        \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, 0, (kind) << 4 | (size), emit_string, NULL                    \
	}

/* MOVSD is an SSE instruction too: op_sse_mov.c hands the string form on. */
static bool emit_dword(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	if (d->zi.meta.category != ZYDIS_CATEGORY_STRINGOP)
		return emit_sse_dword(d, op, insn);
	return emit_string(d, op, insn);
}

static const struct opcode ops[] = {
	STR(MOVSB, STRING_MOVS, 1),
	STR(MOVSW, STRING_MOVS, 2),
	STR(MOVSQ, STRING_MOVS, 8),
	STR(STOSB, STRING_STOS, 1),
	STR(STOSW, STRING_STOS, 2),
	STR(STOSD, STRING_STOS, 4),
	STR(STOSQ, STRING_STOS, 8),
	STR(LODSB, STRING_LODS, 1),
	STR(LODSW, STRING_LODS, 2),
	STR(LODSD, STRING_LODS, 4),
	STR(LODSQ, STRING_LODS, 8),
	STR(CMPSB, STRING_CMPS, 1),
	STR(CMPSW, STRING_CMPS, 2),
	STR(CMPSQ, STRING_CMPS, 8),
	STR(SCASB, STRING_SCAS, 1),
	STR(SCASW, STRING_SCAS, 2),
	STR(SCASD, STRING_SCAS, 4),
	STR(SCASQ, STRING_SCAS, 8),
	{ ZYDIS_MNEMONIC_MOVSD, 0, STRING_MOVS << 4 | 4, emit_dword, NULL },
	{ ZYDIS_MNEMONIC_CMPSD, 0, STRING_CMPS << 4 | 4, emit_dword, NULL },
};
GROUP(cpu_ops_string, ops);
