/* SPDX-License-Identifier: MIT */
/*
 * The processors in VMX non-root mode, as software in root mode has them: VM entry with a VMCS runs the guest on an
 * interpreter until its next VM exit. TDX belongs to it as far as the processor has it: two EPTs, key ids.
 */
#ifndef VMX_LP_H
#define VMX_LP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cpu/cpu.h"
#include "platform/regs.h"
#include "vmx/ept.h"
#include "vmx/exit.h"
#include "vmx/vmcs.h"

#define VMX_LPS 64

struct platform;
struct vmx_lp;
struct vmx_probe;

/* All of one machine; zero but for the platform at first. */
struct vmx_lps {
	struct platform *platform;
	struct cpu_group *group; /* of all interpreters: they share memory */
	struct vmx_lp *lp[VMX_LPS];
	struct vmx_probe *probe; /* a debugger's (vmx/probe.h), NULL: none */
};

/* What a VM entry takes from elsewhere than the VMCS. */
struct vmx_guest {
	struct vmcs *vmcs;
	struct ept_tree ept, shared_ept; /* the root of the shared one comes from the VMCS */
	uint64_t shared_bit;             /* of a GPA */
	unsigned gpa_bits;
	uint16_t hkid;                   /* of the pages that the secure EPT maps */
	uint64_t cr0_fixed1, cr4_fixed1; /* what the processor's VMX MSRs allow */
	uint64_t xfam;                   /* extended state that the guest may use */
	uint8_t *xsave;                  /* x87 and SSE state; the XMM registers come with the others */
	bool xsave_new;                  /* it is not what the last run left there */
	/* MSRs that the guest owns and the interpreter lacks. */
	uint64_t *spec_ctrl, *umwait_control, *tsx_ctrl, *ds_area;
	bool flush;                      /* cached translations are not to be used */
	bool hold_interrupts;            /* external interrupts wait: the task priority is above them */
	uint8_t notification;            /* vector that tells of posted interrupts */
};

/*
 * Makes the interpreters of processors 0 to @count - 1, which are all that they ever take of memory: no entry fails for lack
 * of it. False: no memory, and there are none. Where none were made no guest is entered.
 */
bool vmx_create(struct vmx_lps *lps, unsigned count);
/* What ran is forgotten: no VMCS, no translation, no interrupt that waits. Nothing may run. */
void vmx_reset(struct vmx_lps *lps);
/*
 * The state of @lp that VM entry and exit do not switch: debug registers, CR2, extended control registers and MSRs are
 * software's to load and store before vmx_run() and after it. Waits while a debugger keeps guests from running.
 */
struct cpu_state *vmx_state(struct vmx_lps *lps, unsigned lp);
/*
 * Enters the guest from the registers in @regs and runs it until its next exit; false if that comes before the guest has
 * started. Comes after vmx_state().
 */
bool vmx_run(struct vmx_lps *lps, unsigned lp, const struct vmx_guest *guest, struct cpu_regs *regs,
	     struct vm_exit *exit);

/* From any thread: an external interrupt ends the run on @lp, or the next one. */
void vmx_kick(struct vmx_lps *lps, unsigned lp);
/*
 * From any thread: the notification interrupt of posted interrupts arrives on @lp. A guest that has them takes what was
 * posted without an exit; for all others it is an external interrupt.
 */
void vmx_notify(struct vmx_lps *lps, unsigned lp);
/* From any thread: INVEPT by the host on @lp, after it changed a shared EPT. */
void vmx_invept(struct vmx_lps *lps, unsigned lp);
/* The last instruction on @lp that the interpreter does not have, as a sentence; empty if there was none. */
size_t vmx_unknown_instruction(const struct vmx_lps *lps, unsigned lp, char *buf, size_t len);
/* Where the guest on @lp stood when it last exited, as a sentence; empty if none ran. No vCPU may run on @lp. */
size_t vmx_position(const struct vmx_lps *lps, unsigned lp, char *buf, size_t len);
uint64_t vmx_rip(const struct vmx_lps *lps, unsigned lp);
/* Instructions executed on @lp so far. */
uint64_t vmx_instructions(const struct vmx_lps *lps, unsigned lp);
/* Frees all interpreters. */
void vmx_release(struct vmx_lps *lps);

#endif
