// SPDX-License-Identifier: MIT
/*
 * TDH.SYS.INFO: TDSYSINFO and the convertible memory ranges, as TDX modules before TDH.SYS.RD told them.
 */
#include <string.h>
#include "gen/checks.h"
#include "gen/values.h"
#include "module/cpuid.h"
#include "module/metadata.h"
#include "module/state.h"

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

void tdh_sys_info(struct call *c)
{
	uint8_t *info = shared_out(c, c->in[GPR_RCX], TDSYSINFO_SIZE);
	uint8_t *cmrs = shared_out(c, c->in[GPR_R8], MAX_CMRS * CMR_INFO_SIZE);

	for (unsigned i = 0; i < NUM_SYSINFO_FIELDS; i++)
		word_store(info + sysinfo_fields[i].offset, sysinfo_fields[i].size,
			 md_sys_value(c, sysinfo_fields[i].index, 0, 0));
	word_store(info + TDSYSINFO_SYS_RD_OFFSET, 1, 1);
	put_cpuid_config(c->m, info + TDSYSINFO_CPUID_CONFIG_LIST_OFFSET);
	for (unsigned i = 0; i < MAX_CMRS; i++) {
		word_store(cmrs + i * CMR_INFO_SIZE, 8, sys_cmr_base(c->m, i));
		word_store(cmrs + i * CMR_INFO_SIZE + 8, 8, sys_cmr_size(c->m, i));
	}
	c->regs->gpr[GPR_RDX] = TDSYSINFO_SIZE;
	c->regs->gpr[GPR_R9] = MAX_CMRS;
}
