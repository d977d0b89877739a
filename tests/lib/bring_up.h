/* SPDX-License-Identifier: MIT */
/*
 * A machine of the built-in platform "default" brought up for a test: one TDMR over the first
 * gigabyte, one TD with one vCPU and one page. The calling thread is processor 0, or becomes it.
 */
#ifndef TESTS_LIB_BRING_UP_H
#define TESTS_LIB_BRING_UP_H

#include "seamless/seamless.h"

/* Physical memory: shared buffers, then pages for TDs. */
#define SHARED_BASE 0x800000ull
#define PAGES_BASE  0x2000000ull

/* The PAMT of 2 MiB pages. */
#define PAMT_2M 0x101000ull

/* The TD. Pages from number 32 on (PAGES_BASE + n * 4096) are free at first. */
#define TDR	   PAGES_BASE
#define TDVPR	   (PAGES_BASE + 8 * 4096)
#define ADDED_PAGE (PAGES_BASE + 20 * 4096) /* what is mapped at GPA_PAGE */
#define GPA_PAGE   0x1000ull
#define FIRST_HKID 32u

/* SEAMCALL with these operands; aborts, with the reason on stderr, when it is refused. */
enum seamless_where bring_up_call(uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8,
				  uint64_t r9);

/* Or NULL: told of each call before it is made. */
extern void (*bring_up_before)(const struct seamless_regs *regs);

/* TDH.SYS.INIT to the last TDH.SYS.TDMR.INIT. */
void bring_up_system(struct seamless_machine *m);
/* TDH.MNG.CREATE to TDH.MEM.PAGE.ADD: before TDH.MR.FINALIZE. ATTRIBUTES are DEBUG and CONFIG_FLAGS
 * 0, or those given. */
void bring_up_td(struct seamless_machine *m);
void bring_up_td_with(struct seamless_machine *m, uint64_t attributes, uint8_t config_flags);

/* Fixtures of cmocka: *state is a machine with scripted guests and a TD that can run; the thread is
 * processor 0. */
int bring_up_scripted(void **state);
int bring_up_end(void **state);

#endif
