/* SPDX-License-Identifier: MIT */
/*
 * The life of a TD by typed calls, host and guest in one program: compiled over the software
 * transport (tests/tdx/test_life.c) and with the real instructions under `seamless exec`
 * (tests/exec/program.c).
 */
#ifndef TESTS_TDX_COMMON_LIFE_H
#define TESTS_TDX_COMMON_LIFE_H

#include "tdx/tdx.h"

#define LIFE_MEMORY (1ULL << 30) /* bytes of RAM that it takes for its own, from address 0 */

/* What the program brings. */
struct life {
	/* 64 bits of physical memory as the host sees it. */
	void (*put64)(tdx_u64 pa, tdx_u64 value);
	/* The next first entry of a vCPU runs life_guest(R8), with a stack of its own. */
	void (*start_guest)(void);
};

/* TDH.SYS.INIT to TDH.PHYMEM.PAGE.RECLAIM of the TDR, on one logical processor. 0: all as it must
 * be; else it has said what not. */
int life(const struct life *program);

/* And then a second TD, which does not run: a page that was the first TD's holds its parameters. */
int life_again(const struct life *program);

/* The guest. initial: what TDH.VP.INIT was given. */
__attribute__((__noreturn__)) void life_guest(tdx_u64 initial);

#endif
