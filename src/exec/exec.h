/* SPDX-License-Identifier: MIT */
/*
 * Runs an ordinary program whose SEAMCALL and TDCALL instructions are trapped into a software module (include/seamless/exec.h
 * tells what the program may do). The processor refuses both instructions to a program, with #UD or #GP; the resulting SIGILL or
 * SIGSEGV is caught by tracing, the call made with the thread's registers, and the thread goes on behind the
 * instruction. Any other signal reaches the program as it would without.
 */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H

#include <stddef.h>

#include "seamless/seamless.h"

/*
 * Runs argv[0] (looked up in PATH) to its end on machine `m`, which is shareable and has scripted guests. Returns the program's exit
 * status, 128 + signal if a signal ended it, or -1 with the reason in err: it can't be run, or is not an x86-64 program.
 */
int exec_run(struct seamless_machine *m, char *const argv[], char *err, size_t err_len);

#endif
