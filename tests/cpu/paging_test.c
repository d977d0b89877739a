// SPDX-License-Identifier: MIT
/*
 * Paging and modes: page-fault codes, accessed and dirty bits, page sizes, TLB flushes,
 * second-stage violations, the way from reset to long mode, compatibility mode.
 */
#include "guest.h"

#include <stdlib.h>

GUEST(load_rax, "mov (%rdi), %rax");
GUEST(store_rax, "mov %rax, (%rdi)");
GUEST(jump_rdi, "jmp *%rdi");
GUEST(nothing, "nop");

#define P	 1ull
#define W	 2ull
#define U	 4ull
#define A	 0x20ull
#define D	 0x40ull
#define NX	 (1ull << 63)
#define CR0_WP	 (1ull << 16)
#define CR4_SMEP (1ull << 20)
#define CR4_SMAP (1ull << 21)

enum access { LOAD_ACCESS, STORE_ACCESS, JUMP_ACCESS };

/* What one access to a page with these flags gives: a page fault with this error code, or -1. */
struct fault_case {
	enum access access;
	bool user;
	uint64_t pte, cr0_clear, cr4_set;
	int code;
};

static const struct fault_case fault_cases[] = {
	{ LOAD_ACCESS, false, 0, 0, 0, 0x0 },
	{ STORE_ACCESS, false, 0, 0, 0, 0x2 },
	{ JUMP_ACCESS, false, 0, 0, 0, 0x10 },
	{ LOAD_ACCESS, true, 0, 0, 0, 0x4 },
	{ STORE_ACCESS, true, 0, 0, 0, 0x6 },
	{ JUMP_ACCESS, true, 0, 0, 0, 0x14 },
	{ LOAD_ACCESS, false, P, 0, 0, -1 },
	{ LOAD_ACCESS, true, P, 0, 0, 0x5 },
	{ LOAD_ACCESS, true, P | U, 0, 0, -1 },
	{ STORE_ACCESS, false, P, 0, 0, 0x3 },
	{ STORE_ACCESS, false, P, CR0_WP, 0, -1 },
	{ STORE_ACCESS, true, P | U, CR0_WP, 0, 0x7 },
	{ STORE_ACCESS, true, P | U | W, 0, 0, -1 },
	{ STORE_ACCESS, true, P | W, 0, 0, 0x7 },
	{ JUMP_ACCESS, false, P | NX, 0, 0, 0x11 },
	{ JUMP_ACCESS, true, P | U | NX, 0, 0, 0x15 },
	{ JUMP_ACCESS, false, P | U, 0, 0, -1 },
	{ JUMP_ACCESS, false, P | U, 0, CR4_SMEP, 0x11 },
	{ LOAD_ACCESS, false, P | U, 0, CR4_SMAP, 0x1 },
	{ STORE_ACCESS, false, P | U | W, 0, CR4_SMAP, 0x3 },
	{ LOAD_ACCESS, false, P, 0, CR4_SMAP, -1 },
	{ LOAD_ACCESS, false, P | 1ull << 51, 0, 0, 0x9 },
	{ STORE_ACCESS, true, P | 1ull << 45, 0, 0, 0xf },
};

static void test_fault_codes(void **state)
{
	struct guest *g = *state;

	for (unsigned i = 0; i < sizeof(fault_cases) / sizeof(fault_cases[0]); i++) {
		const struct fault_case *c = &fault_cases[i];

		if (c->access == LOAD_ACCESS)
			LOAD(g, load_rax);
		else if (c->access == STORE_ACCESS)
			LOAD(g, store_rax);
		else
			LOAD(g, jump_rdi);
		if (c->user)
			guest_user(g);
		memcpy(g->memory + DATA, "\x0f\x01\xc1", 3);
		*guest_pte(g, DATA) = DATA | c->pte;
		g->s->cr0 &= ~c->cr0_clear;
		g->s->cr4 |= c->cr4_set;
		cpu_controls(g->cpu)->exception_bitmap = 1u << 14;
		cpu_controls(g->cpu)->phys_bits = 40;
		/* With SMEP or SMAP the program's own pages are supervisor pages. */
		*guest_pte(g, CODE) = CODE | (c->user ? 7 : 3);
		guest_run(g, c->code < 0 ? CPU_EXIT_VMCALL : CPU_EXIT_EXCEPTION);
		if (c->code < 0)
			continue;
		assert_int_equal(g->exit.intr_info, 0x80000b0e);
		assert_int_equal(g->exit.intr_error, c->code);
		assert_int_equal(g->exit.qualification, DATA);
		assert_int_equal(g->s->rip, c->access == JUMP_ACCESS ? DATA : CODE);
	}
}

static void test_accessed_dirty(void **state)
{
	struct guest *g = *state;

	LOAD(g, load_rax);
	*guest_pte(g, DATA) = DATA | 7;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(*guest_pte(g, DATA), DATA | 7 | A);
	assert_int_equal(guest_read(g, PML4) & A, A);
	LOAD(g, store_rax);
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(*guest_pte(g, DATA), DATA | 7 | A | D);
}

GUEST(store_twice, "mov (%rdi), %rax\n mov %rax, 8(%rdi)\n mov %rax, 16(%rdi)");

/* A read that fills the TLB must not hide the dirty bit from the write that follows. */
static void test_dirty_after_read(void **state)
{
	struct guest *g = *state;

	LOAD(g, store_twice);
	*guest_pte(g, DATA) = DATA | 7;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(*guest_pte(g, DATA), DATA | 7 | A | D);
}

GUEST(remap,
      "mov (%rdi), %rax\n mov %rcx, (%rsi)\n mov (%rdi), %rbx\n invlpg (%rdi)\n mov (%rdi), %rdx");

static void test_invlpg(void **state)
{
	struct guest *g = *state;

	LOAD(g, remap);
	guest_write(g, DATA, 11);
	guest_write(g, DATA + 0x1000, 22);
	g->s->gpr[CPU_RCX] = (DATA + 0x1000) | 0x67;
	g->s->gpr[CPU_RSI] = PT + (DATA >> 12) * 8;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 11);
	assert_int_equal(g->s->gpr[CPU_RDX], 22);
	*guest_pte(g, DATA) = DATA | 7;
}

static void test_large_pages(void **state)
{
	struct guest *g = *state;

	LOAD(g, load_rax);
	guest_write(g, 0x612340, 0x55);
	guest_write(g, PD + 8 * 8, 0x600000 | 0x83); /* 2 MiB page at 16 MiB */
	g->s->gpr[CPU_RDI] = 0x1000000 + 0x12340;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 0x55);
	LOAD(g, load_rax);
	guest_write(g, PDPT + 8, 0x83); /* 1 GiB page at 1 GiB */
	g->s->gpr[CPU_RDI] = 0x40000000 + 0x612340;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 0x55);
	guest_write(g, PDPT + 8, 0x2083); /* a reserved address bit */
	LOAD(g, load_rax);
	g->s->gpr[CPU_RDI] = 0x40000000;
	guest_run_to_vector(g, 14);
	assert_int_equal(guest_read(g, g->s->gpr[CPU_RSP]), 9);
}

static void test_five_levels(void **state)
{
	struct guest *g = *state;
	uint64_t va = 5ull << 48 | DATA;

	LOAD(g, load_rax);
	guest_write(g, DATA, 0x77);
	guest_write(g, 0x9000, PML4 | 7);
	guest_write(g, 0x9000 + 8 * 5, PML4 | 7);
	g->s->cr3 = 0x9000;
	g->s->cr4 |= 1 << 12;
	g->s->gpr[CPU_RDI] = va;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 0x77);
	LOAD(g, load_rax);
	g->s->gpr[CPU_RDI] = va; /* not canonical with four levels */
	guest_run_to_vector(g, 13);
}

GUEST(cross_store, "mov %rax, (%rdi)\n mov (%rdi), %rbx\n lock addq $1, (%rdi)");

static void test_page_crossing(void **state)
{
	struct guest *g = *state;

	LOAD(g, cross_store);
	g->s->gpr[CPU_RDI] = DATA + 0xffd;
	g->s->gpr[CPU_RAX] = 0x1122334455667788;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RBX], 0x1122334455667788);
	assert_int_equal(guest_read(g, DATA + 0xffd), 0x1122334455667789);
	/* The second page is missing: nothing of the store happens, and CR2 is its address. */
	LOAD(g, cross_store);
	*guest_pte(g, DATA + 0x1000) = 0;
	g->s->gpr[CPU_RDI] = DATA + 0xffd;
	guest_run_to_vector(g, 14);
	assert_int_equal(g->s->cr2, DATA + 0x1000);
	assert_int_equal(guest_read(g, DATA + 0xffd), 0x1122334455667789);
	*guest_pte(g, DATA + 0x1000) = (DATA + 0x1000) | 7;
}

GUEST(rep_stos, "rep stosb");

/* A repeated instruction that faults has its registers where it stopped. */
static void test_rep_fault(void **state)
{
	struct guest *g = *state;

	LOAD(g, rep_stos);
	*guest_pte(g, DATA + 0x1000) = 0;
	g->s->gpr[CPU_RCX] = 0x1800;
	g->s->gpr[CPU_RAX] = 0x5a;
	guest_run_to_vector(g, 14);
	assert_int_equal(g->s->gpr[CPU_RDI], DATA + 0x1000);
	assert_int_equal(g->s->gpr[CPU_RCX], 0x800);
	assert_int_equal(guest_read(g, g->s->gpr[CPU_RSP] + 8), CODE);
	*guest_pte(g, DATA + 0x1000) = (DATA + 0x1000) | 7;
	g->s->rip += 3;
	g->s->gpr[CPU_RSP] += 8;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RCX], 0);
	assert_int_equal(g->memory[DATA + 0x17ff], 0x5a);
	assert_int_equal(g->memory[DATA + 0x1800], 0);
}

static void violation(struct guest *g, uint64_t gpa, uint64_t gla, uint64_t qualification)
{
	guest_run(g, CPU_EXIT_EPT_VIOLATION);
	assert_int_equal(g->exit.gpa, gpa);
	assert_int_equal(g->exit.gla, gla);
	assert_int_equal(g->exit.qualification, qualification);
	assert_int_equal(g->s->rip, CODE);
}

static void test_violations(void **state)
{
	struct guest *g = *state;

	g->hole = DATA;
	LOAD(g, load_rax);
	g->s->gpr[CPU_RDI] = DATA + 0x10;
	violation(g, DATA + 0x10, DATA + 0x10, 0x181);
	g->hole_permissions = CPU_READ | CPU_EXEC;
	LOAD(g, store_rax);
	violation(g, DATA, DATA, 0x1aa);
	g->hole_permissions =
		CPU_READ | CPU_WRITE | CPU_EXEC; /* given: the same instruction now succeeds */
	cpu_flush_tlb_all(g->cpu);
	guest_run(g, CPU_EXIT_VMCALL);
	g->hole = CODE;
	g->hole_permissions = CPU_READ | CPU_WRITE;
	LOAD(g, nothing);
	violation(g, CODE, CODE, 0x19c);
	g->hole = PT + 0x1000; /* the page table of DATA */
	g->hole_permissions = 0;
	LOAD(g, load_rax);
	violation(g, PT + (DATA >> 12) * 8, DATA, 0x81);
	g->hole = 0;
}

__asm__(".pushsection .rodata\n.code32\nreset_code: mov $0x1000, %eax\n mov %eax, %cr3\n mov %cr4, "
	"%eax\n or $0x20, %eax\n"
	"mov %eax, %cr4\n mov %cr0, %eax\n or $0x80000000, %eax\n mov %eax, %cr0\n lgdt 0x10100\n "
	"ljmp $8, $0x100000\n"
	"reset_end:\n.code64\n.popsection");
extern const uint8_t reset_code[], reset_end[];
GUEST(arrived, "mov $0x123456789abcdef0, %rax");

/* From a TD's reset state to 64-bit mode, as firmware does it. */
static void test_reset_to_long_mode(void **state)
{
	struct guest *g = *state;

	LOAD(g, arrived);
	cpu_reset(g->cpu);
	g->rom = aligned_alloc(4096, 4096);
	memset(g->rom, 0x90, 4096);
	memcpy(g->rom + 0xf00, reset_code, (size_t)(reset_end - reset_code));
	memcpy(g->rom + 0xff0, "\xe9\x0b\xff\xff\xff", 5); /* jmp to 0xffffff00 */
	guest_write(g, 0x10100, 0x47 | GDT << 16);
	guest_write(g, PDPT + 8 * 3, 0xc0000083); /* where it runs while it switches */
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 0x123456789abcdef0);
	assert_int_equal(g->s->efer, 0xd01);
	assert_int_equal(g->s->seg[CPU_CS].selector, SEL_CODE64);
}

__asm__(".pushsection .rodata\ncompat: push $0x18\n lea 1f(%rip), %rax\n push %rax\n "
	"lretq\n.code32\n1: mov $0x200000, %ebx\n"
	"mov %gs:0xfffffffc, %eax\n push $0x5678\n pop %ecx\n lcall $8, $0x100100\n mov $7, "
	"%edx\n.code64\n"
	"compat_end:\n.popsection");
extern const uint8_t compat[], compat_end[];
GUEST(compat64, "mov $0x1111111122222222, %rsi\n lretl");

/* 64-bit to compatibility mode, a wrapping segment offset, a far call to 64-bit mode and back. */
static void test_compatibility_mode(void **state)
{
	struct guest *g = *state;

	guest_load(g, compat, compat_end);
	memcpy(g->memory + CODE + 0x100, compat64, (size_t)(compat64_end - compat64));
	guest_write(g, DATA, 0xdead);
	g->s->seg[CPU_GS].base = DATA + 4;
	guest_run(g, CPU_EXIT_VMCALL);
	assert_int_equal(g->s->gpr[CPU_RAX], 0xdead);
	assert_int_equal(g->s->gpr[CPU_RCX], 0x5678);
	assert_int_equal(g->s->gpr[CPU_RDX], 7);
	assert_int_equal(g->s->gpr[CPU_RSI], 0x1111111122222222);
	assert_int_equal(g->s->seg[CPU_CS].selector, SEL_CODE32);
	assert_int_equal(g->s->gpr[CPU_RSP], STACK);
}

/* A legacy segment's limit is checked. */
static void test_segment_limit(void **state)
{
	struct guest *g = *state;

	guest_load(g, compat, compat_end);
	g->s->seg[CPU_GS].limit = 0xfff;
	guest_run_to_vector(g, 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fault_codes),	       TEST(test_accessed_dirty),
		TEST(test_dirty_after_read),   TEST(test_invlpg),
		TEST(test_large_pages),	       TEST(test_five_levels),
		TEST(test_page_crossing),      TEST(test_rep_fault),
		TEST(test_violations),	       TEST(test_reset_to_long_mode),
		TEST(test_compatibility_mode), TEST(test_segment_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
