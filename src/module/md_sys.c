// SPDX-License-Identifier: MIT
/*
 * Metadata of the module itself: what it is, what the platform has, what a TD can be configured to. All read-only.
 */
#include "module/cpuid.h"
#include "module/metadata.h"
#include "module/state.h"
#include "module/version.h"
#include "platform/platform.h"

#define CONST(index, v) [MD_SYS_##index] = (v)

/* Fields that are the same on every platform. */
static const uint64_t constant[MD_SYS_LEN] = {
	CONST(VENDOR_ID, MODULE_VENDOR),
	CONST(BUILD_DATE, MODULE_BUILD_DATE),
	CONST(BUILD_NUM, MODULE_BUILD_NUM),
	CONST(MINOR_VERSION, MODULE_MINOR),
	CONST(MAJOR_VERSION, MODULE_MAJOR),
	CONST(UPDATE_VERSION, MODULE_UPDATE),
	CONST(INTERNAL_VERSION, MODULE_INTERNAL),
	CONST(NUM_TDX_FEATURES, 1),
	CONST(TDX_FEATURES0, MODULE_FEATURES0),
	CONST(NUM_CMRS, MAX_CMRS),
	CONST(MAX_TDMRS, MAX_TDMRS),
	CONST(MAX_RESERVED_PER_TDMR, MAX_RSVD_AREAS),
	CONST(PAMT_4K_ENTRY_SIZE, sizeof(struct pamt_entry)),
	CONST(PAMT_2M_ENTRY_SIZE, sizeof(struct pamt_entry)),
	CONST(PAMT_1G_ENTRY_SIZE, sizeof(struct pamt_entry)),
	CONST(TDR_BASE_SIZE, PAGE_BYTES),
	CONST(TDCS_BASE_SIZE, TDCX_MIN * PAGE_BYTES),
	CONST(TDCS_SIZE_PER_L2_VM, PAGE_BYTES),
	CONST(TDVPS_BASE_SIZE, TDVPS_MIN * PAGE_BYTES),
	CONST(TDVPS_SIZE_PER_L2_VM, TDVPS_PAGES_PER_L2 * PAGE_BYTES),
	CONST(ATTRIBUTES_FIXED0, TD_ATTR_ALLOWED),
	CONST(XFAM_FIXED1, XFAM_X87_SSE),
	CONST(NUM_CPUID_CONFIG, CPUID_NUM_CONFIGURABLE),
	CONST(CONFIG_FLAGS_FIXED0, TD_CONFIG_ALLOWED),
	CONST(IA32_ARCH_CAPABILITIES_CONFIG_MASK, ARCH_CAP_CONFIGURABLE),
	CONST(MAX_MIGS, 512),
	CONST(NUM_IMMUTABLE_STATE_PAGES, 3),
	CONST(NUM_TD_STATE_PAGES, 2),
	CONST(NUM_VP_STATE_PAGES, 5),
	CONST(MAX_SERV_TDS, 1),
	CONST(SERVTD_ATTR_FIXED0, SERVTD_ATTR_ALLOWED),
	CONST(GUEST_L2_GPA_ATTR_MASK, 0x807f),
	CONST(VM_CTLS_FIXED0, 1),
	CONST(VPCU_L2_CTLS_FIXED0, 3),
	CONST(VPCU_L2_DEBUG_CTLS_FIXED0, 7),
};

static const struct cpuid_rule *configurable(unsigned number)
{
	for (size_t i = 0; i < cpuid_rules_len; i++)
		if (cpuid_rules[i].config_index == number)
			return &cpuid_rules[i];
	return NULL;
}

static uint64_t config_leaf(unsigned number)
{
	const struct cpuid_rule *r = configurable(number);

	return r ? r->leaf | (uint64_t)r->subleaf << 32 : UINT64_MAX;
}

static uint64_t config_bits(unsigned number, unsigned element)
{
	const struct cpuid_rule *r = configurable(number);

	if (!r)
		return 0;
	return element ? r->direct.ecx | (uint64_t)r->direct.edx << 32
		       : r->direct.eax | (uint64_t)r->direct.ebx << 32;
}

static uint64_t platform_field(const struct module *m, unsigned index, unsigned number)
{
	const struct platform_config *cfg = &m->plat->config;

	switch (index) {
	case MD_SYS_NUM_PKGS: return cfg->packages;
	case MD_SYS_PKG_FMS: return number < cfg->packages ? cfg->loader.fms : 0;
	case MD_SYS_MODULE_HV: return cfg->loader.module_hv;
	case MD_SYS_MIN_UPDATE_HV: return cfg->loader.min_update_hv;
	case MD_SYS_NO_DOWNGRADE: return cfg->loader.no_downgrade;
	case MD_SYS_NUM_HANDOFF_PAGES: return cfg->loader.handoff_pages;
	case MD_SYS_CMR_BASE: return number < cfg->n_cmr ? cfg->cmr[number].base : 0;
	default: return number < cfg->n_cmr ? cfg->cmr[number].size : 0;
	}
}

/* The head of the handoff area: valid 7:0, version 31:16, size 63:32. */
static uint64_t handoff_field(const struct module *m, unsigned index)
{
	uint64_t head = md_load(platform_handoff(m->plat), 8);

	if (index == MD_SYS_HANDOFF_DATA_VALID)
		return head & 0xff;
	return index == MD_SYS_HANDOFF_DATA_HV ? head >> 16 & 0xffff : head >> 32;
}

static uint64_t config_field(const struct module *m, unsigned index, unsigned number, unsigned element)
{
	switch (index) {
	case MD_SYS_XFAM_FIXED0: return xfam_allowed(m);
	case MD_SYS_CPUID_CONFIG_LEAVES: return config_leaf(number);
	case MD_SYS_CPUID_CONFIG_VALUES: return config_bits(number, element);
	case MD_SYS_NUM_ALLOWED_FMS: return fms_num_allowed(m);
	default: return fms_allowed(m, number);
	}
}

uint64_t md_sys_get(const struct md_access *a, struct md_element *e)
{
	unsigned index = (unsigned)(e->field - md_sys);
	unsigned position = md_code(e->id) - e->field->code;
	unsigned number = position / e->field->elements, element = position % e->field->elements;

	switch (index) {
	case MD_SYS_NUM_PKGS:
	case MD_SYS_PKG_FMS:
	case MD_SYS_MODULE_HV:
	case MD_SYS_MIN_UPDATE_HV:
	case MD_SYS_NO_DOWNGRADE:
	case MD_SYS_NUM_HANDOFF_PAGES:
	case MD_SYS_CMR_BASE:
	case MD_SYS_CMR_SIZE:
		e->value = platform_field(a->c->m, index, number);
		break;
	case MD_SYS_HANDOFF_DATA_VALID:
	case MD_SYS_HANDOFF_DATA_HV:
	case MD_SYS_HANDOFF_DATA_SIZE:
		e->value = handoff_field(a->c->m, index);
		break;
	case MD_SYS_XFAM_FIXED0:
	case MD_SYS_CPUID_CONFIG_LEAVES:
	case MD_SYS_CPUID_CONFIG_VALUES:
	case MD_SYS_NUM_ALLOWED_FMS:
	case MD_SYS_ALLOWED_FMS:
		e->value = config_field(a->c->m, index, number, element);
		break;
	default:
		e->value = constant[index];
		break;
	}
	return 0;
}
