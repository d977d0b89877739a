// SPDX-License-Identifier: MIT
/*
 * Random instruction sequences for the differential test: encodes a form with random operands.
 * Memory operands always lie in the data buffer: their base and index registers are set just
 * before. Undefined flags are cleared just after, so that everything left can be compared.
 */
#include "diff_gen.h"

#include <string.h>

#define RSP 4u
#define RCX 1u

uint64_t diff_random(struct diff_gen *g)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 7;
	g->random ^= g->random << 17;
	return g->random * 0x2545f4914f6cdd1dull;
}

static unsigned below(struct diff_gen *g, unsigned n)
{
	return (unsigned)((diff_random(g) >> 33) % n);
}

uint64_t diff_value(struct diff_gen *g)
{
	static const uint64_t edges[] = { 0,
					  1,
					  2,
					  0x7f,
					  0x80,
					  0xff,
					  0x7fff,
					  0x8000,
					  0xffff,
					  0x7fffffff,
					  0x80000000,
					  0xffffffff,
					  0x7fffffffffffffff,
					  0x8000000000000000,
					  0xffffffffffffffff,
					  0x0123456789abcdef,
					  0x7f8000007f800000,
					  0x7ff0000000000000,
					  0x3ff0000000000000,
					  0x3f8000003f800000,
					  0xfff8000000000000,
					  0xffc00000ffc00000,
					  0x0000000100000001,
					  0x0010000000000000,
					  0x7fefffffffffffff };

	switch (below(g, 4)) {
	case 0: return edges[below(g, sizeof(edges) / sizeof(edges[0]))];
	case 1: return diff_random(g) >> below(g, 64);
	default: return diff_random(g);
	}
}

static void byte(struct diff_gen *g, unsigned v)
{
	g->code[g->len++] = (uint8_t)v;
}

static void bytes(struct diff_gen *g, uint64_t v, unsigned n)
{
	memcpy(g->code + g->len, &v, n);
	g->len += n;
}

static void mov_imm64(struct diff_gen *g, unsigned reg, uint64_t v)
{
	byte(g, 0x48 | reg >> 3);
	byte(g, 0xb8 | (reg & 7));
	bytes(g, v, 8);
}

/* Operands chosen for one instruction. */
struct operands {
	unsigned size;	  /* S8 to S64 */
	unsigned reg, rm; /* register numbers */
	bool memory, rip_relative, has_index;
	unsigned base, index, scale;
	int32_t disp;
	uint64_t target;
	unsigned disp_at; /* where a RIP-relative displacement went */
};

static unsigned pick_size(struct diff_gen *g, unsigned sizes)
{
	unsigned s;

	do
		s = 1u << below(g, 4);
	while (!(sizes & s));
	return s;
}

/* Any register but RSP. */
static unsigned pick_gpr(struct diff_gen *g)
{
	unsigned r;

	do
		r = below(g, 16);
	while (r == RSP);
	return r;
}

static unsigned pick_reg(struct diff_gen *g, const struct diff_form *f, bool vector)
{
	if (!vector)
		return pick_gpr(g);
	return f->kind >= MMX ? below(g, 8) : below(g, 16);
}

static void pick_memory(struct diff_gen *g, const struct diff_form *f, struct operands *o)
{
	static const uint8_t bases[] = { 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	unsigned at = below(g, 8) ? 256 + below(g, 3500) : 4096 - 20 + below(g, 40);
	uint64_t base;

	if ((f->details & ALIGNED) || ((f->details & ALIGN16) && below(g, 32)))
		at &= ~15u;
	o->target = (uintptr_t)g->data + at;
	o->rip_relative = !below(g, 8);
	if (o->rip_relative)
		return;
	o->base = bases[below(g, sizeof(bases))];
	do
		o->index = bases[below(g, sizeof(bases))];
	while (o->index == o->base);
	o->has_index = below(g, 2);
	o->scale = below(g, 4);
	o->disp =
		below(g, 3) ? (int8_t)diff_random(g) : (int32_t)(diff_random(g) & 0xffff) - 0x8000;
	base = o->target - (uint64_t)(int64_t)o->disp;
	if (o->has_index) {
		uint64_t index = below(g, 64) - 32ull;

		mov_imm64(g, o->index, index);
		base -= index << o->scale;
	}
	mov_imm64(g, o->base, base);
}

static void emit_modrm(struct diff_gen *g, const struct diff_form *f, struct operands *o)
{
	unsigned reg = (f->ext >= 0 ? (unsigned)f->ext : o->reg) & 7, mod, rm;

	if (!o->memory) {
		byte(g, 0xc0 | reg << 3 | (o->rm & 7));
		return;
	}
	if (o->rip_relative) {
		byte(g, reg << 3 | 5);
		o->disp_at = g->len;
		bytes(g, 0, 4);
		return;
	}
	mod = !o->disp && (o->base & 7) != 5 ? 0 : o->disp == (int8_t)o->disp ? 1 : 2;
	rm = o->has_index || (o->base & 7) == 4 ? 4 : o->base & 7;
	byte(g, mod << 6 | reg << 3 | rm);
	if (rm == 4)
		byte(g, (o->has_index ? o->scale : 0) << 6 |
				(o->has_index ? o->index & 7 : 4) << 3 | (o->base & 7));
	bytes(g, (uint64_t)(int64_t)o->disp, mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

static unsigned rex_of(const struct diff_form *f, const struct operands *o)
{
	unsigned rex = o->size == S64 && !(f->details & W64) ? 0x48 : 0;

	if (f->ext < 0 && o->reg > 7)
		rex |= 0x44;
	if (!o->memory && o->rm > 7)
		rex |= 0x41;
	if (o->memory && !o->rip_relative)
		rex |= (o->base > 7 ? 0x41 : 0) | (o->has_index && o->index > 7 ? 0x42 : 0);
	return rex;
}

static void emit_opcode(struct diff_gen *g, const struct diff_form *f, unsigned rex,
			unsigned opcode)
{
	if (f->prefix)
		byte(g, f->prefix);
	if (rex)
		byte(g, rex);
	if (f->map)
		byte(g, 0x0f);
	if (f->map > 1)
		byte(g, f->map == 2 ? 0x38 : 0x3a);
	byte(g, opcode);
}

static void emit_immediate(struct diff_gen *g, const struct diff_form *f, unsigned size)
{
	uint64_t v = diff_value(g);
	unsigned n = f->imm;

	if (n == 5)
		n = size == S16 ? 2 : 4;
	else if (n == 9)
		n = size == S16 ? 2 : size == S32 ? 4 : 8;
	if (f->details & IMM15)
		v &= 15;
	bytes(g, v, n);
}

/* With REX, byte registers 4 to 7 are the low bytes of RSP to RDI, of which RSP must not change. */
static void avoid_spl(struct operands *o, const struct diff_form *f)
{
	if (o->size != S8 || !rex_of(f, o))
		return;
	if (o->reg == RSP)
		o->reg = 0;
	if (o->rm == RSP)
		o->rm = 0;
}

static void pick_operands(struct diff_gen *g, const struct diff_form *f, struct operands *o)
{
	bool reg_vector =
		f->kind == XMM || f->kind == XMM_GPR || f->kind == MMX || f->kind == MMX_GPR ||
		f->kind == XMM_MMX || f->kind == MMX_XMM;
	bool rm_vector =
		f->kind == XMM || f->kind == GPR_XMM || f->kind == MMX || f->kind == GPR_MMX ||
		f->kind == XMM_MMX || f->kind == MMX_XMM;

	o->memory = !(f->details & R_ONLY) && ((f->details & M_ONLY) || below(g, 2));
	o->reg = pick_reg(g, f, reg_vector);
	o->rm = pick_reg(g, f, rm_vector);
	if (o->size == S8 && f->kind == GPR && !below(g, 3)) {
		o->reg = f->details & WIDE ? o->reg & 3 : below(g, 8);
		o->rm = below(g, 8);
	}
	if (o->memory)
		pick_memory(g, f, o);
	if (o->memory && (f->details & BIT_OFFSET)) {
		o->reg = below(g, 3);
		mov_imm64(g, o->reg, below(g, 4000) - 2000ull);
	}
	if (f->details & RDI_BUFFER)
		mov_imm64(g, 7, (uintptr_t)g->data + 2048 + below(g, 2500));
	avoid_spl(o, f);
}

static void emit_modrm_form(struct diff_gen *g, const struct diff_form *f, struct operands *o)
{
	pick_operands(g, f, o);
	if (f->details & CL15) {
		byte(g, 0xb1);
		byte(g, below(g, 16));
	}
	if (o->size == S16)
		byte(g, 0x66);
	if (o->memory && (f->details & LOCKS) && !below(g, 3))
		byte(g, 0xf0);
	emit_opcode(g, f, rex_of(f, o), f->opcode);
	emit_modrm(g, f, o);
	emit_immediate(g, f, o->size);
	if (o->disp_at) {
		int32_t disp = (int32_t)(o->target - (uintptr_t)(g->code + g->len));

		memcpy(g->code + o->disp_at, &disp, 4);
	}
}

static void emit_opreg(struct diff_gen *g, const struct diff_form *f, unsigned size)
{
	unsigned reg = pick_gpr(g), rex;

	if (size == S8 && !below(g, 2))
		reg = 4 + below(g, 4); /* AH to BH */
	rex = (size == S64 ? 0x48 : 0) | (reg > 7 ? 0x41 : 0);
	if (size == S16)
		byte(g, 0x66);
	emit_opcode(g, f, rex, f->opcode | (reg & 7));
	emit_immediate(g, f, size);
}

static void emit_plain(struct diff_gen *g, const struct diff_form *f, unsigned size)
{
	if (size == S16)
		byte(g, 0x66);
	emit_opcode(g, f, size == S64 ? 0x48 : 0, f->opcode);
	emit_immediate(g, f, size);
}

static void emit_string(struct diff_gen *g, const struct diff_form *f, unsigned size)
{
	mov_imm64(g, 6, (uintptr_t)g->data + 1024 + below(g, 3000));
	mov_imm64(g, 7, (uintptr_t)g->data + 1024 + below(g, 3000));
	mov_imm64(g, RCX, below(g, 60));
	mov_imm64(g, 3, (uintptr_t)g->data + below(g, 1024));
	if ((f->details & REPS) && below(g, 2))
		byte(g, below(g, 2) ? 0xf3 : 0xf2);
	if (size == S16)
		byte(g, 0x66);
	emit_opcode(g, f, size == S64 ? 0x48 : 0, f->opcode);
}

/* A branch over, a loop around, or a call of ADD EAX, imm8. */
static void emit_flow(struct diff_gen *g, const struct diff_form *f)
{
	static const uint8_t add[] = { 0x83, 0xc0, 0x05 };

	if (f->kind == LOOP)
		mov_imm64(g, RCX, 1 + below(g, 6));
	else if (f->kind == BRANCH)
		emit_opcode(g, f, 0, f->opcode);
	if (f->kind == BRANCH)
		byte(g, sizeof(add));
	if (f->kind == CALL) { /* call 1f; jmp 2f; 1: add; ret; 2: */
		byte(g, f->opcode);
		bytes(g, 2, 4);
		byte(g, 0xeb);
		byte(g, sizeof(add) + 1);
	}
	memcpy(g->code + g->len, add, sizeof(add));
	g->len += sizeof(add);
	if (f->kind == CALL)
		byte(g, 0xc3);
	if (f->kind == LOOP) {
		emit_opcode(g, f, 0, f->opcode);
		byte(g, 0x100 - sizeof(add) - 2);
	}
}

/* ENTER with up to three levels, whose frame pointers are anything, then LEAVE. */
static void emit_frame(struct diff_gen *g, const struct diff_form *f)
{
	mov_imm64(g, 5, (uintptr_t)g->data + 5000 + below(g, 100));
	emit_opcode(g, f, 0, f->opcode);
	bytes(g, below(g, 500), 2);
	byte(g, below(g, 4));
	byte(g, 0xc9);
}

/* Environment and control loads are left out: they hold addresses of the code, or unmask
 * exceptions. */
static bool x87_excluded(unsigned opcode, unsigned ext)
{
	return (opcode == 0xd9 && (ext == 4 || ext == 5 || ext == 6)) ||
	       (opcode == 0xdd && (ext == 4 || ext == 6)) || (opcode == 0xdd && ext == 5) ||
	       (opcode == 0xdb && (ext == 4 || ext == 6)) || (opcode == 0xd9 && ext == 1);
}

static void emit_x87(struct diff_gen *g, const struct diff_form *f, struct operands *o)
{
	/* What ModRM bytes C0 to FF name an instruction, by row of eight, for each escape opcode.
	 */
	static const uint8_t rows[8] = { 0xff, 0x87, 0x0f, 0x6f, 0xf3, 0x3d, 0xf3, 0x60 };
	static const uint8_t d9[] = { 0xd0, 0xe0, 0xe1, 0xe4, 0xe5, 0xe8,
				      0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee };
	struct diff_form row = *f;
	unsigned n = below(g, 8);

	if (below(g, 2)) {
		do
			n = below(g, 8);
		while (x87_excluded(f->opcode, n));
		row.ext = (int8_t)n;
		row.details = M_ONLY;
		row.kind = GPR;
		emit_modrm_form(g, &row, o);
		return;
	}
	byte(g, f->opcode);
	while (!(rows[f->opcode - 0xd8] >> n & 1))
		n = below(g, 8);
	if (f->opcode == 0xd9 && n == 2)
		byte(g, 0xd0);
	else if (f->opcode == 0xd9 && n == 7)
		byte(g, 0xf0 + below(g, 16));
	else if (f->opcode == 0xd9 && below(g, 2))
		byte(g, d9[below(g, sizeof(d9))]);
	else
		byte(g, 0xc0 | n << 3 | below(g, 8));
}

/* Pushes the flags, clears the undefined ones, pops them. */
static void clear_undefined(struct diff_gen *g, unsigned flags)
{
	byte(g, 0x9c);
	bytes(g, 0x24248148, 4);
	bytes(g, ~(uint64_t)flags, 4);
	byte(g, 0x9d);
}

void diff_emit(struct diff_gen *g, const struct diff_form *f)
{
	struct operands o = { .size = pick_size(g, f->sizes) };

	switch (f->kind) {
	case PLAIN: emit_plain(g, f, o.size); break;
	case OPREG: emit_opreg(g, f, o.size); break;
	case STRING: emit_string(g, f, o.size); break;
	case BRANCH:
	case LOOP:
	case CALL: emit_flow(g, f); break;
	case FRAME: emit_frame(g, f); break;
	case X87: emit_x87(g, f, &o); break;
	default: emit_modrm_form(g, f, &o);
	}
	if (f->undefined)
		clear_undefined(g, f->undefined);
}
