// SPDX-License-Identifier: MIT
/*
 * Differential test: random user-mode instruction sequences run on the real processor and in the
 * interpreter, and all registers, flags, memory and faults must agree. Options: --seed N, --count N
 * (sequences), --form TEXT (only forms whose name contains it), --verbose (the forms tested).
 */
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>

#include "cpu/cpu.h"
#include "diff_gen.h"

#define MAX_FORMS      1024u
#define FLAGS_COMPARED 0xcd5u
#define TABLES	       0x1000ull /* guest-physical address of the page tables */

/* Layout known to diff_native.S. */
struct diff_regs {
	struct cpu_fx fx;
	uint64_t gpr[16];
	uint64_t flags;
	uint64_t rest[7];
} __attribute__((aligned(64)));

extern struct diff_regs diff_regs;
extern void *diff_code;
void diff_enter(void);
void diff_exit(void);

/* What a run leaves. */
struct outcome {
	struct diff_regs regs;
	int vector; /* -1: reached the end */
	uint64_t rip;
	uint8_t data[DIFF_DATA_SIZE];
};

static struct {
	uint64_t seed, count;
	const char *form;
	bool verbose;
} options = { 1, 30000, NULL, false };

struct rig {
	struct diff_gen gen;
	uint8_t *memory; /* code page, then data */
	uint64_t *tables;
	struct cpu *cpu;
	const struct diff_form *forms[MAX_FORMS];
	unsigned nr_forms;
	struct outcome native, emulated;
	struct diff_regs initial;
	uint8_t data[DIFF_DATA_SIZE];
};

static volatile int fault_vector;
static volatile uint64_t fault_rip;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	fault_vector = (int)uc->uc_mcontext.gregs[REG_TRAPNO];
	fault_rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)diff_exit;
}

static void catch_faults(void)
{
	static const int signals[] = { SIGFPE, SIGSEGV, SIGILL, SIGBUS, SIGTRAP };
	static uint8_t stack[65536];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	assert_int_equal(sigaltstack(&alt, NULL), 0);
	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		assert_int_equal(sigaction(signals[i], &sa, NULL), 0);
}

static bool host_has(unsigned feature)
{
	unsigned a, b = 0, c = 0, d = 0, c1, b7 = 0, c7 = 0, ce = 0;

	__get_cpuid(1, &a, &b, &c, &d);
	c1 = c;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
		b7 = b;
		c7 = c;
	}
	if (__get_cpuid(0x80000001, &a, &b, &c, &d))
		ce = c;
	switch (feature) {
	case F_SSE3: return c1 & 1;
	case F_PCLMUL: return c1 >> 1 & 1;
	case F_SSSE3: return c1 >> 9 & 1;
	case F_CX16: return c1 >> 13 & 1;
	case F_SSE41: return c1 >> 19 & 1;
	case F_SSE42: return c1 >> 20 & 1;
	case F_MOVBE: return c1 >> 22 & 1;
	case F_POPCNT: return c1 >> 23 & 1;
	case F_AES: return c1 >> 25 & 1;
	case F_BMI1: return b7 >> 3 & 1;
	case F_SHA: return b7 >> 29 & 1;
	case F_MOVDIRI: return c7 >> 27 & 1;
	case F_MOVDIR64B: return c7 >> 28 & 1;
	case F_LAHF: return ce & 1;
	case F_LZCNT: return ce >> 5 & 1;
	default: return true;
	}
}

static void choose_forms(struct rig *rig)
{
	unsigned skipped = 0;

	for (unsigned i = 0; i < diff_nr_forms; i++) {
		const struct diff_form *f = &diff_forms[i];

		if (options.form && !strstr(f->name, options.form))
			continue;
		if (!host_has(f->feature)) {
			printf("skipped, the host lacks it: %s\n", f->name);
			skipped++;
			continue;
		}
		if (options.verbose)
			printf("tested: %s\n", f->name);
		assert_true(rig->nr_forms < MAX_FORMS);
		rig->forms[rig->nr_forms++] = f;
	}
	printf("%u forms tested, %u skipped, %lu sequences, seed %lu\n", rig->nr_forms, skipped,
	       (unsigned long)options.count, (unsigned long)options.seed);
	assert_true(rig->nr_forms > 0);
}

/* Guest-physical is host-virtual for the code and data; the page tables sit low. */
static bool translate(void *opaque, uint64_t gpa, uint32_t access, struct cpu_mapping *out)
{
	struct rig *rig = opaque;
	uint64_t page = gpa & ~0xfffull, start = (uintptr_t)rig->memory;

	(void)access;
	if (page >= TABLES && page < TABLES + 0x4000)
		*out = (struct cpu_mapping){ (uint8_t *)rig->tables + (page - TABLES), page, 4096,
					     7 };
	else if (page - start < DIFF_CODE_SIZE + DIFF_DATA_SIZE)
		*out = (struct cpu_mapping){ rig->memory + (page - start), page, 4096, 7 };
	else
		return false;
	return true;
}

static const struct cpu_ops ops = { .translate = translate };

static void make_tables(struct rig *rig)
{
	uint64_t va = (uintptr_t)rig->memory;

	rig->tables = aligned_alloc(4096, 0x4000);
	assert_non_null(rig->tables);
	memset(rig->tables, 0, 0x4000);
	rig->tables[va >> 39 & 511] = (TABLES + 0x1000) | 7;
	rig->tables[512 + (va >> 30 & 511)] = (TABLES + 0x2000) | 7;
	rig->tables[1024 + (va >> 21 & 511)] = (TABLES + 0x3000) | 7;
	for (unsigned i = 0; i < (DIFF_CODE_SIZE + DIFF_DATA_SIZE) / 4096; i++)
		rig->tables[1536 + (va >> 12 & 511) + i] = (va + 4096ull * i) | 7;
}

static void make_rig(struct rig *rig)
{
	size_t size = DIFF_CODE_SIZE + DIFF_DATA_SIZE;

	/* All within one 2 MiB region: one page table does. */
	rig->memory = mmap(NULL, 2u << 20, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(rig->memory != MAP_FAILED);
	while (((uintptr_t)rig->memory >> 21) != (((uintptr_t)rig->memory + size - 1) >> 21))
		rig->memory += 4096;
	make_tables(rig);
	rig->gen.random = options.seed * 0x9e3779b97f4a7c15ull | 1;
	rig->gen.code = rig->memory;
	rig->gen.data = rig->memory + DIFF_CODE_SIZE;
	rig->cpu = cpu_create(NULL, &ops, rig);
	assert_non_null(rig->cpu);
	cpu_controls(rig->cpu)->exception_bitmap = ~0u;
	cpu_controls(rig->cpu)->budget = 100000;
	choose_forms(rig);
}

static void random_x87(struct rig *rig, struct cpu_fx *fx)
{
	struct diff_gen *g = &rig->gen;

	fx->fcw = (uint16_t)(0x7f | (diff_random(g) & 0xf00));
	fx->fsw = (uint16_t)(diff_random(g) & 0x7f00 & ~0x3800u) |
		  (uint16_t)((diff_random(g) & 7) << 11);
	fx->ftw = diff_random(g) & 3 ? 0xff : (uint8_t)diff_random(g);
	for (unsigned i = 0; i < 8; i++) {
		uint64_t mantissa = diff_value(g) | 1ull << 63,
			 exponent = 0x3fe0 + diff_random(g) % 64;

		if (!(diff_random(g) % 5)) {
			mantissa = diff_value(g);
			exponent = diff_value(g);
		}
		memset(fx->st[i], 0, 16);
		memcpy(fx->st[i], &mantissa, 8);
		memcpy(fx->st[i] + 8, &exponent, 2);
	}
}

static void random_state(struct rig *rig)
{
	struct diff_gen *g = &rig->gen;
	struct diff_regs *r = &rig->initial;

	memset(r, 0, sizeof(*r));
	for (unsigned i = 0; i < 16; i++)
		r->gpr[i] = diff_value(g);
	r->gpr[CPU_RSP] = (uintptr_t)g->data + DIFF_STACK;
	r->flags = 0x202 | (diff_random(g) & 0x8d5) | (diff_random(g) % 8 ? 0 : 0x400);
	random_x87(rig, &r->fx);
	for (unsigned i = 0; i < 32; i++) {
		uint64_t v = diff_value(g);

		memcpy(&r->fx.xmm[i / 2][8 * (i & 1)], &v, 8);
	}
	r->fx.mxcsr = 0x1f80 | (uint32_t)(diff_random(g) & 0x6000);
	if (!(diff_random(g) % 4))
		r->fx.mxcsr |= (uint32_t)(diff_random(g) & 0x8040);
	if (!(diff_random(g) % 16))
		r->fx.mxcsr &= ~(uint32_t)(diff_random(g) & 0x1380); /* see SSE_FP */
	for (unsigned i = 0; i < DIFF_DATA_SIZE; i += 8) {
		uint64_t v = diff_value(g);

		memcpy(rig->data + i, &v, 8);
	}
}

static void run_native(struct rig *rig, unsigned len)
{
	uint8_t *end = rig->memory + len;
	static const uint8_t jump[] = { 0xff, 0x25, 0, 0, 0, 0 };
	void (*target)(void) = diff_exit;

	memcpy(end, jump, sizeof(jump));
	memcpy(end + sizeof(jump), &target, 8);
	memcpy(rig->gen.data, rig->data, DIFF_DATA_SIZE);
	diff_regs = rig->initial;
	diff_code = rig->memory;
	fault_vector = -1;
	diff_enter();
	rig->native.regs = diff_regs;
	rig->native.vector = fault_vector;
	rig->native.rip = fault_vector < 0 ? (uintptr_t)end : fault_rip;
	memcpy(rig->native.data, rig->gen.data, DIFF_DATA_SIZE);
}

static void load_guest(struct rig *rig)
{
	struct cpu_state *s = cpu_state(rig->cpu);

	cpu_reset(rig->cpu);
	s->cr0 = 0x80010033;
	s->cr4 = 0x620;
	s->cr3 = TABLES;
	s->efer = 0xd01;
	for (unsigned i = 0; i <= CPU_GS; i++)
		s->seg[i].access_rights = 0xc0f3;
	s->seg[CPU_CS].access_rights = 0xa0fb;
	memcpy(s->gpr, rig->initial.gpr, sizeof(s->gpr));
	s->rflags = rig->initial.flags;
	s->fx = rig->initial.fx;
	s->rip = (uintptr_t)rig->memory;
}

static void run_emulated(struct rig *rig, unsigned len)
{
	static const uint8_t vmcall[] = { 0x0f, 0x01, 0xc1 };
	struct cpu_state *s = cpu_state(rig->cpu);
	struct outcome *o = &rig->emulated;
	struct cpu_exit exit;

	memcpy(rig->memory + len, vmcall, sizeof(vmcall));
	cpu_invalidate_code(cpu_group(rig->cpu), rig->memory, DIFF_CODE_SIZE);
	memcpy(rig->gen.data, rig->data, DIFF_DATA_SIZE);
	load_guest(rig);
	cpu_run(rig->cpu, &exit);
	o->vector = exit.reason == CPU_EXIT_VMCALL	? -1
		    : exit.reason == CPU_EXIT_EXCEPTION ? (int)CPU_INTR_VECTOR(exit.intr_info)
							: 1000 + (int)exit.reason;
	o->rip = s->rip;
	memcpy(o->regs.gpr, s->gpr, sizeof(s->gpr));
	o->regs.flags = s->rflags;
	o->regs.fx = s->fx;
	memcpy(o->data, rig->gen.data, DIFF_DATA_SIZE);
}

static bool fx_equal(const struct cpu_fx *a, const struct cpu_fx *b)
{
	for (unsigned i = 0; i < 8; i++)
		if (memcmp(a->st[i], b->st[i], 10))
			return false;
	return a->fcw == b->fcw && a->fsw == b->fsw && a->ftw == b->ftw && a->mxcsr == b->mxcsr &&
	       !memcmp(a->xmm, b->xmm, sizeof(a->xmm));
}

static bool equal(const struct outcome *a, const struct outcome *b)
{
	return a->vector == b->vector && a->rip == b->rip &&
	       !memcmp(a->regs.gpr, b->regs.gpr, sizeof(a->regs.gpr)) &&
	       !((a->regs.flags ^ b->regs.flags) & FLAGS_COMPARED) &&
	       fx_equal(&a->regs.fx, &b->regs.fx) && !memcmp(a->data, b->data, DIFF_DATA_SIZE);
}

static void print_vector(const char *name, unsigned i, const uint8_t *first, const uint8_t *a,
			 const uint8_t *b, unsigned n)
{
	const uint8_t *rows[] = { first, a, b };

	if (!memcmp(a, b, n))
		return;
	printf("  %s%u before, native, emulated:", name, i);
	for (unsigned r = 0; r < 3; r++) {
		printf(" ");
		for (unsigned k = n; k--;)
			printf("%02x", rows[r][k]);
	}
	printf("\n");
}

static void print_difference(const struct rig *rig, unsigned len)
{
	const struct outcome *a = &rig->native, *b = &rig->emulated;
	const struct cpu_fx *f = &rig->initial.fx;

	printf("code:");
	for (unsigned i = 0; i < len; i++)
		printf(" %02x", rig->memory[i]);
	printf("\n  vector %d %d, offset %lx %lx, flags %lx -> %lx %lx\n", a->vector, b->vector,
	       (unsigned long)(a->rip - (uintptr_t)rig->memory),
	       (unsigned long)(b->rip - (uintptr_t)rig->memory),
	       (unsigned long)(rig->initial.flags & FLAGS_COMPARED),
	       (unsigned long)(a->regs.flags & FLAGS_COMPARED),
	       (unsigned long)(b->regs.flags & FLAGS_COMPARED));
	for (unsigned i = 0; i < 16; i++)
		if (a->regs.gpr[i] != b->regs.gpr[i])
			printf("  gpr %u: %lx -> %lx %lx\n", i, (unsigned long)rig->initial.gpr[i],
			       (unsigned long)a->regs.gpr[i], (unsigned long)b->regs.gpr[i]);
	for (unsigned i = 0; i < 16; i++)
		print_vector("xmm", i, f->xmm[i], a->regs.fx.xmm[i], b->regs.fx.xmm[i], 16);
	for (unsigned i = 0; i < 8; i++)
		print_vector("st", i, f->st[i], a->regs.fx.st[i], b->regs.fx.st[i], 10);
	printf("  fcw %x %x fsw %x -> %x %x ftw %x -> %x %x mxcsr %x -> %x %x\n", a->regs.fx.fcw,
	       b->regs.fx.fcw, f->fsw, a->regs.fx.fsw, b->regs.fx.fsw, f->ftw, a->regs.fx.ftw,
	       b->regs.fx.ftw, f->mxcsr, a->regs.fx.mxcsr, b->regs.fx.mxcsr);
	for (unsigned i = 0; i < DIFF_DATA_SIZE; i++)
		if (a->data[i] != b->data[i])
			printf("  data[%x]: %02x -> %02x %02x\n", i, rig->data[i], a->data[i],
			       b->data[i]);
}

/* One sequence; the number of differences. Short ones first find what is wrong in a single
 * instruction. */
static unsigned one(struct rig *rig, uint64_t n)
{
	unsigned nr = n % 4 ? 1 : 1 + (unsigned)(diff_random(&rig->gen) % 6), len;
	const struct diff_form *forms[8];

	rig->gen.len = 0;
	random_state(rig);
	for (unsigned i = 0; i < nr; i++) {
		forms[i] = rig->forms[diff_random(&rig->gen) % rig->nr_forms];
		diff_emit(&rig->gen, forms[i]);
	}
	len = rig->gen.len;
	run_native(rig, len);
	run_emulated(rig, len);
	if (equal(&rig->native, &rig->emulated))
		return 0;
	printf("sequence %lu:", (unsigned long)n);
	for (unsigned i = 0; i < nr; i++)
		printf(" [%s]", forms[i]->name);
	printf("\n");
	print_difference(rig, len);
	return 1;
}

static void test_differential(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	unsigned differences = 0;

	(void)state;
	assert_non_null(rig);
	catch_faults();
	make_rig(rig);
	for (uint64_t n = 0; n < options.count && differences < 12; n++)
		differences += one(rig, n);
	cpu_destroy(rig->cpu);
	free(rig->tables);
	free(rig);
	assert_int_equal(differences, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_differential) };

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--verbose"))
			options.verbose = true;
		else if (i + 1 < argc && !strcmp(argv[i], "--seed"))
			options.seed = strtoull(argv[++i], NULL, 0);
		else if (i + 1 < argc && !strcmp(argv[i], "--count"))
			options.count = strtoull(argv[++i], NULL, 0);
		else if (i + 1 < argc && !strcmp(argv[i], "--form"))
			options.form = argv[++i];
		else
			return 2;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
