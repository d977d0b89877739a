/* SPDX-License-Identifier: MIT */
/*
 * A transport for tests in the place of module and library: it records the registers that a call
 * presents and answers with registers that the test chose.
 */
#ifndef TESTS_TDX_RECORDER_H
#define TESTS_TDX_RECORDER_H

#include <stdint.h>

#include "platform/regs.h"
#include "seamless/lp.h"

#define RECORDER_SCRIPT 16

struct recorder {
	unsigned seamcalls, tdcalls;
	struct seamless_regs seen; /* what the last call presented */
	uint16_t answer_mask;	   /* registers that the answer changes, bit n: register index n */
	struct seamless_regs answer; /* RAX always */
	/* Statuses of the first calls, before that of answer, and what those calls presented. */
	unsigned num_scripted;
	uint64_t script[RECORDER_SCRIPT];
	struct seamless_regs history[RECORDER_SCRIPT];
};

extern struct recorder recorder;

/* The value of register index reg in the answers that recorder_reset() prepares. */
#define RECORDER_ANSWER(reg) (0xA5A5000000000000ULL | (uint64_t)(reg))

/* Forgets everything; answers change RAX (to 0) and what any call may change: rcx, rdx, r8 to r11,
 * and mask. */
void recorder_reset(uint16_t mask);

/* For cmocka: a status or an answer is this number. */
#define assert_status(status, number) assert_int_equal((status).value, (number))

#endif
