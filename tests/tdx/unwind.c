// SPDX-License-Identifier: MIT
/*
 * Who called? Each kind of call is made from a leaf function at the end of a known chain; it faults
 * at the one instruction, and the handler unwinds from there: every function of the chain must be
 * found, in order. unwind.sh builds this with and without a red zone and frame pointers, and lets
 * gdb look from the same place (argument: which call).
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#include "tdx/tdx.h"

#define APART __attribute__((noinline, noclone))
#ifdef __clang__
#undef APART
#define APART __attribute__((noinline))
#endif
#define MAX_FRAMES 32

static sigjmp_buf back;
static const void *frames[MAX_FRAMES];
static unsigned num_frames;
static volatile unsigned which;

static _Unwind_Reason_Code note(struct _Unwind_Context *context, void *unused)
{
	int before = 0;
	uintptr_t ip = _Unwind_GetIPInfo(context, &before);

	(void)unused;
	if (num_frames == MAX_FRAMES)
		return _URC_END_OF_STACK;
	frames[num_frames++] = _Unwind_FindEnclosingFunction((void *)(before ? ip : ip - 1));
	return _URC_NO_REASON;
}

static void handler(int number)
{
	(void)number;
	num_frames = 0;
	_Unwind_Backtrace(note, NULL);
	siglongjmp(back, 1);
}

/* A function that calls nothing but the thunk: its locals may lie in the red zone. */
#define LEAF(name, call)                                                                           \
	APART int name(unsigned seed);                                                             \
	APART int name(unsigned seed)                                                              \
	{                                                                                          \
		volatile unsigned local[4] = { seed, seed + 1, seed + 2, seed + 3 };               \
		tdx_status_t status = call;                                                        \
                                                                                                   \
		return (int)(local[0] + local[3]) + !tdx_status_ok(status);                        \
	}

LEAF(leaf_host, tdh_mem_track(tdx_tdr(seed)))
LEAF(leaf_guest, tdg_vp_invept(seed))
LEAF(leaf_l2, tdg_vp_enter(seed, tdx_gpa(0), NULL))
LEAF(leaf_enter, tdh_vp_enter(tdx_tdvpr(seed), 0, &(struct tdx_module_args){ .rdx = local[1] }))
LEAF(leaf_lean, __tdx_vp_enter_lean(&(struct tdx_module_args){ .rdx = local[1] }, seed, 1))
LEAF(leaf_struct, seamcall_saved_ret(seed, &(struct tdx_module_args){ .rdx = local[1] }))

static int (*const leaves[])(unsigned) = { leaf_host,  leaf_guest, leaf_l2,
					   leaf_enter, leaf_lean,  leaf_struct };
static const char *const names[] = { "host", "guest", "l2", "enter", "lean", "struct" };
#define NUM_LEAVES (sizeof(leaves) / sizeof(leaves[0]))

APART int middle(unsigned seed);
APART int outer(unsigned seed);

APART int middle(unsigned seed)
{
	return leaves[which](seed + 1) + 1;
}

APART int outer(unsigned seed)
{
	return middle(seed + 1) + 1;
}

/* The frames from the leaf outwards; what is within it (handler, signal frame, thunk) has no say.
 */
static int chain_is_right(const void *leaf)
{
	unsigned i = 0;

	while (i < num_frames && frames[i] != leaf)
		i++;
	return i + 2 < num_frames && frames[i + 1] == (const void *)middle &&
	       frames[i + 2] == (const void *)outer;
}

static int unwound(unsigned index)
{
	which = index;
	num_frames = 0;
	if (!sigsetjmp(back, 1))
		outer(0x1000);
	if (chain_is_right((const void *)leaves[index]))
		return 1;
	printf("%s: %u frames, not the chain of callers\n", names[index], num_frames);
	return 0;
}

int main(int argc, char **argv)
{
	int bad = 0;

	for (unsigned i = 0; argc > 1 && i < NUM_LEAVES; i++) {
		which = i;
		if (!strcmp(argv[1], names[i]))
			return outer(0x1000);
	}
	signal(SIGILL, handler);
	signal(SIGSEGV, handler);
	for (unsigned i = 0; i < NUM_LEAVES; i++)
		bad += !unwound(i);
	return bad != 0;
}
