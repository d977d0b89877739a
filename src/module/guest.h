/* SPDX-License-Identifier: MIT */
/*
 * One VM exit of a guest that is being handled. A handler changes guest state in the VMCS and the TDVPS and says in
 * `next` how to go on; nothing leaves the module before the handler has returned.
 */
#ifndef SEAMLESS_MODULE_GUEST_H
#define SEAMLESS_MODULE_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include "gen/exits.h"
#include "module/call.h"
#include "module/state.h"
#include "vmx/guest.h"
#include "vmx/x86.h"

enum guest_next {
	NEXT_RESUME,  /* done: go past the instruction unless an event is to be delivered */
	NEXT_AGAIN,   /* enter the guest as it stands: the instruction runs again */
	NEXT_EXIT,    /* asynchronous TD exit */
	NEXT_VMCALL,  /* TD exit of TDG.VP.VMCALL */
	NEXT_L1,      /* from an L2 VM: TDG.VP.ENTER returns in L1 */
	NEXT_OTHER_VM, /* another VM of the vCPU has been made ready to be entered */
};

/* What the host learns at an asynchronous TD exit. */
struct td_exit {
	uint64_t status;    /* TDX_SUCCESS or the class that the exit has, without details */
	uint32_t reason;    /* low half of RAX */
	uint64_t qualification;
	uint64_t extended;
	uint64_t gpa;
	uint32_t intr_info;
	bool bus_lock;      /* bit 26 of the reason reports a preempted bus lock */
};

struct guest_exit {
	struct module *m;
	struct lp *lp;
	unsigned lp_id;
	struct td *td;
	struct vcpu *vp;
	struct tdcs *tdcs;
	struct tdvps *vps;
	struct vmcs *vmcs;      /* of the VM that exited */
	struct cpu_regs *regs;  /* the guest's; the host's after a TD exit */
	const struct vm_exit *ve;
	enum guest_next next;
	struct td_exit exit;
	bool host_priority;     /* a guest leaf met a lock that the host has priority on */
};

typedef void (*exit_handler)(struct guest_exit *x);

static inline uint32_t exit_basic(const struct guest_exit *x)
{
	return x->ve->reason & EXIT_BASIC;
}

static inline bool exit_debug_td(const struct guest_exit *x)
{
	return td_debug(x->td);
}

/* ---- how an exit ends ---- */

/* Asynchronous TD exit with the exit's own reason, qualification and, if wanted, interruption information. */
void exit_to_host(struct guest_exit *x, uint64_t status, uint64_t qualification, uint32_t intr_info);
/* TD exit as an EPT violation or misconfiguration of @gpa. */
void exit_ept(struct guest_exit *x, uint64_t gpa, uint64_t qualification, uint64_t extended);
void exit_ept_misconfigured(struct guest_exit *x, uint64_t gpa);
/* TD exit whose low half of RAX is 0. */
void exit_plain(struct guest_exit *x, uint64_t status);
/* TD exit with the exit's qualification, and with its interruption information. */
void exit_as_is(struct guest_exit *x);
void exit_with_interrupt(struct guest_exit *x);
/* From an L2 VM to L1. */
void exit_to_l1(struct guest_exit *x, uint64_t status, uint64_t extended);
/* What a TD can't have: #VE, or for an L2 VM an exit to L1. */
void deny(struct guest_exit *x, uint32_t reason, uint64_t qualification);
/* What cannot be on sound hardware: the end of a production TD, an ordinary exit of a debug TD. */
void exit_unexpected(struct guest_exit *x);
/* The entry itself failed: invalid state of an L2 VM is L1's doing. */
void exit_entry_failed(struct guest_exit *x);

/* ---- guest leaves (tdcall.c): what their functions return when the guest does not go on with a status ---- */

struct guest_exit *guest_exit_of(struct call *c);
/* The exit's next has been decided: RAX stays as it is. */
uint64_t leaf_leaves(struct call *c);
/* An interrupt waits: the same TDCALL runs again after it. */
uint64_t leaf_interrupted(struct call *c);
/* Takes a lock that the host has priority on, or OPERAND_BUSY of @operand ("what is busy" completes the sentence). */
uint64_t guest_lock(struct call *c, uint16_t *lock, enum lock_mode mode, unsigned operand, const char *what);
/* Locks c->sept.entry, or OPERAND_BUSY of RCX; watches for the host's priority. */
uint64_t guest_lock_sept_entry(struct call *c);
/* The same unless a table hangs there. */
uint64_t guest_lock_leaf(struct call *c);
/* TD exit over a secure EPT entry that is not what TDG.MEM.PAGE.ACCEPT or ATTR.WR need. */
void exit_sept_violation(struct guest_exit *x, enum ext_exit_type type, uint64_t gpa, unsigned asked_level,
			 const struct sept_ref *ref);

/* ---- events for the guest (inject.c) ---- */

void inject_ud(struct guest_exit *x);
void inject_gp(struct guest_exit *x);
/* #PF with CR2; #DF over a fault that is waiting, triple fault over a #DF. */
void inject_pf(struct guest_exit *x, uint64_t gla, uint32_t error_code);
/* #VE with what TDG.VP.VEINFO.GET will return, #DF while an earlier one was not read. */
void inject_ve(struct guest_exit *x, uint32_t reason, uint64_t qualification, uint64_t gpa, uint64_t gla);
/* The event whose delivery met the exit is delivered again at the next entry. */
void reinject_idt_event(struct guest_exit *x);

/* ---- guest state ---- */

/* The exit undid an IRET that had ended the blocking of NMIs. */
void guest_reblock_nmi(struct guest_exit *x);
/* Opens the NMI window if the host has asked for an NMI and no #VE is unread. */
void guest_request_nmi_window(const struct tdvps *vps, struct vmcs *vmcs);

/* ---- handlers, one per kind of exit (gen/exits.h): NULL where there is none ---- */

extern const exit_handler l1_handlers[EXIT_REASONS], l2_handlers[EXIT_REASONS];

/* ---- entry and TD exit (td_entry.c, td_exit.c) ---- */

/* What the host passes back to the TDG.VP.VMCALL that the guest left with. */
void vp_enter_complete_vmcall(struct call *c);

/* A vCPU that counted itself into an epoch leaves it. */
void epoch_leave(struct tdcs *tdcs, const struct tdvps *vps);

/* Carries out x->next = NEXT_EXIT or NEXT_VMCALL: the host's registers, the vCPU's state, the locks of the run. */
void td_exit(struct guest_exit *x);

/* General purpose registers of @vps into @regs and back. */
void guest_regs_load(const struct tdvps *vps, struct cpu_regs *regs);
void guest_regs_save(struct tdvps *vps, const struct cpu_regs *regs);

#endif
