/* SPDX-License-Identifier: MIT */
/*
 * A debugger's view of the guests on a machine's processors, from beside the machine: neither guest
 * nor module nor VMM can tell that it is there. All processors stop together. One is then
 *
 * - held: between two instructions of its guest, state readable and writable;
 * - out: its guest is not on the processor, because the VMM or the module serves an exit of it (HLT
 *   for example). Its state is that of the exit, readable only; it does not enter while the others
 *   are stopped.
 *
 * An external interrupt makes a held processor leave its guest as it would a running one, so a VMM
 * that waits for that does not wait for the debugger; the guest is held again when it is entered.
 */
#ifndef VMX_PROBE_H
#define VMX_PROBE_H

#include "cpu/probe.h"
#include "vmx/lp.h"

struct vmx_probe;

struct vmx_probe_config {
	unsigned lps;	 /* processors 0 to lps - 1 have guests; the first stop waits for all */
	bool one_thread; /* all of them run on one thread, in turns */
	void (*stopped)(void *opaque); /* all have stopped; by any of their threads. May not call
					  back */
	void *opaque;
};

/* After vmx_create(), before any guest runs; each stops at its first instruction. Until
 * vmx_release(). False: no memory. */
bool vmx_probe_attach(struct vmx_lps *lps, const struct vmx_probe_config *config);

/* Asks all to stop; config->stopped() tells when they have. */
void vmx_probe_ask(struct vmx_lps *lps);

/* Why they stopped. */
struct vmx_stop {
	unsigned lp; /* whose doing it was */
	struct cpu_stop stop;
};

/* Whether all are stopped. What looks at a guest or changes it is for then. */
bool vmx_probe_stopped(struct vmx_lps *lps, struct vmx_stop *stop);

enum vmx_probe_go { VMX_PROBE_STAY, VMX_PROBE_GO, VMX_PROBE_STEP };

/* Goes on; `go` has an entry for each processor. Where not all are stopped, none may step. */
void vmx_probe_resume(struct vmx_lps *lps, const enum vmx_probe_go *go);

bool vmx_probe_point(struct vmx_lps *lps, const struct cpu_point *point, bool set);
void vmx_probe_clear_points(struct vmx_lps *lps);

/*
 * Keeps a processor where it stands, also from leaving its guest for an interrupt, until
 * vmx_probe_looked(): around each of the functions below. *held: its state may be written. False,
 * and there is nothing to end: none stops any more.
 */
bool vmx_probe_look(struct vmx_lps *lps, unsigned lp, bool *held);
void vmx_probe_looked(struct vmx_lps *lps, unsigned lp);

/* A processor's state. CR8 is not among it. */
struct cpu_state *vmx_probe_state(struct vmx_lps *lps, unsigned lp);
uint8_t vmx_probe_cr8(struct vmx_lps *lps, unsigned lp);

/* What is at a linear address, as the guest's page tables and then the EPT have it. */
enum vmx_probe_where {
	VMX_PROBE_MAPPED,
	VMX_PROBE_NOT_IN_PAGE_TABLES,
	VMX_PROBE_NOT_IN_EPT, /* *gpa is valid */
	VMX_PROBE_READ_ONLY,  /* in the EPT; *gpa is valid */
	VMX_PROBE_NO_GUEST,   /* none has run on this processor */
};
enum vmx_probe_where vmx_probe_translate(struct vmx_lps *lps, unsigned lp, uint64_t lin, bool write,
					 uint64_t *gpa, uint8_t **host);

/* Forgets instructions decoded from memory that was written. */
void vmx_probe_written(struct vmx_lps *lps, const uint8_t *host, size_t len);

/* Any time: all points go, all guests run, and none stops any more. */
void vmx_probe_end(struct vmx_lps *lps);

/* For lp.c and ops.c: the processor takes its guest on, which may have to wait; it has left it; it
 * is to leave it; it stops. */
void probe_enter(struct vmx_lps *lps, struct vmx_lp *v);
void probe_leave(struct vmx_lps *lps, struct vmx_lp *v);
void probe_kicked(struct vmx_lps *lps);
void probe_hold(void *lp, const struct cpu_stop *stop);
void probe_free_all(struct vmx_lps *lps);

#endif
