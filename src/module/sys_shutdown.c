// SPDX-License-Identifier: MIT
/*
 * TDH.SYS.SHUTDOWN and UPDATE: one module makes room for the next while TDs stay in memory.
 */
#include "gen/checks.h"
#include "module/handoff.h"
#include "platform/platform.h"

#include <string.h>

#define HANDOFF_MAGIC 0x46464f444e414853ull /* "SHANDOFF" */

static uint64_t kot_bytes(const struct module *m)
{
	return m->plat->config.max_hkids * sizeof(struct kot_entry);
}

static uint64_t data_size(const struct module *m)
{
	return sizeof(struct handoff) + kot_bytes(m);
}

struct handoff *handoff_area(const struct module *m)
{
	uint64_t size = (uint64_t)m->plat->config.loader.handoff_pages * PAGE_BYTES;

	return size >= data_size(m) ? platform_handoff(m->plat) : NULL;
}

const struct handoff *handoff_data(const struct module *m)
{
	const struct handoff *h = handoff_area(m);

	if (!h || h->magic != HANDOFF_MAGIC || !h->valid || h->size != HANDOFF_BYTES ||
	    h->version != HANDOFF_VERSION || h->num_tdmrs > MAX_TDMRS || h->global_hkid >= m->hkid_end)
		return NULL;
	return h;
}

/* ---- TDH.SYS.SHUTDOWN ---- */

/* Nobody new gets in once the state says so; whoever is inside then sends us back. */
static uint64_t shut_out_others(struct call *c)
{
	struct module *m = c->m;

	__atomic_store_n(&m->sys_state, SYS_STATE_SHUTDOWN, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < m->num_lps; i++) {
		if (i == c->lp_id || !__atomic_load_n(&m->lp[i].in_module, __ATOMIC_SEQ_CST))
			continue;
		__atomic_store_n(&m->sys_state, SYS_STATE_READY, __ATOMIC_SEQ_CST);
		return fail(c, TDX_SYS_BUSY, "logical processor %u is inside the module or a guest", i);
	}
	return TDX_SUCCESS;
}

uint64_t tdh_sys_shutdown(struct call *c)
{
	struct module *m = c->m;
	struct handoff *h = handoff_area(m);
	uint64_t st = shut_out_others(c);

	if (st)
		return st;
	memset(h, 0, data_size(m));
	h->magic = HANDOFF_MAGIC;
	h->version = HANDOFF_VERSION;
	h->size = HANDOFF_BYTES;
	h->num_tdmrs = m->num_tdmrs;
	h->global_hkid = m->global_hkid;
	h->global_key_pkgs = m->global_key_pkgs;
	memcpy(h->tdmr, m->tdmr, sizeof(h->tdmr));
	memcpy(h->wbcache, m->wbcache, sizeof(h->wbcache));
	memcpy(h->kot, m->kot, kot_bytes(m));
	h->valid = 1;
	return TDX_SUCCESS;
}

/* ---- TDH.SYS.UPDATE ---- */

void tdh_sys_update(struct call *c)
{
	struct module *m = c->m;
	struct handoff *h = handoff_area(m);

	m->num_tdmrs = h->num_tdmrs;
	m->global_hkid = h->global_hkid;
	m->global_key_pkgs = h->global_key_pkgs;
	memcpy(m->tdmr, h->tdmr, sizeof(m->tdmr));
	memcpy(m->wbcache, h->wbcache, sizeof(m->wbcache));
	memcpy(m->kot, h->kot, kot_bytes(m));
	memset(h, 0, data_size(m));
	__atomic_store_n(&m->sys_state, SYS_STATE_READY, __ATOMIC_RELEASE);
}
