// SPDX-License-Identifier: MIT
/*
 * The module brought up, a TD made and taken apart. One TDMR over the largest piece of convertible
 * memory; its PAMTs and the hypervisor's own pages come first in it.
 */
#include "hv.h"

#include <string.h>

#define GIB (1ull << 30)

#define MSR_KEYID_PARTITIONING 0x87  /* shared key ids 31:0, private ones 63:32 */
#define MSR_TME_ACTIVATE       0x982 /* key id bits 35:32 */

#define SCRATCH_PAGES 4u
#define ROUNDS	      10u /* of what another processor may undo */

#define EPT_TABLE 7ull

/* Returns from the function unless the call succeeds. */
#define MUST(call)                                                                                 \
	do {                                                                                       \
		if (!tdx_status_ok(hv_again(call)))                                                \
			return -1;                                                                 \
	} while (0)

/* ---- the module ---- */

/* TDMR_INFO, the input of TDH.SYS.CONFIG. */
struct tdmr {
	uint64_t base, size;
	uint64_t pamt_1g, pamt_1g_size, pamt_2m, pamt_2m_size, pamt_4k, pamt_4k_size;
	struct {
		uint64_t offset, size;
	} reserved[16];
};

static int read_field(uint64_t field, uint64_t *value)
{
	MUST(tdh_sys_rd(tdx_field(field), NULL, value));
	return 0;
}

static int init_cpu(void *opaque)
{
	(void)opaque;
	MUST(tdh_sys_lp_init_retry(NULL));
	return 0;
}

static int configure_global_key(void *opaque)
{
	(void)opaque;
	MUST(tdh_sys_key_config_retry());
	return 0;
}

static int on_all_cpus(int (*fn)(void *opaque), void *opaque)
{
	for (unsigned cpu = 0; cpu < host_cpus(); cpu++) {
		if (host_on_cpu(cpu, fn, opaque))
			return -1;
	}
	return 0;
}

/* Keys and caches are a package's. */
static int on_all_packages(int (*fn)(void *opaque), void *opaque)
{
	for (unsigned package = 0; package < host_packages(); package++) {
		if (host_on_cpu(host_cpu_of_package(package), fn, opaque))
			return -1;
	}
	return 0;
}

static int find_memory(uint64_t *base, uint64_t *size)
{
	uint64_t count, this_base, this_size;

	*size = 0;
	if (read_field(TDX_MD_SYS_NUM_CMRS, &count))
		return -1;
	for (unsigned i = 0; i < count; i++) {
		if (read_field(TDX_MD_SYS_CMR_BASE + i, &this_base) ||
		    read_field(TDX_MD_SYS_CMR_SIZE + i, &this_size))
			return -1;
		if (this_size > *size) {
			*base = this_base;
			*size = this_size;
		}
	}
	return *size ? 0 : -1;
}

/* Places a PAMT at *at. */
static int place(const struct tdmr *tdmr, uint64_t unit, uint64_t entry_size_field, uint64_t *at,
		 uint64_t *pamt, uint64_t *pamt_size)
{
	uint64_t entry_size;

	if (read_field(entry_size_field, &entry_size))
		return -1;
	*pamt = *at;
	*pamt_size = (tdmr->size / unit * entry_size + HV_PAGE - 1) & ~(HV_PAGE - 1);
	*at += *pamt_size;
	return 0;
}

static int plan(struct hv *hv, struct tdmr *tdmr)
{
	uint64_t base, size, end, at;

	if (find_memory(&base, &size))
		return -1;
	at = base;
	end = base + size;
	tdmr->base = base & ~(GIB - 1);
	tdmr->size = ((end + GIB - 1) & ~(GIB - 1)) - tdmr->base;
	if (place(tdmr, GIB, TDX_MD_SYS_PAMT_1G_ENTRY_SIZE, &at, &tdmr->pamt_1g,
		  &tdmr->pamt_1g_size) ||
	    place(tdmr, HV_LARGE_PAGE, TDX_MD_SYS_PAMT_2M_ENTRY_SIZE, &at, &tdmr->pamt_2m,
		  &tdmr->pamt_2m_size) ||
	    place(tdmr, HV_PAGE, TDX_MD_SYS_PAMT_4K_ENTRY_SIZE, &at, &tdmr->pamt_4k,
		  &tdmr->pamt_4k_size))
		return -1;
	hv->scratch = at;
	at += SCRATCH_PAGES * HV_PAGE;
	hv->usable = (at + HV_LARGE_PAGE - 1) & ~(HV_LARGE_PAGE - 1);
	tdmr->reserved[0].size = hv->usable - tdmr->base;
	tdmr->reserved[1].offset = end - tdmr->base;
	tdmr->reserved[1].size = tdmr->base + tdmr->size - end;
	return 0;
}

static int configure(struct hv *hv, struct tdmr *tdmr)
{
	uint64_t *list = host_ptr(hv->scratch, HV_PAGE);

	*list = hv->scratch + HV_PAGE;
	memcpy(host_ptr(*list, HV_PAGE), tdmr, sizeof(*tdmr));
	MUST(tdh_sys_config(tdx_shared_hpa(hv->scratch), 1, tdx_hkid(hv->global_hkid)));
	return 0;
}

static int init_tdmr(const struct tdmr *tdmr)
{
	tdx_hpa_t next = tdx_hpa(tdmr->base);

	while (next.value < tdmr->base + tdmr->size)
		MUST(tdh_sys_tdmr_init(tdx_hpa(tdmr->base), &next));
	return 0;
}

static void fill_pool(struct hv *hv)
{
	uint64_t at = hv->usable;

	for (unsigned i = 0; i < sizeof(hv->pool.large) / sizeof(hv->pool.large[0]); i++)
		hv->pool.large[hv->pool.larges++] = at + i * HV_LARGE_PAGE;
	at += hv->pool.larges * HV_LARGE_PAGE;
	for (unsigned i = 0; i < 2 * HV_PER_LARGE; i++)
		hv->pool.small[hv->pool.smalls++] = at + i * HV_PAGE;
}

int hv_start(struct hv *hv)
{
	struct tdmr tdmr = { 0 };
	uint64_t tdcs, tdvps;

	pthread_mutex_init(&hv->lock, NULL);
	hv->global_hkid = (uint16_t)(host_rdmsr(MSR_KEYID_PARTITIONING) + 1);
	hv->hkid_shift = host_address_bits() - (host_rdmsr(MSR_TME_ACTIVATE) >> 32 & 0xf);
	MUST(tdh_sys_init_retry(0, NULL));
	if (on_all_cpus(init_cpu, NULL) || plan(hv, &tdmr) || configure(hv, &tdmr) ||
	    on_all_packages(configure_global_key, NULL) || init_tdmr(&tdmr) ||
	    read_field(TDX_MD_SYS_TDCS_BASE_SIZE, &tdcs) ||
	    read_field(TDX_MD_SYS_TDVPS_BASE_SIZE, &tdvps))
		return -1;
	hv->tdcs_pages = (unsigned)(tdcs / HV_PAGE);
	hv->tdvps_pages = (unsigned)(tdvps / HV_PAGE);
	fill_pool(hv);
	return 0;
}

/* ---- a TD ---- */

static int configure_key(void *opaque)
{
	const struct hv *hv = opaque;

	MUST(tdh_mng_key_config_retry(hv->tdr));
	return 0;
}

/* A page that the TD will be made of. */
static tdx_hpa_t control_page(struct hv *hv)
{
	uint64_t pa = hv->control[hv->controls++] = hv_take(&hv->pool);

	return tdx_hpa(pa);
}

static void put(uint8_t *params, size_t offset, uint64_t value, size_t size)
{
	memcpy(params + offset, &value, size);
}

/* XFAM: x87 and SSE; write-back page walks of 4 levels; TSC in 25 MHz. */
static int init_td(struct hv *hv)
{
	uint8_t *params = host_ptr(hv->scratch, HV_PAGE);

	memset(params, 0, TDX_TD_PARAMS_SIZE);
	put(params, TDX_TD_PARAMS_XFAM_OFFSET, 3, 8);
	put(params, TDX_TD_PARAMS_MAX_VCPUS_OFFSET, HV_VCPUS, 2);
	put(params, TDX_TD_PARAMS_EPTP_CONTROLS_OFFSET, 6 | 3 << 3, 4);
	put(params, TDX_TD_PARAMS_TSC_FREQUENCY_OFFSET, 40, 2);
	MUST(tdh_mng_init(hv->tdr, tdx_shared_hpa(hv->scratch), NULL));
	return 0;
}

/* Tables down to the page tables, all empty; entries that lead nowhere come to the hypervisor. */
static uint64_t shared_table(struct hv *hv, unsigned index, uint64_t entry)
{
	uint64_t pa = hv_take(&hv->pool), *table = host_ptr(pa, HV_PAGE);

	for (unsigned i = 0; i < 512; i++)
		table[i] = 1ull << 63;
	if (entry)
		table[index] = entry | EPT_TABLE;
	return pa;
}

static void make_shared_ept(struct hv *hv)
{
	const unsigned tables = HV_PAGES / HV_PER_LARGE;
	uint64_t middle = shared_table(hv, 0, 0), *entries = host_ptr(middle, HV_PAGE);

	for (unsigned i = 0; i < tables; i++) {
		hv->shared_table[i] = shared_table(hv, 0, 0);
		entries[i] = hv->shared_table[i] | EPT_TABLE;
	}
	hv->shared_middle[0] = middle;
	hv->shared_middle[1] = shared_table(hv, 0, middle);
	hv->shared_root = shared_table(hv, HV_SHARED_BIT >> 39 & 511, hv->shared_middle[1]);
}

static int create_vcpu(struct hv *hv, struct hv_vcpu *vcpu)
{
	vcpu->tdvpr = tdx_tdvpr(control_page(hv).value);
	MUST(tdh_vp_create(vcpu->tdvpr, hv->tdr));
	for (unsigned i = 1; i < hv->tdvps_pages; i++) {
		tdx_hpa_t page = control_page(hv);

		MUST(tdh_vp_addcx(page, vcpu->tdvpr));
	}
	MUST(tdh_vp_init(vcpu->tdvpr, 0));
	MUST(tdh_vp_wr(vcpu->tdvpr, tdx_field(TDX_MD_VMCS_SHARED_EPTP), hv->shared_root,
		       TDX_ALL_BITS, NULL));
	MUST(tdh_vp_flush(vcpu->tdvpr));
	return 0;
}

/* The upper two tables of the secure EPT; its page tables come with the pages. */
static int create_secure_ept(struct hv *hv)
{
	for (unsigned level = 3; level > 1; level--) {
		tdx_hpa_t page = control_page(hv);

		MUST(tdh_mem_sept_add(tdx_gpa(0), tdx_level(level), hv->tdr, 0, page, NULL));
	}
	return 0;
}

int hv_create_td(struct hv *hv)
{
	hv->hkid = (uint16_t)(hv->global_hkid + 1);
	hv->tdr = tdx_tdr(hv_take(&hv->pool));
	MUST(tdh_mng_create_retry(hv->tdr, tdx_hkid(hv->hkid)));
	if (on_all_packages(configure_key, hv))
		return -1;
	for (unsigned i = 0; i < hv->tdcs_pages; i++) {
		tdx_hpa_t page = control_page(hv);

		MUST(tdh_mng_addcx_retry(page, hv->tdr));
	}
	if (init_td(hv) || create_secure_ept(hv))
		return -1;
	make_shared_ept(hv);
	for (unsigned i = 0; i < HV_VCPUS; i++) {
		if (create_vcpu(hv, &hv->vcpu[i]))
			return -1;
	}
	MUST(tdh_mr_finalize(hv->tdr));
	return 0;
}

/* ---- its end ---- */

static int flush_vcpu(void *opaque)
{
	const struct hv_vcpu *vcpu = opaque;
	tdx_status_t status = hv_again(tdh_vp_flush(vcpu->tdvpr));

	return tdx_status_ok(status) || tdx_status_is(status, TDX_VCPU_NOT_ASSOCIATED) ? 0 : -1;
}

/* No processor holds anything of a vCPU. */
static int flush_vcpus(struct hv *hv)
{
	tdx_status_t status = tdx_status(TDX_FLUSHVP_NOT_DONE);

	for (unsigned i = 0; i < ROUNDS && tdx_status_is(status, TDX_FLUSHVP_NOT_DONE); i++) {
		for (unsigned v = 0; v < HV_VCPUS; v++) {
			if (host_on_cpu(hv->vcpu[v].cpu, flush_vcpu, &hv->vcpu[v]))
				return -1;
		}
		status = hv_again(tdh_mng_vpflushdone(hv->tdr));
	}
	return tdx_status_ok(status) ? 0 : -1;
}

/* Nothing to do, if another TD's end did it already. */
static int write_caches_back(void *opaque)
{
	tdx_status_t status = hv_again(tdh_phymem_cache_wb_finish(0, HV_TRIES));

	(void)opaque;
	return tdx_status_ok(status) || tdx_status_is(status, TDX_NO_HKID_READY_TO_WBCACHE) ? 0
											    : -1;
}

static int free_key(struct hv *hv)
{
	tdx_status_t status = tdx_status(TDX_WBCACHE_NOT_COMPLETE);

	for (unsigned i = 0; i < ROUNDS && tdx_status_is(status, TDX_WBCACHE_NOT_COMPLETE); i++) {
		if (on_all_packages(write_caches_back, NULL))
			return -1;
		status = hv_again(tdh_mng_key_freeid(hv->tdr));
	}
	return tdx_status_ok(status) ? 0 : -1;
}

static int reclaim(uint64_t pa)
{
	MUST(tdh_phymem_page_reclaim(tdx_hpa(pa), NULL));
	return 0;
}

static int reclaim_memory(struct hv *hv)
{
	for (unsigned page = 0; page < HV_PAGES; page++) {
		struct hv_page *p = &hv->page[page];
		bool large = p->kind == HV_LARGE, private = large || p->kind == HV_PRIVATE;

		if (private && reclaim(p->pa))
			return -1;
		if (large)
			hv_give_large(&hv->pool, p->pa);
		else if (p->kind != HV_NOTHING)
			hv_give(&hv->pool, p->pa);
		page += large ? HV_PER_LARGE - 1 : 0;
	}
	memset(hv->page, 0, sizeof(hv->page));
	return 0;
}

static int reclaim_control(struct hv *hv)
{
	const uint64_t key = (uint64_t)hv->global_hkid << hv->hkid_shift;

	while (hv->controls) {
		if (reclaim(hv->control[hv->controls - 1]))
			return -1;
		hv_give(&hv->pool, hv->control[--hv->controls]);
	}
	if (reclaim(hv->tdr.value))
		return -1;
	/* The module wrote the TDR with its own key. */
	MUST(tdh_phymem_page_wbinvd(tdx_hpa_keyed(hv->tdr.value | key)));
	hv_give(&hv->pool, hv->tdr.value);
	return 0;
}

static void free_shared_ept(struct hv *hv)
{
	for (unsigned i = 0; i < HV_PAGES / HV_PER_LARGE; i++)
		hv_give(&hv->pool, hv->shared_table[i]);
	hv_give(&hv->pool, hv->shared_middle[0]);
	hv_give(&hv->pool, hv->shared_middle[1]);
	hv_give(&hv->pool, hv->shared_root);
}

int hv_destroy_td(struct hv *hv)
{
	if (flush_vcpus(hv) || free_key(hv) || reclaim_memory(hv) || reclaim_control(hv))
		return -1;
	free_shared_ept(hv);
	return 0;
}
