/* SPDX-License-Identifier: MIT */
/*
 * What the module keeps in its own memory. Nothing here points into the state of a TD except while a vCPU runs.
 */
#ifndef SEAMLESS_MODULE_STATE_H
#define SEAMLESS_MODULE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include "explain/explain.h"
#include "fault/pending.h"
#include "module/call.h"
#include "module/machine_check.h"
#include "module/stepping.h"
#include "module/vmx.h"
#include "platform/platform.h"
#include "vmx/lp.h"

#define MAX_LPS VMX_LPS
#define CPUID_VERIFY_MAX 96
#define COMMON_MSRS_MAX 32

struct guest_exit;

/* A vCPU between VP.ENTER and its TD exit. */
struct lp_guest {
	bool running;
	uint16_t vm;
	struct td td;
	struct vcpu vp;
	struct held_set held; /* TDVPR and TDR, shared */
	uint64_t host_rsp, host_rbp; /* as VP.ENTER found them */
	uint64_t last_tdvpr;         /* the vCPU that ran here last */
	bool stale_tlb;              /* its cached translations are not to be used */
	bool fresh;                  /* entered, not yet run */
	uint64_t destroyed_seen;     /* pages that the host had destroyed when its control pages were looked at */
	struct guest_exit *exit;     /* the TDCALL under way */
};

struct lp {
	bool init_done;
	bool in_module;
	uint32_t pkg;
	struct explain_reason reason; /* why the last call was refused, unformatted, */
	const struct leaf *refused;   /* and its leaf */
	struct fault_pending fault; /* that is to meet the next call, whatever the state of the machine */
	struct sept_near sept;
	struct pamt_path tdr; /* of the TDR that was looked for last */
	struct lp_guest guest;
	struct lp_step step;
};

struct tdmr {
	uint64_t base, size;
	uint64_t pamt_base[NUM_PAGE_SIZES], pamt_size[NUM_PAGE_SIZES];
	unsigned num_rsvd;
	struct { uint64_t offset, size; } rsvd[MAX_RSVD_AREAS];
	uint16_t lock;
	uint64_t next; /* first address whose PAMT is not initialised */
};

struct kot_entry {
	uint8_t state;
	uint8_t wbinvd_bitmap; /* packages whose caches may still hold lines of this key */
};

/* PHYMEM.CACHE.WB of one package. */
struct wbcache {
	uint16_t lock;
	uint32_t next_block;                   /* where an interrupted write-back goes on, 0 = none */
	uint64_t pending[PLATFORM_HKIDS / 64]; /* key ids that were FLUSHED when it started */
};

struct module {
	struct platform *plat;
	uint16_t global_lock;
	uint32_t sys_state; /* enum sys_state; atomic */
	bool dead;          /* after a machine check inside the module, until the next is loaded; atomic */

	/* found by SYS.INIT */
	unsigned num_lps, num_pkgs, lps_inited;
	unsigned max_pa_bits;
	unsigned pkg_shift, l3_sharing;  /* of x2APIC ids; logical processors of an L3 cache - 1 */
	uint32_t cpuid_last[2];          /* base and extended leaf */
	uint64_t common_msr[COMMON_MSRS_MAX]; /* must be the same on all logical processors */
	unsigned hkid_shift;             /* first key id bit of a physical address */
	unsigned hkid_first, hkid_end;   /* private key ids: first .. end - 1 */
	uint64_t seamrr_base, seamrr_size;
	uint64_t tsc_adjust;             /* IA32_TSC_ADJUST, the same on all logical processors */
	uint64_t tsc_hz;
	uint64_t arch_capabilities;      /* IA32_ARCH_CAPABILITIES */
	uint64_t perf_capabilities;      /* IA32_PERF_CAPABILITIES */
	uint32_t fms;                    /* CPUID(1).EAX with the lowest stepping of all packages */
	struct vmx_caps vmx;
	uint32_t cpuid_verified[CPUID_VERIFY_MAX][4]; /* values of the first logical processor, by table index */

	/* SYS.CONFIG */
	unsigned num_tdmrs;
	struct tdmr tdmr[MAX_TDMRS];
	unsigned global_hkid;
	uint64_t global_key_pkgs; /* packages where the global key is configured */

	/* key ownership */
	uint16_t kot_lock;
	struct kot_entry kot[PLATFORM_HKIDS];
	uint16_t ket_lock[MAX_PKGS];
	struct wbcache wbcache[MAX_PKGS];

	struct vmx_lps processors;
	uint64_t tables_gone; /* taken out of the secure EPT of any TD; atomic */
	struct lp lp[MAX_LPS];
};

/* A call of @lp with these registers, a guest's if it comes from there. */
static inline void call_init(struct call *c, struct module *m, unsigned lp, struct cpu_regs *regs, enum module_where from)
{
	c->m = m;
	c->lp = &m->lp[lp];
	c->lp_id = lp;
	c->regs = regs;
	c->leaf = NULL;
	c->flags = 0;
	c->td = (struct td){ 0 };
	c->vp = (struct vcpu){ 0 };
	c->where = from;
	c->guest = from == MODULE_TO_GUEST;
	c->vm = 0;
	c->flags_reg = 0;
	c->version = 0;
	c->held.count = 0;
	c->in[GPR_RAX] = regs->gpr[GPR_RAX];
	c->lp->reason.rule = NULL;
}

/*
 * The fault that is to meet this call, if no mechanism caused it: refuses the call where nothing has changed. After all
 * checks; in leaves whose checks change something, before that.
 */
static inline uint64_t fault_point(struct call *c)
{
	uint64_t status = fault_remains(&c->lp->fault);

	return status ? fail(c, status, "refused before anything changed") : TDX_SUCCESS;
}

/*
 * The host pointer behind a physical address as the module sees it. Where there is no memory, or a page whose private
 * content the host destroyed, it is a machine check: the call ends there and the module with it; NULL outside of calls.
 */
static inline void *pa_ptr(const struct module *m, uint64_t pa)
{
	struct memory *mem = &m->plat->mem;

	if (pa < mem->size && !(mem_destroyed(mem) && mem_is_destroyed(mem, pa)))
		return mem->base + pa;
	machine_check_at(pa);
	return NULL;
}

/* The PAMT's entry, of one size, of what lies at @offset in a TDMR. */
static inline struct pamt_entry *pamt_entry(const struct module *m, const struct tdmr *t, uint64_t offset, enum page_size size)
{
	return pa_ptr(m, t->pamt_base[size] + (offset >> (12 + 9 * size)) * sizeof(struct pamt_entry));
}

/* A physical address without its key id. */
static inline uint64_t keyid_strip(const struct module *m, uint64_t pa)
{
	return pa & ((1ull << m->hkid_shift) - 1);
}

/* What is at c->gpa in the page that c->sept maps. */
static inline void *sept_data(const struct call *c)
{
	return pa_ptr(c->m, (c->sept.value & SEPT_PA) + (c->gpa & (PAGE_SIZE_OF(c->sept.level) - 1)));
}

/* Page @k of the TDCS or TDVPS, NULL when that page was not added. */
static inline void *td_page(const struct module *m, const struct td *td, unsigned k)
{
	return k < td->tdr->num_tdcx ? pa_ptr(m, keyid_strip(m, td->tdr->tdcx_pa[k])) : NULL;
}

static inline void *vcpu_page(const struct module *m, const struct vcpu *vp, unsigned k)
{
	return k < vp->vps->num_pages ? pa_ptr(m, keyid_strip(m, vp->vps->page_pa[k])) : NULL;
}

#endif
