/* SPDX-License-Identifier: MIT */
/*
 * Interrupts on their way into vCPUs. A maskable one is posted: its bit goes into the vCPU's
 * posted-interrupt descriptor (SDM volume 3, "Posted-interrupt processing"), which the processor
 * takes without an exit when the notification arrives. An NMI is made pending by the vCPU's own
 * thread with TDH.VP.WR.
 */
#ifndef VMM_IRQ_H
#define VMM_IRQ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/td.h"

/* The vector on which the host gets notifications; the TD never sees it. */
#define IRQ_NOTIFICATION_VECTOR 0xf2

/* A posted-interrupt descriptor, 64 bytes. */
struct irq_descriptor {
	_Atomic uint64_t request[4];
	_Atomic uint64_t control; /* bit 0: outstanding notification */
	uint64_t reserved[3];
};

struct vmm_irq {
	struct vmm_host *host;
	uint64_t page; /* of host memory: one descriptor per vCPU; VMM_NO_FRAME: none yet */
	struct irq_descriptor *descriptor;
	_Atomic bool nmi[TD_MAX_VCPUS]; /* to be made pending before the next entry */
	bool nmi_given[TD_MAX_VCPUS];	/* made pending, perhaps not delivered yet */
};

int irq_init(struct vmm_irq *irq, struct vmm_host *host, struct vmm_error *err);
void irq_free(struct vmm_irq *irq);

/* Gives vCPU `index` its descriptor. The calling thread's processor must be associated with it. */
int irq_add_vcpu(struct vmm_irq *irq, struct vmm_td *td, unsigned index, struct vmm_error *err);

/* Posts a vector and notifies processor `lp`, where the vCPU runs if it runs. Any thread. */
void irq_post(struct vmm_irq *irq, unsigned index, unsigned lp, uint8_t vector);

/* Is an interrupt posted that the processor has not taken? */
bool irq_posted(const struct vmm_irq *irq, unsigned index);

/*
 * Does the module hold something that it will deliver when the vCPU runs again: an NMI, or, if
 * `maskable`, an interrupt that was taken from the descriptor before the exit? By the vCPU's
 * thread.
 */
int irq_held(struct vmm_irq *irq, struct vmm_td *td, unsigned index, bool maskable, bool *held,
	     struct vmm_error *err);

/* Makes an NMI pending if one was asked for. By the vCPU's thread. */
int irq_deliver_nmi(struct vmm_irq *irq, struct vmm_td *td, unsigned index, struct vmm_error *err);

#endif
