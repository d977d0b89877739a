// SPDX-License-Identifier: MIT
/*
 * A tiny 64-bit guest for the CPU's tests.
 */
#include "guest.h"

#include <stdlib.h>

static bool translate(void *opaque, uint64_t gpa, uint32_t access, struct cpu_mapping *out)
{
	struct guest *g = opaque;
	uint64_t page = gpa & ~0xfffull;

	if (g->hole && page == g->hole) {
		*out = (struct cpu_mapping){ g->memory + page, page, 4096, g->hole_permissions };
		return g->hole_permissions & access;
	}
	if (page < MEMORY)
		*out = (struct cpu_mapping){ g->memory + page, page, 4096,
					     CPU_READ | CPU_WRITE | CPU_EXEC };
	else if (g->rom && page == 0xfffff000)
		*out = (struct cpu_mapping){ g->rom, page, 4096, CPU_READ | CPU_EXEC };
	else
		return false;
	return out->permissions & access;
}

static int pending_vector(void *opaque)
{
	return ((struct guest *)opaque)->pending;
}

static void ack_vector(void *opaque, int vector)
{
	struct guest *g = opaque;

	g->acknowledged = vector;
	g->pending = -1;
}

static enum cpu_msr_answer rdmsr(void *opaque, uint32_t index, uint64_t *value)
{
	struct guest *g = opaque;

	if (index != g->msr_index)
		return CPU_MSR_CPU;
	*value = g->msr_value;
	return g->msr_answer;
}

static enum cpu_msr_answer wrmsr(void *opaque, uint32_t index, uint64_t value)
{
	struct guest *g = opaque;

	if (index != g->msr_index)
		return CPU_MSR_CPU;
	g->msr_value = value;
	return g->msr_answer;
}

static uint64_t rdtsc(void *opaque)
{
	(void)opaque;
	return 0x123456789ull;
}

static bool random_number(void *opaque, uint64_t *value)
{
	(void)opaque;
	*value = 0x1122334455667788ull;
	return true;
}

static void unknown(void *opaque, const struct cpu_unknown *u)
{
	((struct guest *)opaque)->unknown = *u;
}

static const struct cpu_ops ops = {
	.translate = translate,
	.rdtsc = rdtsc,
	.random = random_number,
	.pending_vector = pending_vector,
	.ack_vector = ack_vector,
	.rdmsr = rdmsr,
	.wrmsr = wrmsr,
	.unknown = unknown,
};

uint64_t guest_read(struct guest *g, uint64_t gpa)
{
	uint64_t v;

	memcpy(&v, g->memory + gpa, 8);
	return v;
}

uint64_t guest_frame(struct guest *g, unsigned slot)
{
	return guest_read(g, g->s->gpr[CPU_RSP] + 8 * slot);
}

void guest_write(struct guest *g, uint64_t gpa, uint64_t value)
{
	memcpy(g->memory + gpa, &value, 8);
}

uint64_t *guest_pte(struct guest *g, uint64_t va)
{
	return (uint64_t *)(void *)(g->memory + PT) + (va >> 12);
}

static void make_tables(struct guest *g)
{
	guest_write(g, PML4, PDPT | 7);
	guest_write(g, PDPT, PD | 7);
	for (uint64_t i = 0; i < MEMORY >> 21; i++)
		guest_write(g, PD + 8 * i, (PT + 4096 * i) | 7);
	for (uint64_t i = 0; i < MEMORY >> 12; i++)
		*guest_pte(g, i << 12) = i << 12 | 7;
}

static void make_descriptors(struct guest *g)
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

	memcpy(g->memory + GDT, gdt, sizeof(gdt));
	for (uint64_t n = 0; n < 256; n++) {
		uint64_t handler = HANDLERS + 16 * n;

		guest_write(g, IDT + 16 * n,
			    (handler & 0xffff) | SEL_CODE64 << 16 | 0x8e00ull << 32 |
				    handler >> 16 << 48);
		memcpy(g->memory + handler, "\x0f\x01\xc1\x48\xcf", 5); /* vmcall; iretq */
	}
	guest_write(g, TSS + 4, STACK0);
	guest_write(g, TSS + 36, STACK_IST);
	g->memory[TSS + 102] = 0x68; /* no I/O bitmap */
}

static struct guest *make(struct cpu_group *group, uint8_t *memory)
{
	struct guest *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	g->memory = memory;
	g->group = group;
	g->pending = -1;
	g->msr_index = ~0ull;
	g->cpu = cpu_create(group, &ops, g);
	assert_non_null(g->cpu);
	g->s = cpu_state(g->cpu);
	return g;
}

struct guest *guest_create(void)
{
	uint8_t *memory = aligned_alloc(4096, MEMORY);
	struct guest *g;

	assert_non_null(memory);
	memset(memory, 0, MEMORY);
	g = make(cpu_group_create(), memory);
	make_tables(g);
	make_descriptors(g);
	return g;
}

struct guest *guest_create_sibling(struct guest *first)
{
	struct guest *g = make(first->group, first->memory);

	g->sibling = true;
	return g;
}

/* The first guest owns memory and group and goes last. */
void guest_destroy(struct guest *g)
{
	cpu_destroy(g->cpu);
	if (!g->sibling) {
		cpu_group_destroy(g->group);
		free(g->memory);
	}
	free(g->rom);
	free(g);
}

static void set_segment(struct guest *g, unsigned seg, uint16_t selector, uint32_t access_rights)
{
	g->s->seg[seg] = (struct cpu_segment){ .selector = selector,
					       .access_rights = access_rights,
					       .limit = 0xffffffff };
}

int guest_setup(void **state)
{
	*state = guest_create();
	return 0;
}

int guest_teardown(void **state)
{
	guest_destroy(*state);
	return 0;
}

void guest_load(struct guest *g, const uint8_t *code, const uint8_t *end)
{
	size_t len = (size_t)(end - code);

	cpu_reset(g->cpu);
	memcpy(g->memory + CODE, code, len);
	memcpy(g->memory + CODE + len, "\x0f\x01\xc1", 3);
	cpu_invalidate_code(g->group, g->memory + CODE, len + 3);
	cpu_flush_tlb_all(g->cpu);
	g->s->cr0 = 0x80010033;
	g->s->cr3 = PML4;
	g->s->cr4 = 0x620;
	g->s->efer = 0xd01;
	set_segment(g, CPU_CS, SEL_CODE64, 0xa09b);
	for (unsigned i = CPU_SS; i <= CPU_GS; i++)
		set_segment(g, i, SEL_DATA, 0xc093);
	set_segment(g, CPU_ES, SEL_DATA, 0xc093);
	g->s->seg[CPU_TR] = (struct cpu_segment){ SEL_TSS, 0x8b, 0x67, TSS };
	g->s->gdtr = (struct cpu_table){ GDT, 0x47 };
	g->s->idtr = (struct cpu_table){ IDT, 0xfff };
	g->s->rip = CODE;
	g->s->gpr[CPU_RSP] = STACK;
	g->s->gpr[CPU_RDI] = DATA;
}

void guest_user(struct guest *g)
{
	set_segment(g, CPU_CS, SEL_USER64 | 3, 0xa0fb);
	set_segment(g, CPU_SS, SEL_USER_DATA | 3, 0xc0f3);
}

void guest_run(struct guest *g, uint32_t reason)
{
	cpu_run(g->cpu, &g->exit);
	assert_int_equal(g->exit.reason, reason);
}

void guest_run_to_vector(struct guest *g, unsigned vector)
{
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->rip, HANDLERS + 16 * vector);
}

void guest_skip(struct guest *g)
{
	g->s->rip += g->exit.insn_len;
	g->s->interruptibility &= ~(CPU_BLOCKING_BY_STI | CPU_BLOCKING_BY_MOV_SS);
}
