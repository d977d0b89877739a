// SPDX-License-Identifier: MIT
/*
 * Metadata of the module itself: what it is, what the platform has, what a TD can be configured to. All read-only; the
 * values are a table (abi/values.abi), and here is what that takes from lists.
 */
#include "gen/values.h"
#include "module/metadata.h"
#include "module/state.h"
#include "platform/platform.h"

static const struct cpuid_rule *configurable(unsigned number)
{
	for (size_t i = 0; i < cpuid_rules_len; i++)
		if (cpuid_rules[i].config_index == number)
			return &cpuid_rules[i];
	return NULL;
}

uint64_t cpuid_config_leaf(unsigned number)
{
	const struct cpuid_rule *r = configurable(number);

	return r ? r->leaf | (uint64_t)r->subleaf << 32 : UINT64_MAX;
}

uint64_t cpuid_config_bits(unsigned number, unsigned element)
{
	const struct cpuid_rule *r = configurable(number);

	if (!r)
		return 0;
	return element ? r->direct.ecx | (uint64_t)r->direct.edx << 32
		       : r->direct.eax | (uint64_t)r->direct.ebx << 32;
}

uint64_t sys_package_fms(const struct module *m, unsigned number)
{
	return number < m->plat->config.packages ? m->plat->config.loader.fms : 0;
}

uint64_t sys_cmr_base(const struct module *m, unsigned number)
{
	return number < m->plat->config.n_cmr ? m->plat->config.cmr[number].base : 0;
}

uint64_t sys_cmr_size(const struct module *m, unsigned number)
{
	return number < m->plat->config.n_cmr ? m->plat->config.cmr[number].size : 0;
}

uint64_t sys_handoff_head(const struct module *m)
{
	return word_load(platform_handoff(m->plat), 8);
}

uint64_t md_sys_get(const struct md_access *a, struct md_element *e)
{
	unsigned position = md_code(e->id) - e->field->code;

	e->value = md_sys_value(a->c, (unsigned)(e->field - md_sys), position / e->field->elements,
				position % e->field->elements);
	return 0;
}
