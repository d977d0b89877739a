/* SPDX-License-Identifier: MIT */
/*
 * How the module's vCPUs execute: each logical processor has an interpreter that takes on the state of the vCPU which
 * VP.ENTER put there. A scripted guest needs none of this: it reads and writes the VMCS and hands in VM exits.
 */
#ifndef SEAMLESS_MODULE_VCPU_H
#define SEAMLESS_MODULE_VCPU_H

#include <stdbool.h>
#include <stdint.h>
#include "module/module.h"

/*
 * Runs the guest on @lp from the registers in @regs until its next VM exit, which goes to module_vm_exit() next.
 * module_in_guest() must be true. False: no memory for an interpreter; nothing ran.
 */
bool vcpu_run(struct module *m, unsigned lp, struct cpu_regs *regs, struct vm_exit *exit);

/* From any thread: an external interrupt ends the run on @lp, or the next one. */
void vcpu_kick(struct module *m, unsigned lp);

/*
 * From any thread: the notification interrupt of posted interrupts arrives on @lp. A vCPU in L1 that has them takes
 * what was posted without an exit; for all others it is an external interrupt.
 */
void vcpu_notify(struct module *m, unsigned lp);

/* From any thread: INVEPT by the host on @lp, after it changed a shared EPT. */
void vcpu_invept(struct module *m, unsigned lp);

/* The last instruction on @lp that the interpreter does not have, as a sentence; empty if there was none. */
size_t vcpu_unknown_instruction(const struct module *m, unsigned lp, char *buf, size_t len);

/* Where the guest on @lp stood when it last exited, as a sentence; empty if none ran. No vCPU may run on @lp. */
size_t vcpu_position(const struct module *m, unsigned lp, char *buf, size_t len);

/* Instructions executed on @lp so far. */
uint64_t vcpu_instructions(const struct module *m, unsigned lp);

/* Frees all interpreters. */
void vcpu_release_all(struct module *m);

#endif
