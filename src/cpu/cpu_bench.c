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

/* cpu_bench_code.S */
extern const uint8_t cpu_bench_integer[], cpu_bench_integer_end[];
extern const uint8_t cpu_bench_memory[], cpu_bench_memory_end[];

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
	s->gpr[CPU_R9] = UINT64_MAX; /* for ever */
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
		memcpy(bench->memory + CODE, cpu_bench_integer,
		       (size_t)(cpu_bench_integer_end - cpu_bench_integer));
	else
		memcpy(bench->memory + CODE, cpu_bench_memory,
		       (size_t)(cpu_bench_memory_end - cpu_bench_memory));
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
