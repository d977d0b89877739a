/* SPDX-License-Identifier: MIT */
/*
 * A module on an encrypted platform of four logical processors, brought up to READY with one TDMR of 1 GiB, and the
 * few calls that tests of leaves make over and over. Addresses: the host's own pages lie below BOX_TDMR.
 */
#ifndef TESTS_MODULE_BOX_H
#define TESTS_MODULE_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "gen/leaves.h"
#include "module/module.h"
#include "module/state.h"
#include "platform/platform.h"

#undef fail /* the module's and cmocka's differ */
#include <cmocka.h>

#define BOX_TDMR 0x40000000ull
#define BOX_HOST 0x10000000ull /* host buffers */
#define BOX_HKID 33u

struct box {
	struct platform *p;
	struct module *m;
	uint64_t free; /* next page of the TDMR not given away */
	struct cpu_regs regs; /* of the last call */
	uint64_t attributes;  /* of the next TD */
	unsigned l2_vms;      /* of the next TD */
};

struct box *box_create(const char *more_config);
void box_destroy(struct box *b);
/* SYS.INIT to TDMR.INIT. */
void box_boot(struct box *b);
/* cmocka's fixtures: a booted box of the usual configuration in *state. */
int box_setup(void **state);
int box_teardown(void **state);

/* A SEAMCALL; its results stay in b->regs. */
uint64_t box_call4(struct box *b, unsigned lp, uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8, uint64_t r9);
#define box_call(b, lp, leaf, rcx, rdx) box_call4(b, lp, leaf, rcx, rdx, 0, 0)
#define box_ok(b, lp, leaf, rcx, rdx, r8, r9) assert_int_equal(box_call4(b, lp, leaf, rcx, rdx, r8, r9), TDX_SUCCESS)

uint64_t box_page(struct box *b);
/* PAMT.PT of the page; PHYMEM.PAGE.RDMD's results stay in b->regs. */
uint64_t box_page_type(struct box *b, uint64_t pa);

/* TDR with keys, TDCS, TD_PARAMS, one vCPU and tables down to level 1 for GPAs below 2 MiB: the TDR. */
uint64_t box_td(struct box *b, unsigned hkid, uint64_t *tdvpr);
/* Adds a page of @byte and measures its first chunk. Returns its address. */
uint64_t box_add_page(struct box *b, uint64_t tdr, uint64_t gpa, uint8_t byte);

#endif
