// SPDX-License-Identifier: MIT
/*
 * TDH.SYS.INFO: TDSYSINFO and the convertible memory ranges, as TDX modules before TDH.SYS.RD told them.
 */
#include <string.h>
#include "gen/checks.h"
#include "module/cpuid.h"
#include "module/metadata.h"
#include "module/state.h"
#include "module/version.h"
#include "platform/platform.h"


/* Fields by their offset in TDSYSINFO; integers of a size. */
struct sysinfo_field {
	uint16_t offset;
	uint8_t size;
	uint64_t value;
};

static const struct sysinfo_field fixed_fields[] = {
	{ TDSYSINFO_VENDOR_ID_OFFSET, 4, MODULE_VENDOR },
	{ TDSYSINFO_BUILD_DATE_OFFSET, 4, MODULE_BUILD_DATE },
	{ TDSYSINFO_BUILD_NUM_OFFSET, 2, MODULE_BUILD_NUM },
	{ TDSYSINFO_MINOR_VERSION_OFFSET, 2, MODULE_MINOR },
	{ TDSYSINFO_MAJOR_VERSION_OFFSET, 2, MODULE_MAJOR },
	{ TDSYSINFO_SYS_RD_OFFSET, 1, 1 },
	{ TDSYSINFO_MAX_TDMRS_OFFSET, 2, MAX_TDMRS },
	{ TDSYSINFO_MAX_RESERVED_PER_TDMR_OFFSET, 2, MAX_RSVD_AREAS },
	{ TDSYSINFO_PAMT_ENTRY_SIZE_OFFSET, 2, sizeof(struct pamt_entry) },
	{ TDSYSINFO_TDCS_BASE_SIZE_OFFSET, 2, TDCX_MIN * PAGE_BYTES },
	{ TDSYSINFO_TDVPS_BASE_SIZE_OFFSET, 2, TDVPS_MIN * PAGE_BYTES },
	{ TDSYSINFO_ATTRIBUTES_FIXED0_OFFSET, 8, TD_ATTR_ALLOWED },
	{ TDSYSINFO_XFAM_FIXED1_OFFSET, 8, XFAM_FIXED1 },
	{ TDSYSINFO_NUM_CPUID_CONFIG_OFFSET, 4, CPUID_NUM_CONFIGURABLE },
};

uint64_t sys_info_clear(struct call *c)
{
	void *info = shared_out(c, c->in[GPR_RCX], TDSYSINFO_SIZE);

	if (!info)
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "there is no memory at %x for TDSYSINFO_STRUCT", c->in[GPR_RCX]);
	memset(info, 0, TDSYSINFO_SIZE);
	return 0;
}

/* Leaf, sub-leaf and the bits that the host can set: any value of some, of others what the processor has. */
static void put_cpuid_config(const struct module *m, uint8_t *list)
{
	for (size_t i = 0; i < cpuid_rules_len; i++) {
		const struct cpuid_rule *r = &cpuid_rules[i];
		const uint32_t *direct = &r->direct.eax, *allow = &r->allow.eax;
		uint32_t entry[2 + CPUID_REGS] = { r->leaf, r->subleaf };

		if (r->config_index == CPUID_NOT_CONFIGURABLE)
			continue;
		for (unsigned k = 0; k < CPUID_REGS; k++)
			entry[2 + k] = direct[k] | (allow[k] & m->cpuid_verified[i][k]);
		memcpy(list + r->config_index * sizeof(entry), entry, sizeof(entry));
	}
}

uint64_t tdh_sys_info(struct call *c)
{
	const struct platform_config *cfg = &c->m->plat->config;
	uint8_t *info = shared_out(c, c->in[GPR_RCX], TDSYSINFO_SIZE);
	uint8_t *cmrs = shared_out(c, c->in[GPR_R8], MAX_CMRS * CMR_INFO_SIZE);

	for (size_t i = 0; i < sizeof(fixed_fields) / sizeof(fixed_fields[0]); i++)
		md_store(info + fixed_fields[i].offset, fixed_fields[i].size, fixed_fields[i].value);
	md_store(info + TDSYSINFO_XFAM_FIXED0_OFFSET, 8, xfam_allowed(c->m));
	put_cpuid_config(c->m, info + TDSYSINFO_CPUID_CONFIG_LIST_OFFSET);
	for (unsigned i = 0; i < MAX_CMRS; i++) {
		md_store(cmrs + i * CMR_INFO_SIZE, 8, i < cfg->n_cmr ? cfg->cmr[i].base : 0);
		md_store(cmrs + i * CMR_INFO_SIZE + 8, 8, i < cfg->n_cmr ? cfg->cmr[i].size : 0);
	}
	c->regs->gpr[GPR_RDX] = TDSYSINFO_SIZE;
	c->regs->gpr[GPR_R9] = MAX_CMRS;
	return TDX_SUCCESS;
}
