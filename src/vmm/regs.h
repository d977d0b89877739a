/* SPDX-License-Identifier: MIT */
/*
 * Indexes of a vCPU's general registers: the processor's own numbers, the layout that TDH.VP.ENTER
 * uses in place.
 */
#ifndef VMM_REGS_H
#define VMM_REGS_H

#include "tdx/args.h"

enum vcpu_reg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

TDX_ASSERT_REGS_LAYOUT(uint64_t, RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13,
		       R14, R15);

#endif
