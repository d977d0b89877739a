/* SPDX-License-Identifier: MIT */
/*
 * The software TDX module: what those who embed it see.
 *
 * A struct module is one module instance on one platform. Everything that is state of a TD lives in the platform's
 * physical memory (TDR, TDCS, TDVPS, secure EPT pages, PAMT); a module holds only what Intel's holds in its own
 * memory: system state, the TDMR table, key ownership, and a little per logical processor.
 *
 * Nothing blocks. A SEAMCALL returns either to the host or, for TDH.VP.ENTER, into the guest; whoever runs the guest
 * hands each VM exit back with module_vm_exit(). Different logical processors may call at the same time.
 */
#ifndef SEAMLESS_MODULE_MODULE_H
#define SEAMLESS_MODULE_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "platform/regs.h"
#include "vmx/exit.h"

struct module;
struct platform;

/* Where execution continues after the module has done its work. */
enum module_where {
	MODULE_TO_HOST,
	MODULE_TO_GUEST,
};

/* A module just loaded on @p, NULL without memory. The platform must outlive it. */
struct module *module_create(struct platform *p);
void module_destroy(struct module *m);

/* What the SEAM loader does when it loads a module over this one: all module memory is new, TD memory stays. */
void module_reload(struct module *m);

/*
 * SEAMCALL on logical processor @lp, which must not be in a guest. @regs holds the host's registers and receives
 * the host's (MODULE_TO_HOST) or the entered guest's (MODULE_TO_GUEST).
 */
enum module_where module_seamcall(struct module *m, unsigned lp, struct cpu_regs *regs);

/*
 * A VM exit of the guest that runs on @lp. @regs holds the guest's registers and receives the guest's or the
 * host's. Reason 77 is TDCALL. Other guest state is in the VMCS (see vcpu.h).
 */
enum module_where module_vm_exit(struct module *m, unsigned lp, struct cpu_regs *regs, const struct vm_exit *exit);

/* Whether the page at @pa is a TD's or the module's own, not the host's; or the host destroyed what tells it. */
bool module_owns_page(const struct module *m, uint64_t pa);

/* Whether @lp is between a VP.ENTER and its TD exit. */
int module_in_guest(const struct module *m, unsigned lp);

/*
 * The sentence that explains the last refusal on @lp:
 *   TDH.MEM.PAGE.ADD: PAGE_METADATA_INCORRECT(R8): page 0x1004000 is PT_TDCX of the TD at 0x1000000, must be PT_NDA
 * Empty if the last call succeeded. Returns the length as snprintf does.
 */
size_t module_reason_format(const struct module *m, unsigned lp, char *buf, size_t len);

#endif
