// SPDX-License-Identifier: MIT
/*
 * Module instances: creation, the loader's replacement, and the way to physical memory.
 */
#include "module/module.h"
#include "module/state.h"
#include "platform/platform.h"

#include <stdlib.h>
#include <string.h>

struct module *module_create(struct platform *p)
{
	struct module *m = calloc(1, sizeof(*m));

	if (m) {
		m->plat = p;
		module_reload(m);
	}
	return m;
}

void module_destroy(struct module *m)
{
	if (m)
		vmx_release(&m->processors);
	free(m);
}

void module_reload(struct module *m)
{
	const struct vmx_lps processors = m->processors;
	struct platform *p = m->plat;

	vmx_reset(&m->processors);
	memset(m, 0, sizeof(*m));
	m->processors = processors;
	m->plat = m->processors.platform = p;
	m->num_lps = p->config.lps;
	m->num_pkgs = p->config.packages;
	m->max_pa_bits = p->config.maxpa;
	for (unsigned i = 0; i < m->num_lps; i++)
		m->lp[i].pkg = platform_lp_package(p, i);
}

int module_in_guest(const struct module *m, unsigned lp)
{
	return m->lp[lp].guest.running;
}
