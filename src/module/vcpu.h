/* SPDX-License-Identifier: MIT */
/*
 * How the module's vCPUs execute: each logical processor runs the vCPU that VP.ENTER put there. A scripted guest needs
 * none of this: it reads and writes the VMCS and hands in VM exits.
 */
#ifndef SEAMLESS_MODULE_VCPU_H
#define SEAMLESS_MODULE_VCPU_H

#include "module/module.h"

struct vmx_lps;

/*
 * Runs the guest on @lp from the registers in @regs until its next VM exit, which goes to module_vm_exit() next.
 * module_in_guest() must be true, and the processors have interpreters: vmx_create().
 */
void vcpu_run(struct module *m, unsigned lp, struct cpu_regs *regs, struct vm_exit *exit);

/* The processors that it runs on: see vmx/lp.h for what else can be done with one. */
struct vmx_lps *module_processors(struct module *m);

#endif
