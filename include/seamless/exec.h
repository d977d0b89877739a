/* SPDX-License-Identifier: MIT */
/*
 * For programs that run under `seamless exec`: ordinary programs with real SEAMCALL and TDCALL
 * instructions, which that command traps into a software module. Header only; the program links
 * nothing of Seamless.
 *
 * Each thread of the program is a logical processor of its own: the first to make a call is number
 * 0, and so on. A thread beyond the platform's processors gets the signal that the instruction
 * raises without a module; so does each process that the program starts.
 *
 * Physical memory is a file: address = offset. A page that belongs to a TD is seen there in
 * plaintext.
 *
 * TDH.VP.ENTER enters a guest that is code of the same program: the function given to
 * seamless_exec_guest() before the first entry. It runs on its own stack, makes TDCALLs, and after
 * an exit the thread goes on behind its TDH.VP.ENTER. A TDCALL outside a guest raises its signal.
 * An event that the module injects (#VE, #GP) ends the guest: a program has no IDT.
 */
#ifndef SEAMLESS_EXEC_H
#define SEAMLESS_EXEC_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SEAMLESS_EXEC_MEMORY                                                                       \
	"SEAMLESS_MEMORY_FD" /* environment: descriptor of the memory file, decimal */

/* RAX of the one service of the tracer; no leaf has it. */
#define SEAMLESS_EXEC_GUEST 0x5EA3000000000001ull

/* `len` bytes of physical memory at `pa`, both multiples of 4096. MAP_FAILED with errno: not under
 * `seamless exec`, or bad range. */
static inline void *seamless_exec_map(uint64_t pa, uint64_t len)
{
	const char *fd = getenv(SEAMLESS_EXEC_MEMORY);

	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd ? atoi(fd) : -1, (off_t)pa);
}

/*
 * The calling thread's next TDH.VP.ENTER of a vCPU that has not run yet starts at `entry`, which
 * never returns, on the stack that ends at stack_top (aligned to 16). The registers are those that
 * the module gives a new vCPU; RCX and R8 hold TDH.VP.INIT's value.
 */
static inline void seamless_exec_guest(void (*entry)(void), void *stack_top)
{
	uint64_t rax = SEAMLESS_EXEC_GUEST;
	uint64_t rcx = (uint64_t)(uintptr_t)entry, rdx = (uint64_t)(uintptr_t)stack_top;

	__asm__ volatile(".byte 0x66, 0x0f, 0x01, 0xcf"
			 : "+a"(rax), "+c"(rcx), "+d"(rdx)
			 :
			 : "cc", "memory");
}

#endif
