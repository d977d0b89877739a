// SPDX-License-Identifier: MIT
/*
 * Everything of a machine but its memory: fields of the platform and the module by table,
 * processors one by one.
 */
#include <string.h>

#include "snapshot/internal.h"

/* A field that is saved as it is. */
struct field {
	const char *name;
	size_t offset, size;
};

#define FIELD(type, member)                                                                        \
	{                                                                                          \
#member, offsetof(struct type, member), sizeof(((struct type *)0)->member)         \
	}

/* Not here: the configuration and what follows from it; time, of which only the value counts. */
static const struct field platform_fields[] = {
	FIELD(platform, mem.secret),   FIELD(platform, mem.destroyed),
	FIELD(platform, mem.events),   FIELD(platform, override),
	FIELD(platform, n_override),   FIELD(platform, interrupt),
	FIELD(platform, kicked),       FIELD(platform, entropy),
	FIELD(platform, random_count), FIELD(platform, pconfig_code),
	FIELD(platform, quantum),      FIELD(platform, report_key),
};

/* Not here: plat, processors, and lp, which holds pointers. */
static const struct field module_fields[] = {
	FIELD(module, global_lock),
	FIELD(module, sys_state),
	FIELD(module, dead),
	FIELD(module, num_lps),
	FIELD(module, num_pkgs),
	FIELD(module, lps_inited),
	FIELD(module, max_pa_bits),
	FIELD(module, pkg_shift),
	FIELD(module, l3_sharing),
	FIELD(module, cpuid_last),
	FIELD(module, common_msr),
	FIELD(module, hkid_shift),
	FIELD(module, hkid_first),
	FIELD(module, hkid_end),
	FIELD(module, seamrr_base),
	FIELD(module, seamrr_size),
	FIELD(module, tsc_adjust),
	FIELD(module, tsc_hz),
	FIELD(module, arch_capabilities),
	FIELD(module, perf_capabilities),
	FIELD(module, fms),
	FIELD(module, vmx),
	FIELD(module, cpuid_verified),
	FIELD(module, num_tdmrs),
	FIELD(module, tdmr),
	FIELD(module, global_hkid),
	FIELD(module, global_key_pkgs),
	FIELD(module, kot_lock),
	FIELD(module, kot),
	FIELD(module, ket_lock),
	FIELD(module, wbcache),
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* After the fields of the platform. */
struct saved_time {
	uint64_t tsc, event_ticks;
};

static uint64_t fields_size(const struct field *f, size_t n)
{
	uint64_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += f[i].size;
	return size;
}

static uint8_t *fields_save(uint8_t *to, const struct field *f, size_t n, const void *from)
{
	for (size_t i = 0; i < n; to += f[i].size, i++)
		memcpy(to, (const char *)from + f[i].offset, f[i].size);
	return to;
}

static const uint8_t *fields_apply(const uint8_t *from, const struct field *f, size_t n, void *to)
{
	for (size_t i = 0; i < n; from += f[i].size, i++)
		memcpy((char *)to + f[i].offset, from, f[i].size);
	return from;
}

static uint64_t fields_layout(uint64_t hash, const struct field *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		hash = mem_fnv1a(hash, f[i].name, strlen(f[i].name));
		hash = mem_fnv1a(hash, &f[i].size, sizeof(f[i].size));
	}
	return hash;
}

uint64_t saved_layout(void)
{
	const size_t structs[] = { sizeof(struct lp_msrs), sizeof(struct saved_time),
				   sizeof(struct saved_lp), sizeof(struct lp_step) };
	uint64_t hash = mem_fnv1a(MEM_FNV_BASIS, structs, sizeof(structs));

	hash = fields_layout(hash, platform_fields, COUNT(platform_fields));
	return fields_layout(hash, module_fields, COUNT(module_fields));
}

uint64_t saved_size(enum snapshot_part part, const struct platform_config *config)
{
	switch (part) {
	case PART_PLATFORM:
		return fields_size(platform_fields, COUNT(platform_fields)) +
		       sizeof(struct saved_time);
	case PART_MSRS: return config->lps * sizeof(struct lp_msrs);
	case PART_HANDOFF: return (uint64_t)config->loader.handoff_pages * MEM_PAGE;
	case PART_MODULE: return fields_size(module_fields, COUNT(module_fields));
	case PART_LPS: return config->lps * sizeof(struct saved_lp);
	default: return 0;
	}
}

/* ---- processors ---- */

static uint64_t pa_of(const struct memory *m, const void *at)
{
	return (uint64_t)((const uint8_t *)at - m->base);
}

static void save_guest(const struct memory *mem, const struct lp_guest *g, struct saved_lp *to)
{
	to->td_pa = g->td.pa;
	to->tdcs_pa = pa_of(mem, g->td.tdcs);
	to->vp_pa = g->vp.pa;
	to->host_rsp = g->host_rsp;
	to->host_rbp = g->host_rbp;
	to->vm = g->vm;
	to->fresh = g->fresh;
	to->held = g->held.count;
	for (unsigned i = 0; i < g->held.count; i++) {
		const struct held *h = &g->held.lock[i];

		to->lock[i] = (struct saved_lock){ pa_of(mem, h->lock), h->kind, h->mode };
	}
}

static void save_lp(const struct memory *mem, const struct lp *l, struct saved_lp *to)
{
	memset(to, 0, sizeof(*to));
	to->step = l->step;
	to->pkg = l->pkg;
	to->init_done = l->init_done;
	to->in_module = l->in_module;
	to->running = l->guest.running;
	to->stale_tlb = l->guest.stale_tlb;
	to->last_tdvpr = l->guest.last_tdvpr;
	if (l->guest.running)
		save_guest(mem, &l->guest, to);
}

static void apply_guest(const struct memory *mem, const struct saved_lp *from, struct lp_guest *g)
{
	g->td.pa = from->td_pa;
	g->td.tdr = (void *)(mem->base + from->td_pa);
	g->td.tdcs = (void *)(mem->base + from->tdcs_pa);
	g->vp.pa = from->vp_pa;
	g->vp.vps = (void *)(mem->base + from->vp_pa);
	g->destroyed_seen = UINT64_MAX; /* not looked at yet */
	g->host_rsp = from->host_rsp;
	g->host_rbp = from->host_rbp;
	g->vm = from->vm;
	g->fresh = from->fresh;
	g->held.count = from->held;
	for (unsigned i = 0; i < from->held; i++)
		g->held.lock[i] =
			(struct held){ mem->base + from->lock[i].pa, (uint8_t)from->lock[i].kind,
				       (uint8_t)from->lock[i].mode };
}

/* Interpreters start anew, so whatever runs next must not trust cached translations. */
static void apply_lp(const struct memory *mem, const struct saved_lp *from, struct lp *l)
{
	*l = (struct lp){ .step = from->step,
			  .pkg = from->pkg,
			  .init_done = from->init_done,
			  .in_module = from->in_module };
	l->guest.running = from->running;
	l->guest.stale_tlb = true;
	l->guest.last_tdvpr = from->last_tdvpr;
	if (from->running)
		apply_guest(mem, from, &l->guest);
}

bool saved_in_guest(const struct seamless_snapshot *s)
{
	const uint8_t *at = snapshot_part(s, PART_LPS);
	struct saved_lp l;

	for (uint64_t left = snapshot_part_len(s, PART_LPS); left; left -= sizeof(l)) {
		memcpy(&l, at, sizeof(l));
		if (l.running)
			return true;
		at += sizeof(l);
	}
	return false;
}

/* ---- all of it ---- */

void saved_save(const struct seamless_machine *m, const struct seamless_snapshot *s)
{
	const struct platform *p = m->platform;
	const struct saved_time time = { platform_tsc_now(p), atomic_load(&m->event_ticks) };
	uint8_t *at = fields_save(snapshot_part(s, PART_PLATFORM), platform_fields,
				  COUNT(platform_fields), p);
	struct saved_lp l;

	memcpy(at, &time, sizeof(time));
	memcpy(snapshot_part(s, PART_MSRS), p->msrs, snapshot_part_len(s, PART_MSRS));
	memcpy(snapshot_part(s, PART_HANDOFF), p->handoff, snapshot_part_len(s, PART_HANDOFF));
	fields_save(snapshot_part(s, PART_MODULE), module_fields, COUNT(module_fields), m->module);
	at = snapshot_part(s, PART_LPS);
	for (unsigned i = 0; i < p->config.lps; i++, at += sizeof(l)) {
		save_lp(&p->mem, &m->module->lp[i], &l);
		memcpy(at, &l, sizeof(l));
	}
}

void saved_apply(struct seamless_machine *m, const struct seamless_snapshot *s)
{
	struct platform *p = m->platform;
	const uint8_t *at = fields_apply(snapshot_part(s, PART_PLATFORM), platform_fields,
					 COUNT(platform_fields), p);
	struct saved_time time;
	struct saved_lp l;

	memcpy(&time, at, sizeof(time));
	platform_set_tsc(p, time.tsc);
	atomic_store(&m->event_ticks, time.event_ticks);
	memcpy(p->msrs, snapshot_part(s, PART_MSRS), snapshot_part_len(s, PART_MSRS));
	memcpy(p->handoff, snapshot_part(s, PART_HANDOFF), snapshot_part_len(s, PART_HANDOFF));
	module_reload(m->module);
	fields_apply(snapshot_part(s, PART_MODULE), module_fields, COUNT(module_fields), m->module);
	at = snapshot_part(s, PART_LPS);
	for (unsigned i = 0; i < p->config.lps; i++, at += sizeof(l)) {
		memcpy(&l, at, sizeof(l));
		apply_lp(&p->mem, &l, &m->module->lp[i]);
	}
}

/* ---- what the parts may say ---- */

static uint64_t find(const struct field *f, size_t n, const char *name)
{
	uint64_t at = 0;

	for (size_t i = 0; i < n && strcmp(f[i].name, name) != 0; i++)
		at += f[i].size;
	return at;
}

uint64_t saved_platform_offset(const char *name)
{
	return find(platform_fields, COUNT(platform_fields), name);
}

uint64_t saved_module_offset(const char *name)
{
	return find(module_fields, COUNT(module_fields), name);
}

void saved_fields(const struct seamless_snapshot *s, struct platform *platform,
		  struct module *module)
{
	fields_apply(snapshot_part(s, PART_PLATFORM), platform_fields, COUNT(platform_fields),
		     platform);
	fields_apply(snapshot_part(s, PART_MODULE), module_fields, COUNT(module_fields), module);
}
