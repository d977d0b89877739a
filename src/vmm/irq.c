// SPDX-License-Identifier: MIT
/*
 * Posted interrupts and NMIs.
 */
#include "tdx/tdx.h"
#include "vmm/irq.h"
#include "vmm/td_internal.h"

#define PIN_POSTED_INTERRUPTS (1u << 7)
#define OUTSTANDING	      1u
#define INTERRUPT_PENDING     1u /* in VCPU_STATE_DETAILS */

_Static_assert(sizeof(struct irq_descriptor) == 64, "as the processor lays it out");
_Static_assert(TD_MAX_VCPUS * sizeof(struct irq_descriptor) <= VMM_4K, "one page holds all");

int irq_init(struct vmm_irq *irq, struct vmm_host *host, struct vmm_error *err)
{
	irq->host = host;
	irq->page = host_new_page(host);
	if (irq->page == VMM_NO_FRAME)
		return vmm_fail(err, "no host page left");
	irq->descriptor = seamless_shared(host->machine, irq->page, VMM_4K);
	return 0;
}

void irq_free(struct vmm_irq *irq)
{
	if (irq->page != VMM_NO_FRAME)
		host_free_page(irq->host, irq->page);
	irq->page = VMM_NO_FRAME;
	irq->descriptor = NULL;
}

int irq_add_vcpu(struct vmm_irq *irq, struct vmm_td *td, unsigned index, struct vmm_error *err)
{
	uint64_t descriptor = irq->page + index * sizeof(struct irq_descriptor);

	return td_write_vcpu_field(td, index, TDX_MD_VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR,
				   IRQ_NOTIFICATION_VECTOR, UINT16_MAX, err) ||
			       td_write_vcpu_field(td, index,
						   TDX_MD_VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS,
						   descriptor, UINT64_MAX, err) ||
			       td_write_vcpu_field(
				       td, index, TDX_MD_VMCS_PIN_BASED_VM_EXECUTION_CONTROLS,
				       PIN_POSTED_INTERRUPTS, PIN_POSTED_INTERRUPTS, err)
		       ? -1
		       : 0;
}

void irq_post(struct vmm_irq *irq, unsigned index, unsigned lp, uint8_t vector)
{
	struct irq_descriptor *d = &irq->descriptor[index];

	atomic_fetch_or(&d->request[vector / 64], 1ull << vector % 64);
	if (!(atomic_fetch_or(&d->control, OUTSTANDING) & OUTSTANDING))
		seamless_lp_notify(irq->host->machine, lp);
}

bool irq_posted(const struct vmm_irq *irq, unsigned index)
{
	return irq->descriptor && atomic_load(&irq->descriptor[index].control) & OUTSTANDING;
}

static int read_field(struct vmm_td *td, unsigned index, uint64_t field, uint64_t *value,
		      struct vmm_error *err)
{
	tdx_status_t status =
		host_call(tdh_vp_rd(tdx_tdvpr(td->vcpu[index].tdvpr), tdx_field(field), value));

	return td_call_failed("TDH.VP.RD", status, err);
}

static int holds_nmi(struct vmm_irq *irq, struct vmm_td *td, unsigned index, struct vmm_error *err)
{
	uint64_t pending = 0;

	if (!irq->nmi_given[index])
		return 0;
	if (read_field(td, index, TDX_MD_VP_PEND_NMI, &pending, err))
		return -1;
	irq->nmi_given[index] = pending;
	return 0;
}

int irq_held(struct vmm_irq *irq, struct vmm_td *td, unsigned index, bool maskable, bool *held,
	     struct vmm_error *err)
{
	uint64_t details = 0;

	if (holds_nmi(irq, td, index, err) ||
	    (maskable && read_field(td, index, TDX_MD_VP_VCPU_STATE_DETAILS, &details, err)))
		return -1;
	*held = irq->nmi_given[index] || details & INTERRUPT_PENDING;
	return 0;
}

int irq_deliver_nmi(struct vmm_irq *irq, struct vmm_td *td, unsigned index, struct vmm_error *err)
{
	if (!atomic_exchange(&irq->nmi[index], false))
		return 0;
	irq->nmi_given[index] = true;
	return td_write_vcpu_field(td, index, TDX_MD_VP_PEND_NMI, 1, UINT8_MAX, err);
}
