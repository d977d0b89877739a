/* SPDX-License-Identifier: MIT */
/*
 * A tiny 64-bit guest for the CPU's tests: 8 MiB of memory mapped one to one by 4 KiB user pages, a
 * GDT, a TSS, and an IDT whose handler of vector n is a VMCALL at HANDLERS + 16 n.
 */
#ifndef TESTS_CPU_GUEST_H
#define TESTS_CPU_GUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/cpu.h"

#define MEMORY	  0x800000ull
#define PML4	  0x1000ull
#define PDPT	  0x2000ull
#define PD	  0x3000ull
#define PT	  0x4000ull /* four tables */
#define GDT	  0x10000ull
#define IDT	  0x11000ull
#define TSS	  0x12000ull
#define HANDLERS  0x20000ull
#define CODE	  0x100000ull
#define DATA	  0x200000ull
#define STACK	  0x300000ull /* of the program */
#define STACK0	  0x310000ull /* TSS: RSP0 */
#define STACK_IST 0x320000ull /* TSS: IST1 */

#define SEL_CODE64    0x08
#define SEL_DATA      0x10
#define SEL_CODE32    0x18
#define SEL_USER32    0x20
#define SEL_USER_DATA 0x28
#define SEL_USER64    0x30
#define SEL_TSS	      0x38

/* Guest code as assembly: GUEST(name, "code"). Position-independent. */
#define GUEST(name, code)                                                                          \
	extern const uint8_t name[], name##_end[];                                                 \
	__asm__(".pushsection .rodata\n.balign 64\n" #name ":\n" code "\n" #name                   \
		"_end:\n.popsection")

struct guest {
	struct cpu *cpu;
	struct cpu_group *group;
	struct cpu_state *s;
	struct cpu_exit exit;
	uint8_t *memory;
	bool sibling;
	uint64_t hole; /* guest-physical page that the second stage refuses, 0: none */
	uint32_t hole_permissions;
	uint8_t *rom; /* a page at 0xfffff000, if any */
	int pending;  /* vector that pending_vector gives */
	int acknowledged;
	struct cpu_unknown unknown;
	uint64_t msr_index, msr_value;
	enum cpu_msr_answer msr_answer;
};

struct guest *guest_create(void);
/* Another vCPU with the same memory and group. */
struct guest *guest_create_sibling(struct guest *first);
void guest_destroy(struct guest *g);
/* A test whose state is a guest of its own. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, guest_setup, guest_teardown)
int guest_setup(void **state);
int guest_teardown(void **state);
/* Puts code at CODE, resets registers, and leaves RIP there with CPL 0. */
void guest_load(struct guest *g, const uint8_t *code, const uint8_t *end);
#define LOAD(g, name) guest_load(g, name, name##_end)
/* The same at CPL 3. */
void guest_user(struct guest *g);
/* Runs and expects this exit. */
void guest_run(struct guest *g, uint32_t reason);
/* Runs and expects the handler of `vector` to be reached. */
void guest_run_to_vector(struct guest *g, unsigned vector);
/* Steps over the instruction that exited, and its interrupt shadow. */
void guest_skip(struct guest *g);
uint64_t *guest_pte(struct guest *g, uint64_t va);
uint64_t guest_read(struct guest *g, uint64_t gpa);
/* What an exception or a call has pushed: 0 is the last. */
uint64_t guest_frame(struct guest *g, unsigned slot);
void guest_write(struct guest *g, uint64_t gpa, uint64_t value);

#endif
