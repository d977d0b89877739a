// SPDX-License-Identifier: MIT
/*
 * Arbitrary bytes as guest code, registers and controls: the interpreter must neither crash nor
 * hang nor leave the guest's memory. Input: a struct header, then code. A fault goes on one byte
 * further, and the run ends behind the code: most of an input is run, and little again and again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/cpu.h"

#define MEMORY 0x40000ull
#define TABLES 0x1000ull
#define GDT    0x8000ull
#define IDT    0x9000ull
#define TSS    0xa000ull
#define FAULT  0xb000ull /* handlers: of an exception with an error code, of one without */
#define TRAP   0xb010ull
#define RETURN 0xb020ull /* of an interrupt */
#define CODE   0x10000ull
#define STACK  0x20000ull
#define EXITS  64u
#define BUDGET 500u

struct header {
	uint8_t mode;	/* bits 0 and 1: 64-bit kernel, 64-bit user, compatibility user, 32-bit
			   without paging */
	uint8_t offset; /* of the code in its page: near the end when bit 7 is set */
	uint16_t exits;
	uint32_t flags, exceptions;
	uint32_t cr4;
	uint8_t registers[16]; /* each picks a value */
	uint32_t mxcsr;
	uint16_t fcw, fsw;
};

struct fuzz {
	uint8_t memory[MEMORY] __attribute__((aligned(4096)));
	struct cpu *cpu;
	uint64_t end; /* of the code */
	unsigned answers;
};

static bool translate(void *opaque, uint64_t gpa, uint32_t access, struct cpu_mapping *out)
{
	struct fuzz *f = opaque;

	if (gpa >= MEMORY)
		return false;
	*out = (struct cpu_mapping){ f->memory + (gpa & ~0xfffull), gpa & ~0xfffull, 4096,
				     CPU_READ | CPU_WRITE | CPU_EXEC };
	if (gpa >> 12 == 0x3f) /* one page that is read-only */
		out->permissions = CPU_READ;
	return out->permissions & access;
}

static int pending_vector(void *opaque)
{
	struct fuzz *f = opaque;

	return f->answers++ < 3 ? 0x40 : -1;
}

static bool random_number(void *opaque, uint64_t *value)
{
	struct fuzz *f = opaque;

	*value = f->answers++ * 0x9e3779b97f4a7c15ull;
	return f->answers & 1;
}

static const struct cpu_ops ops = { .translate = translate,
				    .pending_vector = pending_vector,
				    .random = random_number };

static void put64(struct fuzz *f, uint64_t at, uint64_t value)
{
	memcpy(f->memory + at, &value, 8);
}

static uint64_t handler(unsigned vector)
{
	static const uint32_t error_codes = 1u << 8 | 0x1fu << 10 | 1u << 17 | 1u << 21;

	if (vector >= 32)
		return RETURN;
	return error_codes >> vector & 1 ? FAULT : TRAP;
}

static void make_handlers(struct fuzz *f)
{
	for (unsigned n = 0; n < 256; n++)
		put64(f, IDT + 16 * n, handler(n) | 8 << 16 | 0xee00ull << 32);
	memcpy(f->memory + FAULT, "\x48\x83\xc4\x08\x48\xff\x04\x24\x48\xcf", 10);
	memcpy(f->memory + TRAP, "\x48\xff\x04\x24\x48\xcf", 6);
	memcpy(f->memory + RETURN, "\x48\xcf", 2);
}

static void make_memory(struct fuzz *f)
{
	static const uint64_t gdt[] = { 0,
					0x00af9b000000ffff,
					0x00cf93000000ffff,
					0x00cf9b000000ffff,
					0x00cffb000000ffff,
					0x00cff3000000ffff,
					0x00affb000000ffff,
					0x0000890000000067 | TSS << 16,
					0 };

	put64(f, TABLES, (TABLES + 0x1000) | 7);
	put64(f, TABLES + 0x1000, (TABLES + 0x2000) | 7);
	put64(f, TABLES + 0x2000, (TABLES + 0x3000) | 7);
	for (uint64_t i = 0; i < 512; i++)
		put64(f, TABLES + 0x3000 + 8 * i, (i % (MEMORY >> 12)) << 12 | (i & 64 ? 3 : 7));
	memcpy(f->memory + GDT, gdt, sizeof(gdt));
	put64(f, TSS + 4, 0x30000);
	make_handlers(f);
}

static uint64_t pick(uint8_t code)
{
	static const uint64_t values[] = { 0,	 1,	      ~0ull,  STACK,
					   CODE, 0x3ff8,      TABLES, 0x8000000000000000,
					   GDT,	 0xfffffffff, 0x7f,   8 };

	return code & 0x80 ? (uint64_t)code << (code & 0x1f)
			   : values[code % (sizeof(values) / sizeof(values[0]))];
}

static void set_segments(struct cpu_state *s, uint16_t cs, uint32_t cs_rights, uint16_t ss,
			 uint32_t ss_rights)
{
	for (unsigned i = 0; i <= CPU_GS; i++)
		s->seg[i] = (struct cpu_segment){ ss, ss_rights, 0xffffffff, 0 };
	s->seg[CPU_CS] = (struct cpu_segment){ cs, cs_rights, 0xffffffff, 0 };
	s->seg[CPU_TR] = (struct cpu_segment){ 0x38, 0x8b, 0x67, TSS };
	s->gdtr = (struct cpu_table){ GDT, 0x47 };
	s->idtr = (struct cpu_table){ IDT, 0xfff };
}

static void make_state(struct cpu_state *s, const struct header *h)
{
	switch (h->mode & 3) {
	case 0: set_segments(s, 0x08, 0xa09b, 0x10, 0xc093); break;
	case 1: set_segments(s, 0x33, 0xa0fb, 0x2b, 0xc0f3); break;
	case 2: set_segments(s, 0x23, 0xc0fb, 0x2b, 0xc0f3); break;
	default: set_segments(s, 0x18, 0xc09b, 0x10, 0xc093);
	}
	s->cr0 = (h->mode & 3) == 3 ? 0x21 : 0x80010033;
	s->efer = (h->mode & 3) == 3 ? 0x901 : 0xd01;
	s->cr4 = 0x620 | (h->cr4 & 0x750fdc);
	s->cr3 = TABLES;
	s->rflags = (h->flags & 0x254dd5) | 2;
	for (unsigned i = 0; i < 16; i++)
		s->gpr[i] = pick(h->registers[i]);
	s->gpr[CPU_RSP] = STACK;
	s->fx.mxcsr = h->mxcsr;
	s->fx.fcw = h->fcw;
	s->fx.fsw = h->fsw;
	s->fx.ftw = (uint8_t)h->flags;
	s->xcr0 = 3;
	s->rip = CODE + (h->offset & 0x80 ? 0xf80u | (h->offset & 0x7f) : 0);
}

/* The code, and VMCALL behind it, which is an exit in each mode. */
static void put_code(struct fuzz *f, uint64_t at, const uint8_t *code, size_t len)
{
	len = len < 0x4000 ? len : 0x4000;
	memcpy(f->memory + at, code, len);
	f->end = at + len;
	memcpy(f->memory + f->end, "\x0f\x01\xc1", 3);
}

/* Goes on after an exit as a VMM would: over the instruction, or to an exception. */
static bool go_on(struct fuzz *f, const struct cpu_exit *exit)
{
	if (exit->reason == CPU_EXIT_VMCALL && cpu_state(f->cpu)->rip == f->end)
		return false;
	switch (exit->reason) {
	case CPU_EXIT_TRIPLE_FAULT:
	case CPU_EXIT_PREEMPTION_TIMER: return false;
	case CPU_EXIT_EXCEPTION:
	case CPU_EXIT_EPT_VIOLATION:
		return cpu_inject(f->cpu, CPU_INTR(CPU_INTR_EXCEPTION, 20), 0, 0);
	default: cpu_state(f->cpu)->rip += exit->insn_len; return true;
	}
}

static void run(struct fuzz *f, const struct header *h, const uint8_t *code, size_t len)
{
	struct cpu_state *s = cpu_state(f->cpu);
	struct cpu_exit exit;

	make_memory(f);
	make_state(s, h);
	put_code(f, s->rip, code, len);
	*cpu_controls(f->cpu) = (struct cpu_controls){
		.exits = h->exits,
		.exception_bitmap = h->exceptions,
		.cr0_fixed1 = 0x21,
		.cr4_allowed = 0x770fff,
		.efer_allowed = 0xd01,
		.xcr0_allowed = 3,
		.phys_bits = 46,
	};
	cpu_raise_interrupt(f->cpu);
	for (unsigned i = 0; i < EXITS && cpu_instructions(f->cpu) < BUDGET; i++) {
		cpu_controls(f->cpu)->budget = BUDGET - cpu_instructions(f->cpu);
		cpu_run(f->cpu, &exit);
		if (!go_on(f, &exit))
			break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header header;
	struct fuzz *f;

	if (size < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	f = aligned_alloc(4096, sizeof(*f));
	if (!f)
		return 0;
	memset(f, 0, sizeof(*f));
	f->cpu = cpu_create(NULL, &ops, f);
	if (f->cpu)
		run(f, &header, data + sizeof(header), size - sizeof(header));
	cpu_destroy(f->cpu);
	free(f);
	return 0;
}
