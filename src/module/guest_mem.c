// SPDX-License-Identifier: MIT
/*
 * Walks of the secure and the shared EPT as the processor does them, and access to operands of guest leaves.
 */
#include "module/guest_mem.h"
#include "module/guest.h"
#include "module/keyid.h"
#include "platform/platform.h"

/* The TD's own tables: one that the host destroyed is a machine check. */
static const uint64_t *secure_table(const void *module, uint64_t pa)
{
	return pa_ptr(module, keyid_strip(module, pa));
}

/* A shared EPT is the host's own (or the TD's zero page at first): whatever it did to its pages is no machine check. */
static const uint64_t *shared_table(const void *module, uint64_t pa)
{
	const struct module *m = module;

	return mem_ptr(&m->plat->mem, keyid_strip(m, pa), PAGE_BYTES);
}

static bool shared_address_ok(const void *module, uint64_t pa)
{
	const struct module *m = module;

	if (pa >> m->max_pa_bits || keyid_of(m, pa) >= m->hkid_first)
		return false;
	return keyid_strip(m, pa) - m->seamrr_base >= m->seamrr_size;
}

struct ept_tree guest_private_ept(const struct module *m, const struct td *td, unsigned vm)
{
	uint64_t root = vm ? td->tdr->tdcx_pa[TDCS_PAGE_L2_SEPT_ROOT + vm - 1] : td->tdcs->eptp & EPT_ADDRESS;

	return (struct ept_tree){ .opaque = m, .table = secure_table, .root = root,
				  .levels = EPTP_LEVELS(td->tdcs->eptp) };
}

struct ept_tree guest_shared_ept(const struct module *m, const struct td *td, uint64_t eptp)
{
	return (struct ept_tree){ .opaque = m, .table = shared_table, .address_ok = shared_address_ok,
				  .root = eptp & EPT_ADDRESS, .levels = EPTP_LEVELS(td->tdcs->eptp) };
}

bool guest_gpa_shared(const struct td *td, uint64_t gpa)
{
	return gpa & td_shared_bit(td);
}

bool guest_gpa_valid(const struct td *td, uint64_t gpa, bool must_be_private)
{
	return td_gpa_private(td, must_be_private ? gpa : gpa & ~td_shared_bit(td));
}

/* What the processor would have put into the exit qualification. */
static uint64_t qualification(uint32_t access, uint32_t permissions)
{
	return (access & ~permissions) | EPT_Q_PERMISSIONS(permissions);
}

static bool acceptable(uint64_t entry)
{
	return SEPT_ACCEPTABLE & SEPT_SET(sept_state_of(entry));
}

static void not_found(struct guest_exit *x, uint64_t gpa, uint32_t access, enum ept_result walk,
		      const struct ept_page *page)
{
	uint64_t q = qualification(access, page->permissions);
	bool private_gpa = !guest_gpa_shared(x->td, gpa);
	bool pending = private_gpa && acceptable(page->entry);
	bool stop_at_pending = x->tdcs->td_ctls & TD_CTLS_PENDING_VE_DISABLE;

	if (walk == WALK_MISCONFIGURATION)
		exit_ept_misconfigured(x, gpa);
	else if (pending ? !stop_at_pending : !private_gpa && walk == WALK_CONVERTIBLE)
		inject_ve(x, EXIT_REASON_EPT_VIOLATION, q, gpa, 0);
	else
		exit_ept(x, gpa, q, pending ? EXT_EXIT_PENDING_EPT_VIOLATION : EXT_EXIT_NONE);
}

static void *page_memory(struct guest_exit *x, const struct ept_page *page, bool shared)
{
	uint64_t pa = keyid_strip(x->m, page->hpa);

	if (!shared)
		return pa_ptr(x->m, pa);
	return mem_shared_ptr(&x->m->plat->mem, x->lp_id, pa, PAGE_BYTES - pa % PAGE_BYTES);
}

void *guest_map(struct guest_exit *x, uint64_t gpa, uint32_t access)
{
	bool shared = guest_gpa_shared(x->td, gpa);
	struct ept_tree tree = shared ? guest_shared_ept(x->m, x->td, vmcs_read(vcpu_vmcs(x->m, x->vp, 0), VMCS_SHARED_EPTP))
				      : guest_private_ept(x->m, x->td, 0);
	struct ept_page page;
	enum ept_result walk = ept_walk(&tree, gpa, access, &page);
	void *memory = walk == WALK_FOUND ? page_memory(x, &page, shared) : NULL;

	if (!memory)
		not_found(x, gpa, access, walk == WALK_FOUND ? WALK_MISCONFIGURATION : walk, &page);
	return memory;
}
