// SPDX-License-Identifier: MIT
/*
 * What a snapshot may say about platform and module: whatever they index, loop or shift by. A file
 * with right hashes can come from anybody. TDs' pages need no look here: the module itself
 * distrusts them, since without memory encryption a host can write to them.
 */
#include <stdlib.h>
#include <string.h>

#include "module/handoff.h"
#include "snapshot/internal.h"

#define GIB	  PAGE_SIZE_OF(PAGE_SIZE_1G)
#define INIT_STEP (1ull << 22) /* what TDH.SYS.TDMR.INIT does in one call */

/* One rule about a field of the two structures. */
#define PLATFORM_RULE(holds, field, ...)                                                           \
	do {                                                                                       \
		if (!(holds))                                                                      \
			return snapshot_wrong(e,                                                   \
					      snapshot_header(s)->part[PART_PLATFORM].offset +     \
						      saved_platform_offset(field),                \
					      __VA_ARGS__);                                        \
	} while (0)
#define MODULE_RULE(holds, field, ...)                                                             \
	do {                                                                                       \
		if (!(holds))                                                                      \
			return snapshot_wrong(e,                                                   \
					      snapshot_header(s)->part[PART_MODULE].offset +       \
						      saved_module_offset(field),                  \
					      field ": " __VA_ARGS__);                             \
	} while (0)

/* A byte that becomes a bool. */
static bool is_bool(const void *at)
{
	return *(const uint8_t *)at <= 1;
}

static bool check_platform(const struct seamless_snapshot *s, const struct platform *p,
			   const struct platform_config *config, const struct snapshot_error *e)
{
	bool kicked = true;

	for (unsigned i = 0; i < PLATFORM_LPS; i++)
		kicked = kicked && is_bool(&p->kicked[i]);
	PLATFORM_RULE(kicked, "kicked", "kicked: neither 0 nor 1");
	PLATFORM_RULE(is_bool(&p->interrupt), "interrupt", "interrupt: neither 0 nor 1");
	PLATFORM_RULE(is_bool(&p->entropy), "entropy", "entropy: neither 0 nor 1");
	PLATFORM_RULE(p->n_override <= PLATFORM_OVERRIDES, "n_override",
		      "%u CPUID values set, at most %u", p->n_override, PLATFORM_OVERRIDES);
	for (unsigned i = 0; i < p->n_override; i++)
		PLATFORM_RULE(p->override[i].lp < (int)config->lps, "override",
			      "a CPUID value for processor %d of %u", p->override[i].lp,
			      config->lps);
	return true;
}

/* A full table would be searched for ever. */
static bool check_msrs(const struct seamless_snapshot *s, const struct snapshot_error *e)
{
	uint64_t at = snapshot_header(s)->part[PART_MSRS].offset;
	uint64_t end = at + snapshot_part_len(s, PART_MSRS);
	struct lp_msrs m;

	for (; at < end; at += sizeof(m)) {
		unsigned used = 0;

		memcpy(&m, s->bytes + at, sizeof(m));
		for (unsigned i = 0; i < LP_MSR_SLOTS; i++)
			used += m.addr[i] != 0;
		if (used != m.used || used == LP_MSR_SLOTS)
			return snapshot_wrong(e, at + offsetof(struct lp_msrs, used),
					      "%u MSRs, the table holds %u, of at most %u", m.used,
					      used, LP_MSR_SLOTS - 1);
	}
	return true;
}

/* ---- the module ---- */

static bool in_ram(const struct platform_config *config, uint64_t pa, uint64_t len)
{
	return pa < config->memory && len <= config->memory - pa;
}

static bool check_tdmr(const struct seamless_snapshot *s, const struct tdmr *t,
		       const struct platform_config *config, const struct snapshot_error *e)
{
	MODULE_RULE(t->size && !((t->base | t->size) % GIB) && t->base + t->size > t->base, "tdmr",
		    "0x%llx+0x%llx: not whole gigabytes", (unsigned long long)t->base,
		    (unsigned long long)t->size);
	for (int level = PAGE_SIZE_4K; level <= PAGE_SIZE_1G; level++) {
		uint64_t need = t->size / PAGE_SIZE_OF(level) * sizeof(struct pamt_entry);

		MODULE_RULE(t->pamt_base[level] % MEM_PAGE == 0 && t->pamt_size[level] >= need &&
				    in_ram(config, t->pamt_base[level], t->pamt_size[level]),
			    "tdmr", "PAMT at 0x%llx+0x%llx: not in memory, or smaller than 0x%llx",
			    (unsigned long long)t->pamt_base[level],
			    (unsigned long long)t->pamt_size[level], (unsigned long long)need);
	}
	MODULE_RULE(t->num_rsvd <= MAX_RSVD_AREAS, "tdmr", "%u reserved areas, at most %u",
		    t->num_rsvd, MAX_RSVD_AREAS);
	MODULE_RULE(t->next >= t->base && t->next - t->base <= t->size &&
			    !((t->next - t->base) % INIT_STEP),
		    "tdmr", "initialised up to 0x%llx: not a step within 0x%llx+0x%llx",
		    (unsigned long long)t->next, (unsigned long long)t->base,
		    (unsigned long long)t->size);
	return true;
}

/* What a module and the hand-off area have of memory and keys. */
struct tables {
	const struct tdmr *tdmr;
	const struct kot_entry *kot;
	uint64_t num_tdmrs, num_keys, global_hkid;
};

static bool check_tables(const struct seamless_snapshot *s, const struct tables *t,
			 const struct platform_config *config, const struct snapshot_error *e)
{
	MODULE_RULE(t->num_tdmrs <= MAX_TDMRS, "num_tdmrs", "%llu, at most %u",
		    (unsigned long long)t->num_tdmrs, MAX_TDMRS);
	for (uint64_t i = 0; i < t->num_tdmrs; i++) {
		if (!check_tdmr(s, &t->tdmr[i], config, e))
			return false;
	}
	MODULE_RULE(t->global_hkid < config->max_hkids, "global_hkid", "%llu, must be below %u",
		    (unsigned long long)t->global_hkid, config->max_hkids);
	for (uint64_t i = 0; i < t->num_keys; i++)
		MODULE_RULE(t->kot[i].state <= KOT_STATE_RESERVED, "kot",
			    "key id %llu is in state %u", (unsigned long long)i, t->kot[i].state);
	return true;
}

/* TDH.SYS.UPDATE takes these over as they are. */
static bool check_handoff(const struct seamless_snapshot *s, const struct platform_config *config,
			  const struct snapshot_error *e)
{
	uint64_t len = snapshot_part_len(s, PART_HANDOFF);
	uint64_t need = sizeof(struct handoff) + config->max_hkids * sizeof(struct kot_entry);
	struct handoff *h = len >= need ? malloc(len) : NULL;
	char why[300];
	const struct snapshot_error inner = { "", why, sizeof(why) };
	bool good = true;

	if (!h)
		return len < need || snapshot_wrong(e, 0, "out of memory");
	memcpy(h, snapshot_part(s, PART_HANDOFF), len);
	if (h->valid) {
		const struct tables t = { h->tdmr, h->kot, h->num_tdmrs, config->max_hkids,
					  h->global_hkid };

		good = check_tables(s, &t, config, &inner) ||
		       snapshot_wrong(e, snapshot_header(s)->part[PART_HANDOFF].offset,
				      "what the last module left%s", strstr(why + 2, ": "));
	}
	free(h);
	return good;
}

static bool check_module(const struct seamless_snapshot *s, const struct module *m,
			 const struct platform_config *config, const struct snapshot_error *e)
{
	bool pending = m->sys_state == SYS_STATE_INIT_PENDING;

	MODULE_RULE(m->sys_state <= SYS_STATE_SHUTDOWN, "sys_state", "%u is none", m->sys_state);
	MODULE_RULE(is_bool(&m->dead), "dead", "neither 0 nor 1");
	MODULE_RULE(m->num_lps == config->lps, "num_lps", "%u, the platform has %u", m->num_lps,
		    config->lps);
	MODULE_RULE(m->num_pkgs == config->packages, "num_pkgs", "%u, the platform has %u",
		    m->num_pkgs, config->packages);
	MODULE_RULE(m->lps_inited <= config->lps, "lps_inited", "%u of %u", m->lps_inited,
		    config->lps);
	MODULE_RULE(m->max_pa_bits < 64, "max_pa_bits", "%u", m->max_pa_bits);
	MODULE_RULE(m->hkid_shift <= m->max_pa_bits, "hkid_shift", "%u of %u address bits",
		    m->hkid_shift, m->max_pa_bits);
	MODULE_RULE(m->pkg_shift < 32, "pkg_shift", "%u", m->pkg_shift);
	MODULE_RULE(pending || (m->hkid_first <= m->hkid_end && m->hkid_end <= config->max_hkids),
		    "hkid_end", "key ids %u to %u of %u", m->hkid_first, m->hkid_end,
		    config->max_hkids);
	MODULE_RULE(pending || m->tsc_hz, "tsc_hz", "0 after TDH.SYS.INIT");
	return check_tables(
		s,
		&(struct tables){ m->tdmr, m->kot, m->num_tdmrs, PLATFORM_HKIDS, m->global_hkid },
		config, e);
}

/* ---- processors ---- */

static bool lock_fits(const struct platform_config *config, const struct saved_lock *l)
{
	uint64_t size = l->kind == HELD_SEPT_ENTRY || l->kind == HELD_LINK ? 8 : 2;

	return l->kind <= HELD_LINK && l->mode <= LOCK_EXCLUSIVE && l->pa % size == 0 &&
	       in_ram(config, l->pa, size);
}

static bool page_fits(const struct platform_config *config, uint64_t pa)
{
	return pa % MEM_PAGE == 0 && in_ram(config, pa, MEM_PAGE);
}

/* A module uses these pages of a running guest without another look. */
static bool control_pages_fit(const struct seamless_snapshot *s, const struct saved_lp *l)
{
	_Alignas(MEM_PAGE) uint8_t page[3][MEM_PAGE];
	const struct tdr *tdr = (const void *)page[0];
	const struct tdcs *tdcs = (const void *)page[1];
	const struct tdvps *vps = (const void *)page[2];
	unsigned vms;

	saved_page(s, l->td_pa, page[0]);
	saved_page(s, l->tdcs_pa, page[1]);
	saved_page(s, l->vp_pa, page[2]);
	vms = tdcs->num_l2_vms;
	return tdr->lifecycle == LIFECYCLE_KEYS_CONFIGURED && tdr->num_tdcx >= TDCX_MIN &&
	       tdr->num_tdcx <= TDCX_MAX && vms < MAX_VMS &&
	       vps->num_pages >= TDVPS_MIN + TDVPS_PAGES_PER_L2 * vms &&
	       vps->num_pages <= TDVPS_MAX && vps->curr_vm <= vms && l->vm <= vms;
}

static const char *guest_problem(const struct seamless_snapshot *s,
				 const struct platform_config *config, const struct saved_lp *l)
{
	if (!page_fits(config, l->td_pa) || !page_fits(config, l->tdcs_pa) ||
	    !page_fits(config, l->vp_pa))
		return "a page of its guest is not in memory";
	if (l->vm >= MAX_VMS)
		return "its guest is in a VM that can't be";
	if (!control_pages_fit(s, l))
		return "the pages of its guest's TD and vCPU hold none that can run";
	if (l->held > HELD_MAX)
		return "its guest holds too many locks";
	for (unsigned i = 0; i < l->held; i++) {
		if (!lock_fits(config, &l->lock[i]))
			return "its guest holds a lock that can't be";
	}
	return NULL;
}

static const char *lp_problem(const struct seamless_snapshot *s,
			      const struct platform_config *config, const struct saved_lp *l,
			      unsigned number)
{
	if (l->init_done > 1 || l->in_module > 1 || l->running > 1 || l->stale_tlb > 1 ||
	    l->fresh > 1 || !is_bool(&l->step.active) || !is_bool(&l->step.nmi) ||
	    !is_bool(&l->step.init) || !is_bool(&l->step.bus_lock))
		return "a flag is neither 0 nor 1";
	if (l->pkg != number % config->packages)
		return "it is in another package";
	if (l->in_module && !l->running)
		return "it is inside a call";
	return l->running ? guest_problem(s, config, l) : NULL;
}

static bool check_lps(const struct seamless_snapshot *s, const struct platform_config *config,
		      const struct snapshot_error *e)
{
	uint64_t at = snapshot_header(s)->part[PART_LPS].offset;
	const char *problem;
	struct saved_lp l;

	for (unsigned i = 0; i < config->lps; i++, at += sizeof(l)) {
		memcpy(&l, s->bytes + at, sizeof(l));
		problem = lp_problem(s, config, &l, i);
		if (problem)
			return snapshot_wrong(e, at, "processor %u: %s", i, problem);
	}
	return true;
}

/* Two large structures of the platform and the module with the snapshot's fields in them. */
static bool check_state(const struct seamless_snapshot *s, const struct platform_config *config,
			const struct snapshot_error *e)
{
	struct platform *p = calloc(1, sizeof(*p));
	struct module *m = calloc(1, sizeof(*m));
	bool good = false;

	if (p && m) {
		saved_fields(s, p, m);
		good = check_platform(s, p, config, e) && check_module(s, m, config, e);
	} else {
		snapshot_wrong(e, 0, "out of memory");
	}
	free(p);
	free(m);
	return good;
}

bool check_content(const struct seamless_snapshot *s, const struct platform_config *config,
		   const struct snapshot_error *e)
{
	return check_sizes(s, config, e) && check_state(s, config, e) && check_msrs(s, e) &&
	       check_handoff(s, config, e) && pages_check(s, config, e) && check_lps(s, config, e);
}
