// SPDX-License-Identifier: MIT
/*
 * Saving and restoring x87 and SSE state: FXSAVE, FXRSTOR, XSAVE, XSAVEC, XSAVEOPT, XSAVES, XRSTOR,
 * XRSTORS.
 */
#include "cpu/decode.h"
#include "cpu/mem.h"

#define XSTATE_X87    1u
#define XSTATE_SSE    2u
#define XCOMP_COMPACT (1ull << 63)
#define HEADER	      512u
#define AREA	      (HEADER + 64)
#define MXCSR_OFFSET  24u
#define MXCSR_MASK    0xffffu

static void check_alignment(struct cpu *cpu, struct insn *insn, uint64_t lin, unsigned align)
{
	if (lin & (align - 1))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
}

/* Outside 64-bit mode only XMM0 to 7 are moved; without CR4.OSFXSR FXSAVE may leave XMM registers
 * out, and doesn't here. */
static unsigned xmm_bytes(const struct cpu *cpu)
{
	return cpu->mode & MODE_64 ? 256 : 128;
}

/* The 64-bit form has full pointers, the other one 32-bit offsets with (zero) selectors. */
static void image_pointers(const struct insn *insn, struct cpu_fx *image)
{
	image->fcw = (image->fcw & 0x1f3f) | 0x40;
	if (!insn->aux) {
		image->fip = (uint32_t)image->fip;
		image->fdp = (uint32_t)image->fdp;
	}
}

HANDLER(fxsave)
{
	uint64_t lin = insn_lin(cpu, insn);
	struct cpu_fx image;

	check_alignment(cpu, insn, lin, 16);
	mem_read(cpu, insn, lin, &image, 512); /* reserved parts stay */
	memcpy(&image, &cpu->s.fx, offsetof(struct cpu_fx, xmm) + xmm_bytes(cpu));
	image.mxcsr_mask = MXCSR_MASK;
	image_pointers(insn, &image);
	mem_write(cpu, insn, lin, &image, 512);
	NEXT;
}

HANDLER(fxrstor)
{
	uint64_t lin = insn_lin(cpu, insn);
	struct cpu_fx image;

	check_alignment(cpu, insn, lin, 16);
	mem_read(cpu, insn, lin, &image, 512);
	if (image.mxcsr & ~MXCSR_MASK)
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	image.mxcsr_mask = MXCSR_MASK;
	image_pointers(insn, &image);
	memcpy(&cpu->s.fx, &image, offsetof(struct cpu_fx, xmm) + xmm_bytes(cpu));
	NEXT;
}

static bool emit_fx(const struct decode *d, const struct opcode *op, struct insn *insn)
{
	insn->fn = (handler_fn *)op->table;
	decode_mem(d, &d->op[0], insn);
	insn->aux = op->arg & 1;
	return true;
}

static uint64_t requested(struct cpu *cpu, struct insn *insn, uint64_t components)
{
	if (!(cpu->s.cr4 & CR4_OSXSAVE))
		cpu_raise(cpu, insn, EXC_UD);
	return (cpu->s.gpr[CPU_RDX] << 32 | (uint32_t)cpu->s.gpr[CPU_RAX]) & components &
	       (XSTATE_X87 | XSTATE_SSE);
}

/* Which components are not in their initial state. */
uint64_t xstate_in_use(const struct cpu *cpu)
{
	static const uint8_t zero[256];
	const struct cpu_fx *fx = &cpu->s.fx;
	uint64_t used = 0;

	if (fx->fcw != 0x37f || fx->fsw || fx->ftw || fx->fop || fx->fip || fx->fdp ||
	    memcmp(fx->st, zero, 128))
		used |= XSTATE_X87;
	if (memcmp(fx->xmm, zero, 256))
		used |= XSTATE_SSE;
	return used;
}

static void save_x87(const struct cpu *cpu, const struct insn *insn, uint8_t *area)
{
	struct cpu_fx image = cpu->s.fx;

	image_pointers(insn, &image);
	memcpy(area, &image, MXCSR_OFFSET);
	memcpy(area + offsetof(struct cpu_fx, st), image.st, sizeof(image.st));
}

/* kind: of XSAVE, XSAVEOPT, XSAVEC, XSAVES; the latter two write the compacted format and skip
 * initial components. */
enum { KIND_XSAVE, KIND_XSAVEOPT, KIND_XSAVEC, KIND_XSAVES };

static void save(struct cpu *cpu, struct insn *insn, unsigned kind, uint64_t components)
{
	uint64_t mask = requested(cpu, insn, components), used = xstate_in_use(cpu),
		 lin = insn_lin(cpu, insn);
	uint8_t area[AREA] __attribute__((aligned(64)));
	uint64_t *header = (uint64_t *)(void *)(area + HEADER), write;
	bool compact = kind >= KIND_XSAVEC;
	uint32_t mxcsr_mask = MXCSR_MASK;

	check_alignment(cpu, insn, lin, 64);
	mem_read(cpu, insn, lin, area, AREA);
	write = kind == KIND_XSAVE ? mask : mask & used;
	if (compact && (mask & XSTATE_SSE) && cpu->s.fx.mxcsr != 0x1f80)
		write |= XSTATE_SSE; /* the compacted format counts MXCSR in */
	if (write & XSTATE_X87)
		save_x87(cpu, insn, area);
	if (write & XSTATE_SSE)
		memcpy(area + offsetof(struct cpu_fx, xmm), cpu->s.fx.xmm, xmm_bytes(cpu));
	if (compact ? write & XSTATE_SSE : mask & XSTATE_SSE) {
		memcpy(area + MXCSR_OFFSET, &cpu->s.fx.mxcsr, 4);
		memcpy(area + MXCSR_OFFSET + 4, &mxcsr_mask, 4);
	}
	if (compact) {
		header[0] = write;
		header[1] = XCOMP_COMPACT | mask;
	} else {
		header[0] = (header[0] & ~mask) | (mask & used);
	}
	mem_write(cpu, insn, lin, area, AREA);
}

HANDLER(xsave)
{
	save(cpu, insn, KIND_XSAVE, cpu->s.xcr0);
	NEXT;
}

HANDLER(xsaveopt)
{
	save(cpu, insn, KIND_XSAVEOPT, cpu->s.xcr0);
	NEXT;
}

HANDLER(xsavec)
{
	save(cpu, insn, KIND_XSAVEC, cpu->s.xcr0);
	NEXT;
}

HANDLER(xsaves)
{
	save(cpu, insn, KIND_XSAVES, cpu->s.xcr0 | cpu->s.xss);
	NEXT;
}

static bool header_valid(const struct cpu *cpu, const uint64_t *header, bool supervisor)
{
	static const uint64_t zero[6];
	uint64_t allowed = cpu->s.xcr0 | (supervisor ? cpu->s.xss : 0);

	if (header[1] & XCOMP_COMPACT) {
		if ((header[1] & ~XCOMP_COMPACT & ~allowed) || (header[0] & ~header[1]))
			return false;
	} else if (supervisor || header[1] || (header[0] & ~cpu->s.xcr0)) {
		return false;
	}
	return !memcmp(header + 2, zero, sizeof(zero));
}

static void restore_x87(struct cpu *cpu, const struct insn *insn, const uint8_t *area)
{
	struct cpu_fx image = { .fcw = 0x37f };

	if (area) {
		memcpy(&image, area, MXCSR_OFFSET);
		memcpy(image.st, area + offsetof(struct cpu_fx, st), sizeof(image.st));
	}
	image_pointers(insn, &image);
	memcpy(&cpu->s.fx, &image, MXCSR_OFFSET);
	memcpy(cpu->s.fx.st, image.st, sizeof(image.st));
}

static void restore(struct cpu *cpu, struct insn *insn, bool supervisor)
{
	uint64_t components = cpu->s.xcr0 | (supervisor ? cpu->s.xss : 0);
	uint64_t mask = requested(cpu, insn, components), lin = insn_lin(cpu, insn), load;
	uint8_t area[AREA] __attribute__((aligned(64)));
	const uint64_t *header = (const uint64_t *)(const void *)(area + HEADER);
	bool compact;
	uint32_t mxcsr;

	check_alignment(cpu, insn, lin, 64);
	mem_read(cpu, insn, lin, area, AREA);
	if (!header_valid(cpu, header, supervisor))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	compact = header[1] & XCOMP_COMPACT;
	memcpy(&mxcsr, area + MXCSR_OFFSET, 4);
	load = mask & header[0];
	if (compact && !(load & XSTATE_SSE))
		mxcsr = 0x1f80;
	if ((mask & XSTATE_SSE) && (mxcsr & ~MXCSR_MASK))
		cpu_raise_error(cpu, insn, EXC_GP, 0);
	if (mask & XSTATE_X87)
		restore_x87(cpu, insn, load & XSTATE_X87 ? area : NULL);
	if (mask & XSTATE_SSE) {
		cpu->s.fx.mxcsr = mxcsr;
		if (load & XSTATE_SSE)
			memcpy(cpu->s.fx.xmm, area + offsetof(struct cpu_fx, xmm), xmm_bytes(cpu));
		else
			memset(cpu->s.fx.xmm, 0, xmm_bytes(cpu));
	}
}

HANDLER(xrstor)
{
	restore(cpu, insn, false);
	NEXT;
}

HANDLER(xrstors)
{
	restore(cpu, insn, true);
	NEXT;
}

#define FX(mn, fl, wide, fn)                                                                       \
	{                                                                                          \
		ZYDIS_MNEMONIC_##mn, fl, wide, emit_fx, (const void *)fn                           \
	}

static const struct opcode ops[] = {
	FX(FXSAVE, OP_X87, 0, fxsave),
	FX(FXSAVE64, OP_X87, 1, fxsave),
	FX(FXRSTOR, OP_X87, 0, fxrstor),
	FX(FXRSTOR64, OP_X87, 1, fxrstor),
	FX(XSAVE, OP_TS, 0, xsave),
	FX(XSAVE64, OP_TS, 1, xsave),
	FX(XSAVEOPT, OP_TS, 0, xsaveopt),
	FX(XSAVEOPT64, OP_TS, 1, xsaveopt),
	FX(XSAVEC, OP_TS, 0, xsavec),
	FX(XSAVEC64, OP_TS, 1, xsavec),
	FX(XSAVES, OP_TS | OP_CPL0, 0, xsaves),
	FX(XSAVES64, OP_TS | OP_CPL0, 1, xsaves),
	FX(XRSTOR, OP_TS, 0, xrstor),
	FX(XRSTOR64, OP_TS, 1, xrstor),
	FX(XRSTORS, OP_TS | OP_CPL0, 0, xrstors),
	FX(XRSTORS64, OP_TS | OP_CPL0, 1, xrstors),
};
GROUP(cpu_ops_xstate, ops);
