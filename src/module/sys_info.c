// SPDX-License-Identifier: MIT
/*
 * TDH.SYS.INFO: what the module is and which memory is convertible, in two buffers of the host.
 */
#include "gen/checks.h"
#include "module/metadata.h"
#include "module/state.h"
#include "platform/platform.h"

#include <string.h>

#define TDSYSINFO_BYTES 1024u
#define TDSYSINFO_CPUID 132u

uint64_t sys_info_size(struct call *c)
{
	if (c->in[GPR_RDX] < TDSYSINFO_BYTES)
		return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "RDX: a buffer of %u bytes is too small, TDSYSINFO has %u",
			    c->in[GPR_RDX], TDSYSINFO_BYTES);
	return TDX_SUCCESS;
}

uint64_t sys_info_cmrs(struct call *c)
{
	if (c->in[GPR_R9] < MAX_CMRS)
		return fail(c, TDX_OPERAND_INVALID | GPR_R9, "R9: room for %u CMRs is too little, there may be %u",
			    c->in[GPR_R9], MAX_CMRS);
	return TDX_SUCCESS;
}

/* TDSYSINFO as fields of the metadata: where each stands. */
static const struct {
	uint16_t offset;
	uint8_t size;
	uint64_t id;
} info_fields[] = {
	{ 4, 4, MD_SYS_VENDOR_ID }, { 8, 4, MD_SYS_BUILD_DATE }, { 12, 2, MD_SYS_BUILD_NUM },
	{ 14, 2, MD_SYS_MINOR_VERSION }, { 16, 2, MD_SYS_MAJOR_VERSION }, { 32, 2, MD_SYS_MAX_TDMRS },
	{ 34, 2, MD_SYS_MAX_RESERVED_PER_TDMR }, { 36, 2, MD_SYS_PAMT_4K_ENTRY_SIZE },
	{ 48, 2, MD_SYS_TDCS_BASE_SIZE }, { 52, 2, MD_SYS_TDVPS_BASE_SIZE },
	{ 64, 8, MD_SYS_ATTRIBUTES_FIXED0 }, { 72, 8, MD_SYS_ATTRIBUTES_FIXED1 }, { 80, 8, MD_SYS_XFAM_FIXED0 },
	{ 88, 8, MD_SYS_XFAM_FIXED1 }, { 128, 2, MD_SYS_NUM_CPUID_CONFIG },
};

static void info_cpuid(uint8_t *info)
{
	for (size_t i = 0; i < cpuid_rules_len; i++) {
		const struct cpuid_rule *r = &cpuid_rules[i];
		const struct cpuid_bits *d = &r->direct, *a = &r->allow;
		const uint32_t entry[6] = { r->leaf, r->subleaf, d->eax | a->eax, d->ebx | a->ebx, d->ecx | a->ecx,
					    d->edx | a->edx };

		if (r->config_index != CPUID_NOT_CONFIGURABLE)
			memcpy(info + TDSYSINFO_CPUID + r->config_index * sizeof(entry), entry, sizeof(entry));
	}
}

uint64_t tdh_sys_info(struct call *c)
{
	const struct platform_config *cfg = &c->m->plat->config;
	const struct md_access a = { .c = c, .ctx = MD_SYS, .reader = MD_BY_HOST };
	uint8_t *info = shared_out(c, c->in[GPR_RCX], TDSYSINFO_BYTES);
	struct mem_range *cmr = shared_out(c, c->in[GPR_R8], MAX_CMRS * sizeof(*cmr));
	uint64_t value;

	if (info) {
		memset(info, 0, TDSYSINFO_BYTES);
		info[18] = 1; /* TDH.SYS.RD is there */
		for (unsigned i = 0; i < sizeof(info_fields) / sizeof(info_fields[0]); i++) {
			if (!md_read(&a, info_fields[i].id, &value))
				memcpy(info + info_fields[i].offset, &value, info_fields[i].size);
		}
		info_cpuid(info);
	}
	if (cmr) {
		memset(cmr, 0, MAX_CMRS * sizeof(*cmr));
		memcpy(cmr, cfg->cmr, cfg->n_cmr * sizeof(*cmr));
	}
	c->regs->gpr[GPR_RDX] = TDSYSINFO_BYTES;
	c->regs->gpr[GPR_R9] = MAX_CMRS;
	return TDX_SUCCESS;
}
