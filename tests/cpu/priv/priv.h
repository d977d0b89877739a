/* SPDX-License-Identifier: MIT */
/*
 * What the self-checking program has in common: attempts that an exception may end, checks, output.
 * It runs in the interpreter (run.c) and in QEMU and must say the same in both.
 */
#ifndef TESTS_CPU_PRIV_PRIV_H
#define TESTS_CPU_PRIV_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/* The registers that the interrupt stub saves, and what the processor pushed. */
struct trap_frame {
	uint64_t r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* The last exception or interrupt; vector -1: none. */
struct trap {
	struct trap_frame frame;
	int vector;
	uint64_t cr2, dr6, stack; /* stack: where the frame was */
};

extern struct trap trap;
extern bool (*trap_hook)(struct trap_frame *frame); /* may resume by returning true */
extern uint64_t gdt[GDT_ENTRIES], idt[512], ldt[4];

struct tss {
	uint32_t reserved;
	uint64_t rsp[3], reserved1, ist[7], reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed, aligned(16)));
extern struct tss tss;

/* Where code runs: RIP, CS, RFLAGS, RSP, SS, then RDI and RSI. */
struct entry {
	uint64_t rip, cs, rflags, rsp, ss, rdi, rsi;
};

void attempt(void (*function)(void *), void *argument);
void enter_at(const struct entry *e);
/* Runs code of .user_text at CPL 3, 64-bit or 32-bit, until any exception or interrupt. */
void run_user(const void *code, uint16_t cs, uint64_t rflags, uint64_t rdi, uint64_t rsi);
void set_gate(unsigned vector, unsigned dpl, unsigned ist, unsigned type, uint16_t selector);

void print(const char *text);
void print_hex(uint64_t value);
/* Prints the name with ok, or with what was got and wanted. */
void check(const char *name, uint64_t got, uint64_t want);
/* That the last attempt ended with this exception and error code. */
void check_trap(const char *name, int vector, uint64_t error);
/* Prints a number that must be the same on both. */
void report(const char *name, uint64_t value);
/* A running sum of values, for report(). */
uint64_t digest(uint64_t sum, uint64_t value);
/* Says that a part is left out, and why. */
void skip(const char *name, const char *reason);

/* QEMU's translator, by its CPUID signature: it leaves some rules out. */
static inline bool in_qemu(void)
{
	uint32_t leaf = 0x40000000, b;

	__asm__ __volatile__("cpuid" : "+a"(leaf), "=b"(b) : : "ecx", "edx");
	return b == 0x54474354; /* TCGT */
}

void test_paging(void);
void test_events(void);
void test_segments(void);
void test_modes(void);
void test_registers(void);
void test_debug(void);

#define USER(p) ((uint64_t)(uintptr_t)(p) + USER_ALIAS)

static inline uint64_t read_cr0(void)
{
	uint64_t v;

	__asm__ __volatile__("mov %%cr0, %0" : "=r"(v));
	return v;
}

static inline void write_cr0(uint64_t v)
{
	__asm__ __volatile__("mov %0, %%cr0" : : "r"(v) : "memory");
}

static inline uint64_t read_cr3(void)
{
	uint64_t v;

	__asm__ __volatile__("mov %%cr3, %0" : "=r"(v));
	return v;
}

static inline void write_cr3(uint64_t v)
{
	__asm__ __volatile__("mov %0, %%cr3" : : "r"(v) : "memory");
}

static inline uint64_t read_cr4(void)
{
	uint64_t v;

	__asm__ __volatile__("mov %%cr4, %0" : "=r"(v));
	return v;
}

static inline void write_cr4(uint64_t v)
{
	__asm__ __volatile__("mov %0, %%cr4" : : "r"(v) : "memory");
}

static inline uint64_t read_msr(uint32_t index)
{
	uint32_t low, high;

	__asm__ __volatile__("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
	return low | (uint64_t)high << 32;
}

static inline void write_msr(uint32_t index, uint64_t v)
{
	__asm__ __volatile__("wrmsr" : : "a"((uint32_t)v), "d"((uint32_t)(v >> 32)), "c"(index));
}

static inline void invlpg(uint64_t address)
{
	__asm__ __volatile__("invlpg (%0)" : : "r"(address) : "memory");
}

static inline uint32_t cpuid(uint32_t leaf, unsigned reg)
{
	uint32_t r[4];

	__asm__ __volatile__("cpuid"
			     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			     : "a"(leaf), "c"(0));
	return r[reg];
}

#endif
