// SPDX-License-Identifier: MIT
/*
 * Fixed workloads for the interpreter's speed.
 */
#include "cpu/cpu_bench.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/cpu.h"

#define CODE   0x100000ull
#define DATA   0x200000ull
#define STACK  0x180000ull
#define MEMORY 0x400000ull
#define TABLES 0x1000ull

struct cpu_bench {
	struct cpu *cpu;
	uint8_t *memory;
};

/*
 * loop: add rax, rcx; imul rdx, rax, 0x41c64e6d; add rdx, 0x3039; mov rsi, rdx; shr rsi, 16; xor
 * rax, rsi; and esi, 7; lea rbx, [rbx+rsi*4+1]; test al, 1; jz skip; sub rbx, rsi; ror rbx, 3;
 * skip: inc rcx; cmp rcx, r8; jne loop; xor ecx, ecx; jmp loop
 */
static const uint8_t integer_code[] = {
	0x48, 0x01, 0xc8, 0x48, 0x69, 0xd0, 0x6d, 0x4e, 0xc6, 0x41, 0x48, 0x81, 0xc2, 0x39, 0x30,
	0x00, 0x00, 0x48, 0x89, 0xd6, 0x48, 0xc1, 0xee, 0x10, 0x48, 0x31, 0xf0, 0x83, 0xe6, 0x07,
	0x48, 0x8d, 0x5c, 0xb3, 0x01, 0xa8, 0x01, 0x74, 0x07, 0x48, 0x29, 0xf3, 0x48, 0xc1, 0xcb,
	0x03, 0x48, 0xff, 0xc1, 0x4c, 0x39, 0xc1, 0x75, 0xca, 0x31, 0xc9, 0xeb, 0xc6,
};

/*
 * loop: mov rsi, rcx; and esi, 0x7fff; mov rax, [rdi+rsi*8]; add rax, rcx; mov [rdi+rsi*8], rax;
 * add [rdi+rsi*8+8], rax; movzx edx, byte [rdi+rsi]; push rdx; call fn; pop rdx; add rcx, 9; jmp
 * loop; fn: mov ebx, [rdi+rdx*4]; cmp ebx, eax; jb out; mov [rdi+rdx*4], ebx; out: ret
 */
static const uint8_t memory_code[] = {
	0x48, 0x89, 0xce, 0x81, 0xe6, 0xff, 0x7f, 0x00, 0x00, 0x48, 0x8b, 0x04, 0xf7, 0x48,
	0x01, 0xc8, 0x48, 0x89, 0x04, 0xf7, 0x48, 0x01, 0x44, 0xf7, 0x08, 0x0f, 0xb6, 0x14,
	0x37, 0x52, 0xe8, 0x07, 0x00, 0x00, 0x00, 0x5a, 0x48, 0x83, 0xc1, 0x09, 0xeb, 0xd6,
	0x8b, 0x1c, 0x97, 0x39, 0xc3, 0x72, 0x03, 0x89, 0x1c, 0x97, 0xc3,
};

static bool translate(void *opaque, uint64_t gpa, uint32_t access, struct cpu_mapping *out)
{
	struct cpu_bench *bench = opaque;

	(void)access;
	if (gpa >= MEMORY)
		return false;
	*out = (struct cpu_mapping){ bench->memory, 0, MEMORY, CPU_READ | CPU_WRITE | CPU_EXEC };
	return true;
}

static const struct cpu_ops ops = { .translate = translate };

static void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

/* Identity map of the low 4 MiB in 4 KiB pages. */
static void make_tables(uint8_t *memory)
{
	put64(memory + TABLES, (TABLES + 0x1000) | 3);
	put64(memory + TABLES + 0x1000, (TABLES + 0x2000) | 3);
	for (uint64_t i = 0; i < MEMORY >> 21; i++)
		put64(memory + TABLES + 0x2000 + 8 * i, (TABLES + 0x3000 + 0x1000 * i) | 3);
	for (uint64_t i = 0; i < MEMORY >> 12; i++)
		put64(memory + TABLES + 0x3000 + 8 * i, i << 12 | 3);
}

static void make_state(struct cpu_state *s)
{
	s->cr0 = 0x80010021;
	s->cr4 = 0x60;
	s->cr3 = TABLES;
	s->efer = 0xd01;
	s->seg[CPU_CS].access_rights = 0xa09b;
	s->rip = CODE;
	s->gpr[CPU_RSP] = STACK;
	s->gpr[CPU_RDI] = DATA;
	s->gpr[CPU_R8] = 100000;
}

struct cpu_bench *cpu_bench_create(enum cpu_bench_kind kind)
{
	struct cpu_bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return NULL;
	bench->memory = aligned_alloc(4096, MEMORY);
	bench->cpu = cpu_create(NULL, &ops, bench);
	if (!bench->memory || !bench->cpu) {
		cpu_bench_destroy(bench);
		return NULL;
	}
	memset(bench->memory, 0, MEMORY);
	make_tables(bench->memory);
	if (kind == CPU_BENCH_INTEGER)
		memcpy(bench->memory + CODE, integer_code, sizeof(integer_code));
	else
		memcpy(bench->memory + CODE, memory_code, sizeof(memory_code));
	make_state(cpu_state(bench->cpu));
	return bench;
}

void cpu_bench_destroy(struct cpu_bench *bench)
{
	if (!bench)
		return;
	cpu_destroy(bench->cpu);
	free(bench->memory);
	free(bench);
}

uint64_t cpu_bench_run(struct cpu_bench *bench, uint64_t count)
{
	uint64_t before = cpu_instructions(bench->cpu);
	struct cpu_exit exit;

	cpu_controls(bench->cpu)->budget = count;
	cpu_run(bench->cpu, &exit);
	if (exit.reason != CPU_EXIT_PREEMPTION_TIMER)
		return 0;
	return cpu_instructions(bench->cpu) - before;
}
