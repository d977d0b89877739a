// SPDX-License-Identifier: MIT
/*
 * Walks of the secure and the shared EPT as the processor does them, and access to operands of guest leaves.
 */
#include "module/guest_mem.h"
#include "module/guest.h"
#include "module/keyid.h"
#include "platform/platform.h"

#define EPT_MT(entry) ((entry) >> 3 & 7)
#define EPT_LEAF (1ull << 7)
#define EPT_SUPPRESS_VE (1ull << 63)
#define EPT_ADDRESS 0x000ffffffffff000ull
#define EPT_TABLE_RESERVED (0xfull << 3 | 1ull << 7)
#define EPTP_LEVELS(eptp) ((unsigned)((eptp) >> 3 & 7) + 1)

static unsigned level_shift(unsigned level)
{
	return 12 + 9 * level;
}

static bool is_leaf(uint64_t entry, unsigned level)
{
	return !level || (entry & EPT_LEAF && level < 3);
}

/* A large leaf with address bits below its size. */
static bool leaf_misaligned(uint64_t entry, unsigned level)
{
	return entry & EPT_ADDRESS & ((1ull << level_shift(level)) - 1);
}

static bool shared_address_ok(const struct module *m, uint64_t pa)
{
	uint64_t stripped = keyid_strip(m, pa);

	if (pa >> m->max_pa_bits || keyid_private(m, keyid_of(m, pa)))
		return false;
	return stripped - m->seamrr_base >= m->seamrr_size;
}

static bool shared_misconfigured(const struct module *m, uint64_t entry, unsigned level)
{
	unsigned mt = EPT_MT(entry);

	if ((entry & (EPT_R | EPT_W)) == EPT_W)
		return true;
	if (!(entry & EPT_RWX))
		return false;
	if (is_leaf(entry, level))
		return leaf_misaligned(entry, level) || mt == 2 || mt == 3 || mt == 7;
	return entry & EPT_TABLE_RESERVED || !shared_address_ok(m, entry & EPT_ADDRESS);
}

static bool convertible(uint64_t entry, unsigned level)
{
	return (!(entry & EPT_RWX) || is_leaf(entry, level)) && !(entry & EPT_SUPPRESS_VE);
}

static void set_leaf(struct guest_page *page, uint64_t gpa, unsigned level)
{
	uint64_t offset_mask = (1ull << level_shift(level)) - 1;

	page->size = offset_mask + 1;
	page->base_gpa = gpa & ~offset_mask;
	page->hpa = (page->entry & EPT_ADDRESS & ~offset_mask) | (gpa & offset_mask);
}

struct walk {
	const struct module *m;
	uint64_t gpa;
	uint32_t access;
	bool shared;
	struct guest_page *page;
};

/* A shared EPT is the host's own (or the TD's zero page at first): whatever it did to its pages is no machine check. */
static const uint64_t *table_at(const struct walk *w, uint64_t pa)
{
	return w->shared ? mem_ptr(&w->m->plat->mem, pa, PAGE_BYTES) : pa_ptr(w->m, pa);
}

static enum guest_walk walk_tree(const struct walk *w, uint64_t table, unsigned level)
{
	struct guest_page *page = w->page;

	for (page->permissions = EPT_RWX;; level--) {
		const uint64_t *t = table_at(w, keyid_strip(w->m, table));
		uint64_t entry;

		if (!t)
			return WALK_MISCONFIGURATION;
		entry = __atomic_load_n(&t[w->gpa >> level_shift(level) & 0x1ff], __ATOMIC_ACQUIRE);
		page->entry = entry;
		page->permissions &= (uint32_t)(entry & EPT_RWX);
		if (w->shared && shared_misconfigured(w->m, entry, level))
			return WALK_MISCONFIGURATION;
		if (!(entry & EPT_RWX) || w->access & ~(uint32_t)(entry & EPT_RWX))
			return convertible(entry, level) ? WALK_CONVERTIBLE : WALK_VIOLATION;
		if (is_leaf(entry, level))
			break;
		table = entry & EPT_ADDRESS;
	}
	set_leaf(page, w->gpa, level);
	return WALK_FOUND;
}

enum guest_walk guest_walk_private(const struct module *m, const struct td *td, uint64_t gpa, uint32_t access,
				   struct guest_page *page)
{
	struct guest_page unused;
	struct walk w = { .m = m, .gpa = gpa, .access = access, .page = page ? page : &unused };

	return walk_tree(&w, td->tdcs->eptp & EPT_ADDRESS, EPTP_LEVELS(td->tdcs->eptp) - 1);
}

enum guest_walk guest_walk_l2(const struct module *m, const struct td *td, unsigned vm, uint64_t gpa, uint32_t access,
			      struct guest_page *page)
{
	struct guest_page unused;
	struct walk w = { .m = m, .gpa = gpa, .access = access, .page = page ? page : &unused };

	return walk_tree(&w, td->tdr->tdcx_pa[TDCS_PAGE_L2_SEPT_ROOT + vm - 1], EPTP_LEVELS(td->tdcs->eptp) - 1);
}

enum guest_walk guest_walk_shared(const struct module *m, const struct td *td, uint64_t eptp, uint64_t gpa,
				  uint32_t access, struct guest_page *page)
{
	struct guest_page unused;
	struct walk w = { .m = m, .gpa = gpa, .access = access, .shared = true, .page = page ? page : &unused };
	enum guest_walk found = walk_tree(&w, eptp & EPT_ADDRESS, EPTP_LEVELS(td->tdcs->eptp) - 1);

	if (found == WALK_FOUND && !shared_address_ok(m, w.page->hpa))
		return WALK_MISCONFIGURATION;
	return found;
}

bool guest_gpa_shared(const struct td *td, uint64_t gpa)
{
	return gpa & td_shared_bit(td);
}

bool guest_gpa_valid(const struct td *td, uint64_t gpa, bool must_be_private)
{
	return !(gpa >> td_gpa_width(td)) && !(must_be_private && guest_gpa_shared(td, gpa));
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

static void not_found(struct guest_exit *x, uint64_t gpa, uint32_t access, enum guest_walk walk,
		      const struct guest_page *page)
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

static void *page_memory(struct guest_exit *x, const struct guest_page *page, bool shared)
{
	uint64_t pa = keyid_strip(x->m, page->hpa);

	if (!shared)
		return pa_ptr(x->m, pa);
	return mem_shared_ptr(&x->m->plat->mem, x->lp_id, x->vps->last_exit_tsc, pa, PAGE_BYTES - pa % PAGE_BYTES);
}

void *guest_map(struct guest_exit *x, uint64_t gpa, uint32_t access)
{
	bool shared = guest_gpa_shared(x->td, gpa);
	uint64_t shared_eptp = vmcs_read(vcpu_vmcs(x->m, x->vp, 0), VMCS_SHARED_EPTP);
	struct guest_page page;
	enum guest_walk walk = shared ? guest_walk_shared(x->m, x->td, shared_eptp, gpa, access, &page)
				      : guest_walk_private(x->m, x->td, gpa, access, &page);
	void *memory = walk == WALK_FOUND ? page_memory(x, &page, shared) : NULL;

	if (!memory)
		not_found(x, gpa, access, walk == WALK_FOUND ? WALK_MISCONFIGURATION : walk, &page);
	return memory;
}
