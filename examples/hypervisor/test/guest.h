/* SPDX-License-Identifier: MIT */
/*
 * A guest as a C function: it makes TDCALLs with <tdx/tdx.h> like code that runs in a TD, and each
 * goes to the machine as a VM exit of the vCPU that it plays.
 */
#ifndef GUEST_H
#define GUEST_H

#include <pthread.h>
#include <stdbool.h>
#include <seamless/seamless.h>

struct guest {
	void (*code)(void *opaque); /* when it returns, the vCPU halts */
	void *opaque;

	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	bool its_turn, cancelled;
	enum { GUEST_TDCALL, GUEST_PAUSE, GUEST_LOOK } wants;
	struct seamless_regs regs; /* of a TDCALL, before and after */
	bool pending;		   /* it was handed to the machine, from `rip` */
	uint64_t rip;
	uint64_t gpa, pa; /* of a look */
	bool shared, found;
};

bool guest_start(struct guest *guest, void (*code)(void *opaque), void *opaque);

/* Frees it, wherever it stands. */
void guest_end(struct guest *guest);

/* What the machine calls for the vCPUs: `guests` points to an array, an element for each processor.
 */
void guest_script(void *guests, struct seamless_regs *regs, struct seamless_vm_exit *exit);

/* By a guest's code: a short while in which an interrupt for the host can come. */
void guest_pause(void);

/* By a guest's code: which physical address it reaches at a guest-physical one, as shared memory or
 * not. False: none. */
bool guest_look(uint64_t gpa, uint64_t *pa, bool *shared);

#endif
