// SPDX-License-Identifier: MIT
/*
 * The loops of `seamless bench` in a TD, so many times as the host wrote into the file behind the
 * mark: for comparison with other emulators, which run the same code (tools/bench-loop.py).
 */
#include "guest/apic.h"
#include "guest/guest.h"

#define MARK   "LOOP TIMES" /* 16 bytes with its NULs */
#define STEPS  100000ull
#define MEMORY 0x40008u /* what the second loop reaches */

extern const uint8_t cpu_bench_integer[], cpu_bench_memory[];

/* Not constant for the compiler: the host changes it in the file. */
static volatile struct {
	char mark[16];
	uint64_t integer, memory;
} times = { .mark = MARK, .integer = 10, .memory = 10 };

static uint8_t memory[MEMORY] __attribute__((aligned(4096)));

/* Prints what the loop leaves in RAX and RBX, and the ticks of the TSC that it took. */
static void run(const char *name, const uint8_t *code, uint64_t count)
{
	uint64_t rax = 0, rbx = 0, rcx = 0, rdx = 0, rsi = 0, rdi = (uint64_t)memory,
		 start = rdtsc();
	/* No call from here on: these are no registers that one keeps. */
	register uint64_t r8 __asm__("r8") = STEPS;
	register uint64_t r9 __asm__("r9") = count;

	if (!count)
		return;
	__asm__ volatile("call *%[code]"
			 : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx), "+S"(rsi), "+D"(rdi),
			   "+r"(r8), "+r"(r9)
			 : [code] "r"(code)
			 : "r10", "memory", "cc");
	start = rdtsc() - start;
	put(name);
	put_hex(rax);
	put(" ");
	put_hex(rbx);
	put(" ");
	put_decimal(start);
	put("\n");
}

void guest_main(const struct guest_boot *boot)
{
	if (boot->vcpu)
		return;
	run("integer ", cpu_bench_integer, times.integer);
	run("memory ", cpu_bench_memory, times.memory);
}
