// SPDX-License-Identifier: MIT
/*
 * Runs the self-checking program in the interpreter: 16 MiB of memory, a debug port, an exit port,
 * and a CPUID that offers what the interpreter has. Usage: cpu_priv_run ELF
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../test_file.h"
#include "cpu/cpu.h"
#include "formats/elf.h"
#include "priv/layout.h"

#define MEMORY	(16ull << 20)
#define FLAG_TF 0x100u
#define DR6_BS	0x4000u

static bool translate(void *opaque, uint64_t gpa, uint32_t access, struct cpu_mapping *out)
{
	uint8_t *memory = opaque;

	(void)access;
	if (gpa >= MEMORY)
		return false;
	*out = (struct cpu_mapping){ memory, 0, MEMORY, CPU_READ | CPU_WRITE | CPU_EXEC };
	return true;
}

static const struct cpu_ops ops = { .translate = translate };

/* PCID, INVPCID, SMEP, SMAP, FSGSBASE and the rest of what QEMU has too. */
static void answer_cpuid(struct cpu_state *s)
{
	uint32_t leaf = (uint32_t)s->gpr[CPU_RAX], b = 0, c = 0, d = 0;

	if (leaf == 1)
		c = 1u << 17; /* PCID */
	else if (leaf == 7)
		b = 1u << 0 | 1u << 7 | 1u << 10 | 1u << 20;
	s->gpr[CPU_RAX] = 7;
	s->gpr[CPU_RBX] = b;
	s->gpr[CPU_RCX] = c;
	s->gpr[CPU_RDX] = d;
}

/* One OUT; true ends the run. */
static bool answer_io(const struct cpu_state *s, const struct cpu_exit *exit, int *status)
{
	unsigned port = exit->qualification >> 16 & 0xffff;

	if (port == DEBUG_PORT)
		putchar((int)(s->gpr[CPU_RAX] & 0xff));
	*status = (int)(s->gpr[CPU_RAX] & 0xff);
	return port == EXIT_PORT;
}

static int run(struct cpu *cpu)
{
	struct cpu_state *s = cpu_state(cpu);
	struct cpu_exit exit;
	int status = 1;

	for (;;) {
		cpu_run(cpu, &exit);
		if (s->rflags & FLAG_TF)
			s->pending_debug |= DR6_BS; /* of the instruction carried out here */
		if (exit.reason == CPU_EXIT_CPUID) {
			answer_cpuid(s);
		} else if (exit.reason != CPU_EXIT_IO) {
			printf("FAILED: exit %u at 0x%llx\n", exit.reason,
			       (unsigned long long)s->rip);
			return 1;
		} else if (answer_io(s, &exit, &status)) {
			return status;
		}
		s->rip += exit.insn_len;
	}
}

static bool load(const char *name, uint8_t *memory, uint64_t *entry)
{
	size_t size;
	uint8_t *file = read_whole(name, &size);
	struct format_error error;
	struct elf elf;
	bool ok = file && !elf_parse(&elf, file, size, &error) && elf_end(&elf) <= MEMORY;

	for (unsigned i = 0; ok && i < elf.count; i++)
		memcpy(memory + elf.segment[i].gpa, file + elf.segment[i].offset,
		       elf.segment[i].file_size);
	*entry = ok ? elf.entry : 0;
	free(file);
	return ok;
}

int main(int argc, char **argv)
{
	uint8_t *memory = aligned_alloc(4096, MEMORY);
	struct cpu *cpu = memory ? cpu_create(NULL, &ops, memory) : NULL;
	int status = 2;
	uint64_t entry;

	if (cpu)
		memset(memory, 0, MEMORY);
	if (argc != 2 || !cpu || !load(argv[1], memory, &entry)) {
		fprintf(stderr, "usage: cpu_priv_run ELF\n");
	} else {
		struct cpu_controls *c = cpu_controls(cpu);

		cpu_state(cpu)->rip = entry;
		cpu_state(cpu)->efer = 0;
		cpu_state(cpu)->cr0 = 0x11;
		cpu_state(cpu)->cr4 = 0;
		c->cr0_fixed1 = 0;
		c->cr4_allowed = 0x370fff & ~(1ull << 13);
		c->phys_bits = 40;
		status = run(cpu);
	}
	cpu_destroy(cpu);
	free(memory);
	return status;
}
