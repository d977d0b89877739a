// SPDX-License-Identifier: MIT
/*
 * Creating a TD and its vCPUs.
 */
#include <string.h>

#include "tdx/tdx.h"
#include "vmm/td_internal.h"

#define TSC_FREQUENCY_UNIT 25000000u

/* TD_PARAMS.EPTP_CONTROLS: write-back, so many levels. */
#define EPTP_CONTROLS(levels) (6u | ((levels)-1) << 3)

int td_call_failed(const char *call, tdx_status_t status, struct vmm_error *err)
{
	return tdx_status_ok(status) ? 0 : vmm_fail_call(err, call, status);
}

uint64_t td_new_frame(struct vmm_td *td, enum vmm_level level, struct vmm_error *err)
{
	uint64_t hpa = vmm_frames_alloc(&td->host->frames, td->owner, level);

	if (hpa == VMM_NO_FRAME)
		vmm_fail(err, "no host page of %u KiB left for the TD",
			 level == VMM_LEVEL_2M ? 2048u : 4u);
	return hpa;
}

static int create(struct vmm_td *td, struct vmm_error *err)
{
	uint64_t tdr = td_new_frame(td, VMM_LEVEL_4K, err);
	tdx_status_t status;

	if (tdr == VMM_NO_FRAME)
		return -1;
	status = host_call(tdh_mng_create(tdx_tdr(tdr), tdx_hkid(td->hkid)));
	if (!tdx_status_ok(status)) {
		vmm_frames_release(&td->host->frames, tdr);
		return vmm_fail_call(err, "TDH.MNG.CREATE", status);
	}
	td->tdr = tdr;
	return 0;
}

/* TDH.MNG.KEY.CONFIG programs the key into the calling package: once on each. */
static int configure_key(struct vmm_td *td, struct vmm_error *err)
{
	unsigned here = seamless_lp_number();
	int result = 0;

	for (unsigned i = 0; i < td->host->packages && !result; i++) {
		tdx_status_t status;

		host_leave_lp(td->host);
		if (host_enter_lp(td->host, td->host->package_lp[i], err))
			return -1;
		status = host_call(tdh_mng_key_config(tdx_tdr(td->tdr)));
		result = td_call_failed("TDH.MNG.KEY.CONFIG", status, err);
	}
	host_leave_lp(td->host);
	return host_enter_lp(td->host, here, err) ? -1 : result;
}

static int add_tdcs_page(struct vmm_td *td, struct vmm_error *err)
{
	uint64_t page = td_new_frame(td, VMM_LEVEL_4K, err);
	tdx_status_t status;

	if (page == VMM_NO_FRAME)
		return -1;
	status = host_call(tdh_mng_addcx(tdx_hpa(page), tdx_tdr(td->tdr)));
	if (!tdx_status_ok(status))
		vmm_frames_release(&td->host->frames, page);
	return td_call_failed("TDH.MNG.ADDCX", status, err);
}

static void put(uint8_t *params, size_t offset, const void *value, size_t size)
{
	memcpy(params + offset, value, size);
}

static unsigned ept_levels(const struct td_config *config)
{
	return config->config_flags & TDX_CONFIG_FLAGS_GPAW_MASK ? 5 : 4;
}

static void fill_params(uint8_t params[TDX_TD_PARAMS_SIZE], const struct td_config *config)
{
	const uint32_t eptp = EPTP_CONTROLS(ept_levels(config));
	const uint16_t tsc =
		config->tsc_frequency ? config->tsc_frequency : TD_TSC_HZ / TSC_FREQUENCY_UNIT;

	memset(params, 0, TDX_TD_PARAMS_SIZE);
	put(params, TDX_TD_PARAMS_ATTRIBUTES_OFFSET, &config->attributes, 8);
	put(params, TDX_TD_PARAMS_XFAM_OFFSET, &config->xfam, 8);
	put(params, TDX_TD_PARAMS_MAX_VCPUS_OFFSET, &config->max_vcpus, 2);
	put(params, TDX_TD_PARAMS_NUM_L2_VMS_OFFSET, &config->l2_vms, 1);
	put(params, TDX_TD_PARAMS_EPTP_CONTROLS_OFFSET, &eptp, 4);
	put(params, TDX_TD_PARAMS_CONFIG_FLAGS_OFFSET, &config->config_flags, 8);
	put(params, TDX_TD_PARAMS_TSC_FREQUENCY_OFFSET, &tsc, 2);
}

/* Which of the module's configurable leaves it is: their order is that of TD_PARAMS. */
static int find_leaf(const struct td_cpuid *cpuid, uint64_t *index, struct vmm_error *err)
{
	uint64_t wanted = cpuid->leaf | (uint64_t)cpuid->subleaf << 32, count = 0, leaf = 0;

	if (host_read_field(TDX_MD_SYS_NUM_CPUID_CONFIG, &count, err))
		return -1;
	for (*index = 0; *index < count; ++*index) {
		if (host_read_field(TDX_MD_SYS_CPUID_CONFIG_LEAVES + *index, &leaf, err))
			return -1;
		if (leaf == wanted)
			return 0;
	}
	return vmm_fail(err, "CPUID leaf 0x%x, sub-leaf 0x%x: the module lets no host choose it",
			cpuid->leaf, cpuid->subleaf);
}

static int put_cpuid(uint8_t *params, const struct td_config *config, struct vmm_error *err)
{
	for (unsigned i = 0; i < config->cpuids; i++) {
		const struct td_cpuid *c = &config->cpuid[i];
		uint64_t index;

		if (find_leaf(c, &index, err))
			return -1;
		put(params, TDX_TD_PARAMS_CPUID_CONFIG_VALS_OFFSET + 16 * index, &c->eax, 16);
	}
	return 0;
}

static int initialize(struct vmm_td *td, const struct td_config *config, struct vmm_error *err)
{
	uint8_t params[TDX_TD_PARAMS_SIZE];
	tdx_status_t status;

	fill_params(params, config);
	if (put_cpuid(params, config, err))
		return -1;
	host_write(td->host, td->staging, params, sizeof(params));
	status = host_call(tdh_mng_init(tdx_tdr(td->tdr), tdx_shared_hpa(td->staging), NULL));
	return td_call_failed("TDH.MNG.INIT", status, err);
}

int td_create(struct vmm_td *td, struct vmm_host *host, const struct td_config *config,
	      struct vmm_error *err)
{
	memset(td, 0, sizeof(*td));
	td->host = host;
	td->tdr = VMM_NO_FRAME;
	td->hkid = host_take_hkid(host);
	td->owner = (uint16_t)(FRAME_TD + td->hkid);
	td->staging = host_new_page(host);
	td->tdvps_pages = host->tdvps_pages + config->l2_vms * host->tdvps_pages_l2;
	pthread_mutex_init(&td->sept.lock, NULL);
	td->sept.levels = ept_levels(config);
	if (!td->hkid)
		return vmm_fail(err, "no private key id left");
	if (td->staging == VMM_NO_FRAME)
		return vmm_fail(err, "no host page left");
	if (create(td, err) || configure_key(td, err))
		return -1;
	for (unsigned i = 0; i < host->tdcs_pages + config->l2_vms * host->tdcs_pages_l2; i++) {
		if (add_tdcs_page(td, err))
			return -1;
	}
	return initialize(td, config, err);
}

static int create_vcpu(struct vmm_td *td, struct td_vcpu *vcpu, struct vmm_error *err)
{
	tdx_status_t status;

	vcpu->lp = -1;
	vcpu->tdvpr = td_new_frame(td, VMM_LEVEL_4K, err);
	if (vcpu->tdvpr == VMM_NO_FRAME)
		return -1;
	status = host_call(tdh_vp_create(tdx_tdvpr(vcpu->tdvpr), tdx_tdr(td->tdr)));
	if (!tdx_status_ok(status))
		vmm_frames_release(&td->host->frames, vcpu->tdvpr);
	return td_call_failed("TDH.VP.CREATE", status, err);
}

static int add_vcpu_page(struct vmm_td *td, struct td_vcpu *vcpu, struct vmm_error *err)
{
	uint64_t page = td_new_frame(td, VMM_LEVEL_4K, err);
	tdx_status_t status;

	if (page == VMM_NO_FRAME)
		return -1;
	status = host_call(tdh_vp_addcx(tdx_hpa(page), tdx_tdvpr(vcpu->tdvpr)));
	if (!tdx_status_ok(status))
		vmm_frames_release(&td->host->frames, page);
	return td_call_failed("TDH.VP.ADDCX", status, err);
}

int td_add_vcpu(struct vmm_td *td, uint64_t rcx, struct vmm_error *err)
{
	struct td_vcpu *vcpu = &td->vcpu[td->vcpus];
	tdx_status_t status;

	if (td->vcpus == TD_MAX_VCPUS)
		return vmm_fail(err, "a TD of this VMM has at most %u vCPUs", TD_MAX_VCPUS);
	if (create_vcpu(td, vcpu, err))
		return -1;
	td->vcpus++;
	for (unsigned i = 1; i < td->tdvps_pages; i++) {
		if (add_vcpu_page(td, vcpu, err))
			return -1;
	}
	status = host_call(tdh_vp_init(tdx_tdvpr(vcpu->tdvpr), rcx));
	if (tdx_status_ok(status))
		vcpu->lp = (int)seamless_lp_number();
	return td_call_failed("TDH.VP.INIT", status, err);
}

int td_write_vcpu_field(struct vmm_td *td, unsigned index, uint64_t field, uint64_t value,
			uint64_t mask, struct vmm_error *err)
{
	tdx_status_t status = host_call(tdh_vp_wr(tdx_tdvpr(td->vcpu[index].tdvpr),
						  tdx_field(field), value, tdx_mask(mask), NULL));

	return td_call_failed("TDH.VP.WR", status, err);
}

int td_set_shared_ept(struct vmm_td *td, unsigned index, uint64_t root, struct vmm_error *err)
{
	return td_write_vcpu_field(td, index, TDX_MD_VMCS_SHARED_EPTP, root, UINT64_MAX, err);
}

int td_flush_vcpu(struct vmm_td *td, unsigned index, struct vmm_error *err)
{
	struct td_vcpu *vcpu = &td->vcpu[index];
	tdx_status_t status;

	if (vcpu->lp < 0)
		return 0;
	status = host_call(tdh_vp_flush(tdx_tdvpr(vcpu->tdvpr)));
	if (tdx_status_is(status, TDX_VCPU_NOT_ASSOCIATED))
		status = (tdx_status_t){ TDX_SUCCESS };
	if (tdx_status_ok(status))
		vcpu->lp = -1;
	return td_call_failed("TDH.VP.FLUSH", status, err);
}

int td_read_field(struct vmm_td *td, uint64_t field, uint64_t *value, struct vmm_error *err)
{
	tdx_status_t status = host_call(tdh_mng_rd(tdx_tdr(td->tdr), tdx_field(field), value));

	return td_call_failed("TDH.MNG.RD", status, err);
}

static int read_mrtd(struct vmm_td *td, uint8_t mrtd[TD_MRTD_SIZE], struct vmm_error *err)
{
	for (unsigned i = 0; i < TD_MRTD_SIZE / 8; i++) {
		uint64_t part = 0;

		if (td_read_field(td, TDX_MD_TD_MRTD + i, &part, err))
			return -1;
		memcpy(mrtd + 8 * i, &part, 8);
	}
	return 0;
}

int td_finalize(struct vmm_td *td, uint8_t mrtd[TD_MRTD_SIZE], struct vmm_error *err)
{
	tdx_status_t status = host_call(tdh_mr_finalize(tdx_tdr(td->tdr)));

	if (!tdx_status_ok(status))
		return vmm_fail_call(err, "TDH.MR.FINALIZE", status);
	return read_mrtd(td, mrtd, err);
}
