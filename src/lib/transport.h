/* SPDX-License-Identifier: MIT */
/*
 * The software transport: what stands in the place of the SEAMCALL and TDCALL instructions when a program is linked with
 * the software module. transport_sw.S takes the registers as the instruction would find them, calls one of these, and
 * loads the registers as they are left here. Every register is passed, RSP for information only.
 */
#ifndef LIB_TRANSPORT_H
#define LIB_TRANSPORT_H

#include "platform/regs.h"

/* SEAMCALL on the calling thread's logical processor: regs->gpr[CPU_RAX] is the leaf, then the status. */
void seamless_transport_seamcall(struct cpu_regs *regs);

/* TDCALL, for programs that play a guest. Where nobody defines it, TDCALL answers with the status of #UD. */
void seamless_transport_tdcall(struct cpu_regs *regs) __attribute__((weak));

#endif
