/* SPDX-License-Identifier: MIT */
/*
 * Logical processors and their calls. A thread is a logical processor from seamless_lp_enter() to
 * seamless_lp_leave(); SEAMCALLs carry no platform argument, as on hardware.
 */
#ifndef SEAMLESS_LP_H
#define SEAMLESS_LP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seamless/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* General registers in x86 register-index order (rax rcx rdx rbx rsp rbp rsi rdi r8 .. r15), then
 * XMM. RSP is not used. */
struct seamless_regs {
	uint64_t gpr[16];
	uint8_t xmm[16][16]; /* least significant byte first */
} __attribute__((aligned(16)));

/* Where execution continues. */
enum seamless_where {
	SEAMLESS_TO_HOST,  /* the registers are the host's */
	SEAMLESS_TO_GUEST, /* the registers are the guest's */
	SEAMLESS_NOWHERE,  /* refused: this thread is no processor, or the processor is on the other
			      side */
};

/*
 * Binds the calling thread. False: no such processor, another thread is it, or this thread is bound
 * already. A thread that ends has to leave before; what it did is seen by the next to enter.
 */
bool seamless_lp_enter(struct seamless_machine *m, unsigned lp);

/* Ends the binding of the calling thread, if any. */
void seamless_lp_leave(void);

/* The calling thread's machine and processor number; NULL and 0 if it is not bound. */
struct seamless_machine *seamless_lp_machine(void);
unsigned seamless_lp_number(void);

/*
 * The external interrupt: ends a running TDH.VP.ENTER of that processor, or the next one if none
 * runs, and makes an interruptible leaf stop. It is taken by the first call that ends for it.
 * False: no such lp.
 */
bool seamless_lp_kick(struct seamless_machine *m, unsigned lp);

/*
 * The host's own timer: from now on each stay in an interpreted guest ends, as by
 * seamless_lp_kick(), after that many instructions of the guest; 0: never. For all processors. A
 * program that runs all vCPUs on one thread, on a machine whose TSC is counted (`tsc ...
 * instruction N` in the platform file), so gets the same run each time.
 */
void seamless_set_quantum(struct seamless_machine *m, uint64_t instructions);

/*
 * The notification interrupt of posted interrupts, after the host has set bits in the descriptor of
 * the vCPU that it believes to run there. An interpreted guest takes them without an exit; one that
 * is not running takes them when it is entered. False: no such lp.
 */
bool seamless_lp_notify(struct seamless_machine *m, unsigned lp);

/*
 * SEAMCALL by the calling thread, until control is back in the host: TDH.VP.ENTER runs the guest.
 * RAX holds leaf and version, and the status afterwards. On an unbound thread RAX is
 * TDX_SEAMCALL_UD and nothing else changes.
 */
void seamless_transport_seamcall(struct seamless_regs *regs);

/*
 * TDCALL by the call layer. The library's is for code that seamless_play() runs (play.h); elsewhere
 * it answers with TDX_SEAMCALL_UD. A program that plays a guest in a way of its own defines it,
 * which goes before the library's.
 */
void seamless_transport_tdcall(struct seamless_regs *regs) __attribute__((weak));

/*
 * One step: as above, but TDH.VP.ENTER returns SEAMLESS_TO_GUEST with the guest's registers, and
 * the caller goes on with seamless_vm_exit(). Unbound: SEAMLESS_NOWHERE, RAX as above; the same
 * while its guest runs.
 */
enum seamless_where seamless_seamcall(struct seamless_regs *regs);

/*
 * Why the last call on the calling thread's processor was refused: one sentence with operand, value
 * and rule, empty if it was not. Writes at most len bytes with the ending 0; returns the sentence's
 * length, 0 when not bound.
 */
size_t seamless_reason(char *buf, size_t len);

#ifdef __cplusplus
}
#endif
#endif
