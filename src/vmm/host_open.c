// SPDX-License-Identifier: MIT
/*
 * Brings the module up, in the order that the module demands.
 */
#include <inttypes.h>
#include <string.h>

#include "tdx/tdx.h"
#include "vmm/host.h"

#define MSR_KEYID_PARTITIONING 0x87  /* shared key ids 31:0, private ones 63:32 */
#define MSR_TME_ACTIVATE       0x982 /* key id bits 35:32 */
#define CPUID_TOPOLOGY	       0x1f
#define CPUID_ADDRESS_SIZES    0x80000008

static void find_key_ids(struct vmm_host *host)
{
	uint64_t partitioning = seamless_msr(host->machine, 0, MSR_KEYID_PARTITIONING);
	uint32_t address_bits =
		seamless_cpuid(host->machine, 0, CPUID_ADDRESS_SIZES, SEAMLESS_NO_SUBLEAF).eax &
		0xff;

	host->first_hkid = (uint16_t)(partitioning + 1);
	host->hkids = (uint16_t)(partitioning >> 32);
	host->hkid_shift = address_bits -
			   (unsigned)(seamless_msr(host->machine, 0, MSR_TME_ACTIVATE) >> 32 & 0xf);
}

/* The package is what is left of the x2APIC id above the widest level of the topology leaf. */
static uint32_t package_of(struct vmm_host *host, unsigned lp)
{
	uint32_t shift = 0, id = 0;

	for (uint32_t level = 0; level < 8; level++) {
		struct seamless_cpuid c = seamless_cpuid(host->machine, lp, CPUID_TOPOLOGY, level);

		if (!(c.ecx >> 8 & 0xff))
			break;
		shift = c.eax & 0x1f;
		id = c.edx;
	}
	return id >> shift;
}

static void find_packages(struct vmm_host *host)
{
	uint32_t known[HOST_MAX_PACKAGES];

	for (unsigned lp = 0; lp < host->lps; lp++) {
		uint32_t package = package_of(host, lp);
		unsigned i = 0;

		while (i < host->packages && known[i] != package)
			i++;
		if (i < host->packages || i == HOST_MAX_PACKAGES)
			continue;
		known[i] = package;
		host->package_lp[i] = lp;
		host->packages++;
	}
}

static int init_module(struct vmm_error *err)
{
	tdx_status_t status = host_call(tdh_sys_init(0, NULL));

	return tdx_status_ok(status) ? 0 : vmm_fail_call(err, "TDH.SYS.INIT", status);
}

static int init_this_lp(struct vmm_error *err)
{
	tdx_status_t status = host_call(tdh_sys_lp_init(NULL));

	return tdx_status_ok(status) ? 0 : vmm_fail_call(err, "TDH.SYS.LP.INIT", status);
}

/* SYS.INIT on the first processor, SYS.LP.INIT on all. */
static int init_lps(struct vmm_host *host, struct vmm_error *err)
{
	for (unsigned lp = 0; lp < host->lps; lp++) {
		int result;

		if (host_enter_lp(host, lp, err))
			return -1;
		result = (!lp && init_module(err)) || init_this_lp(err) ? -1 : 0;
		host_leave_lp(host);
		if (result)
			return -1;
	}
	return 0;
}

int host_read_field(uint64_t field, uint64_t *value, struct vmm_error *err)
{
	tdx_status_t status = host_call(tdh_sys_rd(tdx_field(field), NULL, value));

	return tdx_status_ok(status) ? 0 : vmm_fail_call(err, "TDH.SYS.RD", status);
}

static int read_field16(uint64_t field, uint16_t *value, struct vmm_error *err)
{
	uint64_t wide = 0;

	if (host_read_field(field, &wide, err))
		return -1;
	*value = (uint16_t)wide;
	return 0;
}

static int read_limits(struct vmm_host *host, struct tdmr_limits *limits, struct vmm_error *err)
{
	uint16_t tdcs = 0, tdvps = 0, tdcs_l2 = 0, tdvps_l2 = 0;

	if (read_field16(TDX_MD_SYS_MAX_TDMRS, &limits->max_tdmrs, err) ||
	    read_field16(TDX_MD_SYS_MAX_RESERVED_PER_TDMR, &limits->max_reserved, err) ||
	    read_field16(TDX_MD_SYS_PAMT_4K_ENTRY_SIZE, &limits->pamt_4k_entry, err) ||
	    read_field16(TDX_MD_SYS_PAMT_2M_ENTRY_SIZE, &limits->pamt_2m_entry, err) ||
	    read_field16(TDX_MD_SYS_PAMT_1G_ENTRY_SIZE, &limits->pamt_1g_entry, err) ||
	    read_field16(TDX_MD_SYS_TDCS_BASE_SIZE, &tdcs, err) ||
	    read_field16(TDX_MD_SYS_TDVPS_BASE_SIZE, &tdvps, err) ||
	    read_field16(TDX_MD_SYS_TDCS_SIZE_PER_L2_VM, &tdcs_l2, err) ||
	    read_field16(TDX_MD_SYS_TDVPS_SIZE_PER_L2_VM, &tdvps_l2, err))
		return -1;
	host->tdcs_pages = tdcs / VMM_4K;
	host->tdvps_pages = tdvps / VMM_4K;
	host->tdcs_pages_l2 = tdcs_l2 / VMM_4K;
	host->tdvps_pages_l2 = tdvps_l2 / VMM_4K;
	return 0;
}

/* The module's table may be longer than what is in use: a CMR of size 0 ends it. */
static int read_cmrs(struct vmm_range cmr[TDX_LIMIT_MAX_CMRS], uint16_t *count,
		     struct vmm_error *err)
{
	uint16_t room;

	*count = 0;
	if (read_field16(TDX_MD_SYS_NUM_CMRS, &room, err))
		return -1;
	while (*count < room && *count < TDX_LIMIT_MAX_CMRS) {
		if (host_read_field(TDX_MD_SYS_CMR_BASE + *count, &cmr[*count].base, err) ||
		    host_read_field(TDX_MD_SYS_CMR_SIZE + *count, &cmr[*count].size, err))
			return -1;
		if (!cmr[*count].size)
			break;
		++*count;
	}
	return 0;
}

static int plan_memory(struct vmm_host *host, struct vmm_error *err)
{
	struct vmm_range cmr[TDX_LIMIT_MAX_CMRS];
	struct tdmr_limits limits;
	uint16_t count;

	if (read_limits(host, &limits, err) || read_cmrs(cmr, &count, err) ||
	    tdmr_make_plan(&host->plan, cmr, count, &limits, err))
		return -1;
	if (!vmm_frames_init(&host->frames, host->plan.usable, host->plan.usable_count))
		return vmm_fail(err, "out of memory");
	return 0;
}

/*
 * The list of pointers and the TDMR_INFOs it points to, each 512-byte aligned, in pages of the
 * host.
 */
static int write_tdmrs(struct vmm_host *host, uint64_t *list, struct vmm_error *err)
{
	const unsigned per_page = VMM_4K / TDX_TDMR_INFO_ALIGN;
	uint64_t page = VMM_NO_FRAME;

	*list = host_new_page(host);
	for (size_t i = 0; *list != VMM_NO_FRAME && i < host->plan.count; i++) {
		uint64_t at;

		if (i % per_page == 0)
			page = host_new_page(host);
		if (page == VMM_NO_FRAME)
			break;
		at = page + i % per_page * TDX_TDMR_INFO_ALIGN;
		host_write(host, at, &host->plan.tdmr[i], sizeof(host->plan.tdmr[i]));
		host_write64(host, *list + 8 * i, at);
	}
	if (*list == VMM_NO_FRAME || page == VMM_NO_FRAME)
		return vmm_fail(err, "no host page left for the list of TDMRs");
	return 0;
}

static void free_tdmrs(struct vmm_host *host, uint64_t list)
{
	const unsigned per_page = VMM_4K / TDX_TDMR_INFO_ALIGN;

	for (size_t i = 0; i < host->plan.count; i += per_page)
		host_free_page(host, host_read64(host, list + 8 * i));
	host_free_page(host, list);
}

static int configure(struct vmm_host *host, struct vmm_error *err)
{
	tdx_status_t status;
	uint64_t list;

	if (write_tdmrs(host, &list, err))
		return -1;
	status = host_call(
		tdh_sys_config(tdx_shared_hpa(list), host->plan.count, tdx_hkid(host->first_hkid)));
	free_tdmrs(host, list);
	return tdx_status_ok(status) ? 0 : vmm_fail_call(err, "TDH.SYS.CONFIG", status);
}

static int configure_keys(struct vmm_host *host, struct vmm_error *err)
{
	for (unsigned i = 0; i < host->packages; i++) {
		tdx_status_t status;

		if (host_enter_lp(host, host->package_lp[i], err))
			return -1;
		status = host_call(tdh_sys_key_config());
		if (!tdx_status_ok(status))
			vmm_fail_call(err, "TDH.SYS.KEY.CONFIG", status);
		host_leave_lp(host);
		if (!tdx_status_ok(status))
			return -1;
	}
	return 0;
}

/* Each call initializes a part; what lies below the address it returns is usable. */
static int init_tdmr(const struct tdmr_info *tdmr, struct vmm_error *err)
{
	tdx_hpa_t next = tdx_hpa(tdmr->base);
	unsigned tries = 0;

	while (next.value < tdmr->base + tdmr->size) {
		tdx_status_t status = tdh_sys_tdmr_init(tdx_hpa(tdmr->base), &next);

		if (!tdx_status_ok(status) && !host_again(status, &tries))
			return vmm_fail_call(err, "TDH.SYS.TDMR.INIT", status);
	}
	return 0;
}

/* Runs a step on logical processor 0. */
static int on_first_lp(struct vmm_host *host,
		       int (*step)(struct vmm_host *host, struct vmm_error *err),
		       struct vmm_error *err)
{
	int result;

	if (host_enter_lp(host, 0, err))
		return -1;
	result = step(host, err);
	host_leave_lp(host);
	return result;
}

static int init_tdmrs(struct vmm_host *host, struct vmm_error *err)
{
	for (size_t i = 0; i < host->plan.count; i++) {
		if (init_tdmr(&host->plan.tdmr[i], err))
			return -1;
	}
	return 0;
}

int host_open(struct vmm_host *host, struct seamless_machine *machine, struct vmm_error *err)
{
	memset(host, 0, sizeof(*host));
	host->machine = machine;
	host->lps = seamless_lps(machine);
	find_key_ids(host);
	find_packages(host);
	if (init_lps(host, err) || on_first_lp(host, plan_memory, err))
		return -1;
	if (on_first_lp(host, configure, err) || configure_keys(host, err) ||
	    on_first_lp(host, init_tdmrs, err)) {
		host_close(host);
		return -1;
	}
	return 0;
}

void host_close(struct vmm_host *host)
{
	vmm_frames_free_all(&host->frames);
}
